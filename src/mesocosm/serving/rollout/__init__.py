"""Rollouts: the next step, transitions and recalibration."""
