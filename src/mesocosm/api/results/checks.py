"""Results of `eco.data.checks`: what builds found of the rules of a dataset. Knows shapes only."""

from __future__ import annotations

from dataclasses import dataclass, field

from mesocosm.core.records import OMIT, Record


@dataclass(frozen=True, slots=True)
class CheckRun(Record):
    """What the build of a version found of a rule.

    Args:
        at: when it was built, in seconds since 1970.
        rows: how many rows it looked at: those that could be read and are no duplicates; with
            `warn` and `stop` those of them that no rule over one row quarantines.
        broken: how many of them break the rule; of a rule over the table 0 or 1.
        result: `passed` or `failed`.
        found: what is wrong with the table, of a rule over the table.
    """

    version: str
    at: float
    rows: int
    broken: int
    result: str
    found: str


@dataclass(frozen=True, slots=True)
class CheckHistory(Record):
    """The results of a rule, the oldest first.

    Args:
        severity: `quarantine`, `warn` or `stop`.
        problem: `open` where the newest version breaks it, `closed` where an earlier one did, empty
            where none did.
        since: the version with which the open problem began.
        seen: in how many versions in a row it was found.
        runs: empty of a rule that was not checked yet.
    """

    rule: str
    severity: str
    problem: str
    since: str | None
    seen: int
    runs: tuple[CheckRun, ...]


@dataclass(frozen=True, slots=True)
class BrokenRow(Record):
    """A quarantined row: where it came from, why, and its original with private values hidden."""

    file: str
    line: int
    reason: str
    original: str | None


@dataclass(frozen=True, slots=True)
class DatasetChecks(Record):
    """The rules of a dataset, each with its history.

    Args:
        owner: who owns the dataset; empty where the file does not say.
        version: the newest version.
        rows: quarantined rows, where they were asked for.
    """

    dataset: str
    owner: str
    version: str
    rules: tuple[CheckHistory, ...]
    rows: tuple[BrokenRow, ...] | None = field(default=None, metadata=OMIT)

    @property
    def open_problems(self) -> tuple[CheckHistory, ...]:
        """The rules that the newest version breaks."""
        return tuple(rule for rule in self.rules if rule.problem == "open")
