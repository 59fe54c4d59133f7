"""Delimited text files: encodings, dialects, headers and records."""
