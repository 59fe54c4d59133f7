"""Cross-reference checks of the file: one section a file."""
