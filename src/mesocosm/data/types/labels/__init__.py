"""Types whose values are labels: yes or no, one of some values, several of them, one a word."""
