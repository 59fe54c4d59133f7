"""Training: from a snapshot to a fitted version."""
