"""Datasets as they were built: their versions, and what a build changed in them."""
