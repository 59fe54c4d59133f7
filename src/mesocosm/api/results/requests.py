"""What became of the rows of a file. Knows shapes only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mesocosm.core.records import Record


@dataclass(frozen=True, slots=True)
class FilePredictions(Record):
    """What became of the rows of a file.

    Args:
        rows: how many it had.
        predicted: how many were predicted.
        warned: how many of those have warnings.
        refused: how many were refused.
        reasons: the most frequent reasons, with how often.
        notes: sentences about how the file was read.
        seconds: how long it took.
        out: the file that was written.
    """

    rows: int
    predicted: int
    warned: int
    refused: int
    reasons: Mapping[str, int]
    notes: tuple[str, ...]
    seconds: float
    out: str
