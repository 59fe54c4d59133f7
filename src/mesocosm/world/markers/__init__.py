"""Markers that visitors put down."""
