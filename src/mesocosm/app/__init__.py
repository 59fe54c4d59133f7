"""The ecosystem up: gateway, monitors, console and world from one file."""
