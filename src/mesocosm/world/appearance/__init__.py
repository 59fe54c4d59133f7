"""Styles of the world."""
