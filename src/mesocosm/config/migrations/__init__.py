"""Earlier grammars of the file: their words, and how a file of theirs is rewritten."""
