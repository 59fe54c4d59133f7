"""What is proposed to a person: changes of data, labels, classes, questions."""
