"""Expressions over columns: the methods of Ibis that are called here, and functions of Python."""
