"""From raw rows to a snapshot, in the one documented order of steps."""
