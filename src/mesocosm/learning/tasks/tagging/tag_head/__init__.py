"""What tags the parts of a text: states of a base, letters, spans known from training."""
