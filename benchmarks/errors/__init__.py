"""Dirtied tables with their clean twins, and how well errors are found and repaired in them."""
