"""Errors found and repaired by learning, from the table itself and from rows that a person labels."""
