"""Kinds that installed packages add, and the tables that hold them beside the built-in ones."""
