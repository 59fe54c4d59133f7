"""Text made from the JSON answers."""
