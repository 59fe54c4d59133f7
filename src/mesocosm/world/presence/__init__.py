"""Who is in the world."""
