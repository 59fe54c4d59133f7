"""Drift of inputs: features tested, diagnosed and reviewed."""
