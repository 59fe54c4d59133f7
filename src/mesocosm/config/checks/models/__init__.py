"""What a model's settings require of its dataset and base model: one subject a file."""
