"""What the builds of a dataset found of its rules, version by version, and which problems are open.

Knows the catalog's snapshots. A rule is known again by its words: a rule that is written otherwise
starts again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, cast

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import RuleCheck
from mesocosm.catalog.rows import SnapshotRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.pipeline.recipe import rules_of
from mesocosm.data.quality.rules.rule import RuleKind
from mesocosm.data.sources.path_utils import text
from mesocosm.lifecycle.access.datasets.history import find_dataset
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.project_store import locate_project

PASSED, FAILED, OPEN, CLOSED = "passed", "failed", "open", "closed"


class CheckRun(TypedDict):
    """What the build of a version found of a rule."""

    version: str
    at: float
    rows: int
    broken: int
    result: str
    found: str


class CheckHistory(TypedDict):
    """The results of a rule, the oldest first.

    Args:
        problem: `open` where the newest version breaks it, `closed` where an earlier one did,
            empty where none did.
        since: the version with which the open problem began.
        seen: in how many versions in a row it was found.
        runs: empty of a rule that was not checked yet.
    """

    rule: str
    severity: str
    problem: str
    since: str | None
    seen: int
    runs: list[CheckRun]


class DatasetChecks(TypedDict):
    """The rules of a dataset as they stand in the file, each with its history."""

    dataset: str
    owner: str
    version: str
    rules: list[CheckHistory]


class BrokenRow(TypedDict):
    """A quarantined row: where it came from, why, and its original; private values are hidden."""

    file: str
    line: int
    reason: str
    original: str | None


def list_checks(spec: Spec, catalog: Catalog, dataset: str, rule: str | None) -> DatasetChecks:
    """What the builds of a dataset found of the rules that the file has now.

    Args:
        rule: a part of a rule's words; all rules where not given.

    Raises:
        ConfigValueError: there is no such dataset, or no such rule.
        MesocosmError: it was not built.
    """
    find_dataset(spec, dataset)
    data = resolve_datasets(spec)[dataset]
    snapshots = catalog.snapshots(dataset)
    if not snapshots:
        raise MesocosmError(Message("api.not_built", name=dataset))
    rules = _choose_rules(rules_of(data.fields, data.rules), rule)
    return {
        "dataset": dataset,
        "owner": data.owner or "",
        "version": snapshots[-1]["id"],
        "rules": [_history_of(one, snapshots) for one in rules],
    }


def _choose_rules(rules: Sequence[RuleKind], wanted: str | None) -> list[RuleKind]:
    """The rules whose words hold a text.

    Raises:
        ConfigValueError: none does.
    """
    if wanted is None:
        return list(rules)
    found = [rule for rule in rules if wanted in rule.sentence()]
    if not found:
        raise ConfigValueError(
            "",
            Message("lifecycle.no_rule_of_words", words=wanted[:60]),
            Message("lifecycle.one_of_these"),
            [shorten(rule.sentence()) for rule in rules],
            wanted,
        )
    return found


def shorten(sentence: str) -> str:
    """A rule in its own words.

    >>> shorten("breaks the rule: amount > 0")
    'amount > 0'
    """
    return sentence.removeprefix("breaks the rule: ")


def _history_of(rule: RuleKind, snapshots: Sequence[SnapshotRow]) -> CheckHistory:
    """What the builds found of a rule."""
    sentence = rule.sentence()
    runs: list[CheckRun] = []
    for snapshot in snapshots:
        for check in snapshot["report"].get("checks", []):
            if check["rule"] == sentence:
                runs.append(_run_of(snapshot, check))
    streak = _count_streak(runs)
    problem = OPEN if streak else CLOSED if any(r["result"] == FAILED for r in runs) else ""
    return {
        "rule": shorten(sentence),
        "severity": rule.severity,
        "problem": problem,
        "since": runs[-streak]["version"] if streak else None,
        "seen": streak,
        "runs": runs,
    }


def _run_of(snapshot: SnapshotRow, check: RuleCheck) -> CheckRun:
    return {
        "version": snapshot["id"],
        "at": snapshot["at"],
        "rows": check["rows"],
        "broken": check["broken"],
        "result": FAILED if check["failed"] else PASSED,
        "found": check["found"],
    }


def _count_streak(runs: Sequence[CheckRun]) -> int:
    """How many of the newest runs failed, one after the other."""
    count = 0
    for run in reversed(runs):
        if run["result"] != FAILED:
            break
        count += 1
    return count


def list_broken_rows(
    spec: Spec, catalog: Catalog, dataset: str, rule: str, limit: int
) -> list[BrokenRow]:
    """Rows of the newest version that a rule quarantined.

    Args:
        rule: a part of the rule's words.
        limit: rows that are listed.

    Raises:
        ConfigValueError: there is no such dataset, or no such rule.
        MesocosmError: it was not built.
    """
    from mesocosm.data.snapshots.delta_tables import read_table

    data = find_dataset(spec, dataset)
    snapshot = catalog.snapshot(dataset=dataset)
    if snapshot is None:
        raise MesocosmError(Message("api.not_built", name=dataset))
    rules = _choose_rules(rules_of(data.fields, data.rules), rule)
    sentences = ", ".join(text(one.sentence()) for one in rules)
    table = read_table(
        locate_project(spec).store / snapshot["path"] / "quarantine",
        snapshot["report"]["delta"]["quarantine"],
        "_row, _file as file, _line as line, reason, original",
        f"reason in ({sentences})",
    )
    found = table.slice(0, limit).drop_columns(["_row"]).to_pylist()
    return cast("list[BrokenRow]", found)
