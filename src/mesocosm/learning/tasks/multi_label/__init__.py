"""Multi-label classification: a list."""
