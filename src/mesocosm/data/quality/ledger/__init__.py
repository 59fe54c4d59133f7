"""The ledger of a build: which cells its steps changed, how many of each, and some of them."""
