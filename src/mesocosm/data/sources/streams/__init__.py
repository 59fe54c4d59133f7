"""Streams that grow."""
