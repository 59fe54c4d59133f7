"""Snapshots and pretrained bases become model versions. Knows no YAML."""
