"""What training a version will cost: one file for each kind of work."""
