"""Units that sources mix up, and how numbers look where one is undone."""
