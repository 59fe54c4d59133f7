"""What a model's settings must have in common with its dataset and base: one subject a file."""
