"""Classification: a category or boolean."""
