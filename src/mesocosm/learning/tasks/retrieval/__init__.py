"""Retrieval: an encoder maps a question to its answer among the known ones."""
