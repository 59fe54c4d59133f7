"""Errors found and repaired by learning, from a table and from rows that a person labels."""
