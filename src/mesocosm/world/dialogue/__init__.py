"""What a visitor's question is taken for."""
