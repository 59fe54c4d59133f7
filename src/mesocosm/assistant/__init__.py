"""Suggestions: a drafted file, its model, and changes that measurements support."""
