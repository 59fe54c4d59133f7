"""Cleaning steps, by what they treat. The steps run in one documented order."""
