"""Snapshots and versions opened for other work."""
