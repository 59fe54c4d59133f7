"""Values as people write them: durations, thresholds, units, JSON."""
