"""Two towers: vectors of people and of items, learnt by gradient."""
