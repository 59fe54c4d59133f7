"""Commands of the model."""
