"""Ordinal classification: a category whose values have an order."""
