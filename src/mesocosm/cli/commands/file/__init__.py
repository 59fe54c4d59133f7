"""Commands that write or read ecosystem.yaml itself."""
