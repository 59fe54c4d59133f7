"""Two towers: vectors of users and of items, trained by gradient."""
