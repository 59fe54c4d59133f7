"""What growing a version will cost, told before the work: one file for each kind of work."""
