"""What a look at a source proves of its values, and what it proposes."""
