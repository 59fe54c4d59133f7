"""Commands by group, one file each."""
