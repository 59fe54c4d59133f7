"""Named things in a text: a tag a word, by a base that reads."""
