"""Commands of the world."""
