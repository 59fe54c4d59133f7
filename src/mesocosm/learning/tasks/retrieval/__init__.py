"""Models that find: a base that reads learns to bring a question to its answer among those that are
known.
"""
