"""Ranking: items for somebody by what they did before, from behaviour and from the items' texts."""
