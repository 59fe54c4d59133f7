"""`mesocosm data forget`: erase a subject everywhere, and prove it by a scan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures


@report_failures
def forget(
    dataset: Annotated[str, typer.Option("--dataset", help="The dataset that knows the subject.")],
    key: Annotated[
        list[str],
        typer.Option(
            "--key", help="The subject's key; may be given several times; never written down."
        ),
    ],
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Erase a subject from snapshots, quarantine, prediction logs and caches, for good."""
    erasure = open_project(file).data.forget(dataset, key)
    answer(erasure, as_json, _text)
    if erasure.still_found_in:
        raise typer.Exit(1)


def _text(found: dict[str, Any]) -> str:
    if not found["rows"]:
        return _absent_line(found["absent"])
    lines = [f"{_erased_line(found)} Older versions of its snapshots were deleted."]
    lines += [_erased_line(other, ", over the same source") for other in found["others"]]
    for name, why in found["not_reached"].items():
        lines.append(f"NOT ERASED from {name}: {why}.")
    lines += [_unlearned_line(unlearned) for unlearned in found["exact"]]
    if found["models"]:
        lines.append(
            f"Trained on it and kept, marked: {', '.join(found['models'])}. 'mesocosm build'"
            " retrains them once their data changes."
        )
    if found["absent"]:
        lines.append(_absent_line(found["absent"]))
    lines.append("The sources are not changed; builds leave the subject's rows out from now on.")
    lines.append(_scan_line(found))
    return "\n".join(lines)


def _absent_line(absent: int) -> str:
    keys, them = ("1 key was", "it") if absent == 1 else (f"{absent} keys were", "them")
    return (
        f"{keys} not found in any row, quarantined line or prediction. Nothing was erased for"
        f" {them}; later builds leave out rows with such a key."
    )


def _erased_line(erased: dict[str, Any], what: str = "") -> str:
    tables = ", ".join(f"{count} of {table}" for table, count in erased["rows"].items())
    return f"Erased from {erased['dataset']}{what}: {tables}, {erased['predictions']} predictions."


def _unlearned_line(unlearned: dict[str, Any]) -> str:
    return (
        f"{unlearned['from']} became {unlearned['to']}: {unlearned['rows']} training rows unlearned"
        f" exactly in {unlearned['seconds'] * 1000:.1f} ms; refitting took"
        f" {unlearned['refit_seconds'] * 1000:.0f} ms and differs by"
        f" {unlearned['difference']:.1e}."
    )


def _scan_line(found: dict[str, Any]) -> str:
    if found["still_found_in"]:
        return f"STILL FOUND in {', '.join(found['still_found_in'])}."
    if found["scanned"]:
        return "A scan of every file of the store does not find the keys."
    return "The keys are too short to be scanned for."
