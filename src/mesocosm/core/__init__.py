"""What every room stands on: kinds, errors, prints, units, durations. Imports nothing of ours."""
