"""Surges: one answer given far more often than before."""
