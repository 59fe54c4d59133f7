"""Snapshots as Delta tables: written, compared, erased from and expired."""
