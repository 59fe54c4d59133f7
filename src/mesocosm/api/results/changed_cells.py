"""Results of `eco.data.changes`: the cells that a build changed. Knows shapes only."""

from __future__ import annotations

from dataclasses import dataclass

from mesocosm.core.records import Record


@dataclass(frozen=True, slots=True)
class ChangeCount(Record):
    """How many cells of the kept rows a step changed in a field.

    Args:
        step: `read`, `repairs`, `outliers` or `missing`.
        rule: the setting that says how, as `missing: median`.
    """

    field: str
    step: str
    rule: str
    cells: int


@dataclass(frozen=True, slots=True)
class CellChange(Record):
    """A cell that a step changed.

    Args:
        row: the number of its row in the dataset.
        file: the file, and `line` the line, that the row came from.
        source: the text that came.
        old: the value before the step; None where there was none.
        new: the value after it; None where there is none.
        confidence: how sure the step is, 0 to 1; None where it does not say.
    """

    row: int
    file: str
    line: int
    field: str
    step: str
    rule: str
    source: str | None
    old: str | None
    new: str | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class DatasetChanges(Record):
    """The cells that the build of a version changed.

    Args:
        counts: exact counts, by field, step and setting.
        recorded: how many of these cells the ledger holds: all of a step that changed few, a
            sample of one that changed many, none of private fields.
        changes: some of those.
    """

    dataset: str
    version: str
    counts: tuple[ChangeCount, ...]
    recorded: int
    changes: tuple[CellChange, ...]

    @property
    def cells(self) -> int:
        """How many cells were changed."""
        return sum(count.cells for count in self.counts)
