"""Commands of the test."""
