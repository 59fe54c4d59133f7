"""One suggested change of a file. Knows nothing else."""

from __future__ import annotations

from dataclasses import dataclass

DAYS = 30.0  # of requests, deployments and alerts that are read


@dataclass(frozen=True)
class Proposal:
    """One change.

    Args:
        at: the setting, by its path.
        was: what it is; None where it is not set.
        would: what it would be.
        because: the evidence, in a sentence.
    """

    at: str
    was: object
    would: object
    because: str
