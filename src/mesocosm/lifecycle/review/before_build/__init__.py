"""What files leave open before anything is built: readings of values, promises of sources, and
texts that a base model does not know.
"""
