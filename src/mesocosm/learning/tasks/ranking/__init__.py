"""Ranking: items for a user by past behaviour, from behaviour and from the items' texts."""
