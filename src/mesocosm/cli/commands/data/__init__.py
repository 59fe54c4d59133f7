"""Commands of the data."""
