"""The command line: one command a file; text is printed from what `--json` gives."""
