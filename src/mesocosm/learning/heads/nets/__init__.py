"""Heads that are small nets: trained by gradients, several at a time."""
