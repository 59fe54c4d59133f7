"""What the JSON columns of snapshots hold. Knows shapes; reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from mesocosm.core.records import Json

SnapshotRecipe = TypedDict(
    "SnapshotRecipe",
    {
        "from": Mapping[str, Json],
        "key": str | None,
        "fields": dict[str, dict[str, Json]],
        "auto": bool,
        "repairs": list[dict[str, Json]],
        "duplicates": dict[str, Json] | None,
        "rules": list[dict[str, Json]],
        "split": dict[str, Json],
        "retention": str | None,
        "anonymity": dict[str, Json] | None,
        "ground_truth": str | None,
        "truth": str | None,
        "revision": int,
    },
    total=False,
)
"""The settings that a snapshot was built by, as the file's reader completed them."""


class FieldStatistics(TypedDict, total=False):
    """Statistics of one field over the rows of a snapshot."""

    rows: int
    missing: int
    distinct: int
    min: float | None
    max: float | None
    mean: float | None
    sd: float | None
    median: float | None


class SourceAccount(TypedDict, total=False):
    """The row counts of one source of a dataset: read = used + unmatched + repeated + rejected.

    The keys from `on` are those of a source that adds columns to leading rows.
    """

    role: str
    read: int
    used: int
    unmatched: int
    repeated: int
    rejected: int
    on: str
    matched: int
    without: int
    repeated_differ: int
    unmatched_at: list[str]
    repeated_at: list[str]


class MissingPattern(TypedDict):
    """Fields that are missing together, and in how many rows."""

    missing: list[str]
    rows: int


class RuleCheck(TypedDict):
    """What a build found of a rule.

    Args:
        rule: the rule in words.
        severity: `quarantine`, `warn` or `stop`.
        rows: how many rows it looked at: those that could be read and are no duplicates; with
            `warn` and `stop` those of them that no rule over one row quarantines.
        broken: how many of them break it; of a rule over the table 0 or 1.
        failed: whether more break it than may.
        found: what is wrong with the table, of a rule over the table.
    """

    rule: str
    severity: str
    rows: int
    broken: int
    failed: bool
    found: str


class ChangedCells(TypedDict):
    """How many cells of the kept rows a step changed in a field, by the setting that says how."""

    field: str
    step: str
    rule: str
    cells: int


class SnapshotReport(TypedDict, total=False):
    """What cleaning changed, and the quality of what was kept (0 to 1)."""

    quality: float | None
    consistency: float
    before: dict[str, FieldStatistics]
    after: dict[str, FieldStatistics]
    treated: dict[str, dict[str, int]]
    unreadable: dict[str, int]
    reasons: dict[str, int]
    warned: dict[str, int]
    mended: dict[str, int]
    notes: dict[str, list[str]]
    anonymity: dict[str, Json] | None
    left_out: list[str]
    columns: dict[str, list[str]]
    lines: dict[str, dict[str, dict[str, int]]]
    sources: dict[str, SourceAccount]
    origins: dict[str, dict[str, str | None]]
    parts: dict[str, int]
    expires: str | None
    newest: dict[str, str | None]
    accuracy: dict[str, float]
    patterns: list[MissingPattern]
    examples: dict[str, list[list[str | None]]]
    changes: list[Json]
    changed_cells: list[ChangedCells]
    checks: list[RuleCheck]
    delta: dict[str, int]
    seconds: float


class TrainingColumn(TypedDict, total=False):
    """The distribution of one field over the training rows: `counts` of values, and how many rows
    had an `other` one; or up to some thousand `numbers` of `rows`.

    A service knows also the share that was `missing`, and the bounds to which outliers are clipped.
    """

    counts: dict[str, int]
    other: int
    numbers: list[float]
    rows: int
    missing: float
    clip: list[float]


class TextStatistics(TypedDict):
    """What the texts of a field are like: shares of texts by fingerprint of a word, and of letters
    by script.
    """

    rows: int
    words: dict[str, float]
    scripts: dict[str, float]


class SnapshotFacts(TypedDict, total=False):
    """What preprocessing measured on the training rows, by field, and their distributions."""

    fields: dict[str, dict[str, Json]]
    training: dict[str, TrainingColumn]
    texts: dict[str, TextStatistics]
    dates: dict[str, TrainingColumn]
