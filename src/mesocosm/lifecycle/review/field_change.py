"""One change between two snapshots of a dataset, and what of a snapshot is compared. Knows nothing
else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from mesocosm.catalog.contents import SnapshotFacts, SnapshotRecipe, SnapshotReport


class ComparedSnapshot(TypedDict):
    """What of a snapshot is compared with the last one."""

    account: dict[str, int]
    report: SnapshotReport
    facts: SnapshotFacts
    recipe: SnapshotRecipe


@dataclass(frozen=True)
class FieldChange:
    """What changed in one field between two snapshots.

    Args:
        field: its name; empty where the whole dataset changed.
        kind: `missing`, `unreadable`, `unit`, `schema`, `rows`, `build` (the rows cannot be
            governed; these stop a build) or `distribution` (reported).
        evidence: what was measured, in a sentence without any value of a row: roles that may not
            read rows see it.
        examples: values that were never seen before, for who may read rows.
    """

    field: str
    kind: str
    evidence: str
    examples: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What changed, where, in a sentence."""
        if self.kind == "build":
            return self.evidence
        return f"{self.field}: {self.changed}" if self.field else self.changed

    @property
    def changed(self) -> str:
        """What changed, without the field."""
        return f"{self.kind} change: {self.evidence}"

    @property
    def stops(self) -> bool:
        """Whether nothing may be trained on it before a person accepts it."""
        return self.kind != "distribution"
