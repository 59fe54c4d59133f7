"""The evidence that a stopped build leaves: findings, and a file for the plan and the world.

Knows the store's folder of stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, Finding, MesocosmError
from mesocosm.core.files import write_json
from mesocosm.core.messages import Message, Text
from mesocosm.lifecycle.review.field_change import FieldChange


def stop_findings(spec: Spec, dataset: str, stops: Sequence[FieldChange]) -> list[Finding]:
    """The changes that stop a build as findings, each with the command that accepts it."""
    findings = []
    for change in stops:
        steps, accepted = ["datasets", dataset], dataset
        if change.field:
            steps += ["fields", change.field]
            accepted = f"{dataset}.{change.field}"
        found: Text = change.changed
        if change.examples:
            examples = tuple(map(repr, change.examples))
            found = Message("lifecycle.such_as", change=change.changed, examples=examples)
        expected = Message("lifecycle.data_like_before", accepted=accepted)
        findings.append(Finding(spec.place(*steps), ".".join(steps), found, expected))
    return findings


def keep_stop(store: Path, dataset: str, made: str, stops: Sequence[FieldChange]) -> None:
    """Leave the evidence of a stop for `plan` and the world."""
    write_json(stop_file(store, dataset), {"made": made, "changes": [asdict(c) for c in stops]})


def keep_failure(store: Path, dataset: str, made: str, error: MesocosmError) -> None:
    """Leave why a dataset could not be governed at all; without the choices, which may be values of
    rows.
    """
    evidence = str(error)
    if isinstance(error, ConfigValueError):
        evidence = str(error.found)
        if error.key:
            evidence = f"{error.key}: {error.found}"
    keep_stop(store, dataset, made, [FieldChange("", "build", evidence)])


def forget_stop(store: Path, dataset: str) -> None:
    """Take away what an earlier build left of its stop."""
    stop_file(store, dataset).unlink(missing_ok=True)


def stop_file(store: Path, dataset: str) -> Path:
    """Where a stopped build of a dataset leaves its evidence, for `plan` and the world."""
    return store / "stopped" / f"{dataset}.json"


def read_stop(store: Path, dataset: str, made: str | None = None) -> list[FieldChange]:
    """What stopped the last build of a dataset; nothing once it was built, or where its content is
    another than then.
    """
    import json

    path = stop_file(store, dataset)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if made is not None and kept["made"] != made:
            return []
        return [
            FieldChange(**{**change, "examples": tuple(change.get("examples", ()))})
            for change in kept["changes"]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []
