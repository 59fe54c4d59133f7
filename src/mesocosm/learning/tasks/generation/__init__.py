"""Models that write: a causal base taught to answer, judged on what it writes, kept as what differs
from its base.
"""
