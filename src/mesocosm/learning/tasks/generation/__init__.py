"""Text generation: a causal base is fine-tuned to answer, evaluated on what it generates, and
stored as its difference from the base.
"""
