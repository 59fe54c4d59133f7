"""Worker processes of the gateway."""
