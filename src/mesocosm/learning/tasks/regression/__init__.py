"""Regression: a number."""
