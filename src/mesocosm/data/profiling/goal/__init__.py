"""What a goal in words asks of a table."""
