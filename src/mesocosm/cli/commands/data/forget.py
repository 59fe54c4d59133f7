"""`mesocosm data forget`: erase a subject everywhere, and prove it by a scan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures

if TYPE_CHECKING:
    from mesocosm.api.results.data import ErasedRows, Erasure
    from mesocosm.core.records import JsonObject


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


def _text(found: Erasure) -> str:
    if not found.rows:
        return _absent_line(found.absent)
    lines = [f"{_erased_line(found)} Older versions of its snapshots were deleted."]
    lines += [_erased_line(other, ", over the same source") for other in found.others]
    for name, why in found.not_reached.items():
        lines.append(f"NOT ERASED from {name}: {why}.")
    lines += _model_lines(found)
    if found.absent:
        lines.append(_absent_line(found.absent))
    lines.append("The sources are not changed; builds leave the subject's rows out from now on.")
    lines.append(_scan_line(found))
    return "\n".join(lines)


def _model_lines(found: Erasure) -> Iterator[str]:
    """The versions that unlearned the rows, and those that stay."""
    yield from map(_unlearned_line, found.exact)
    if found.models:
        yield (
            f"Trained on it and kept, marked: {', '.join(found.models)}. 'mesocosm build'"
            " retrains them once their data changes."
        )


def _absent_line(absent: int) -> str:
    keys, them = ("1 key was", "it") if absent == 1 else (f"{absent} keys were", "them")
    return (
        f"{keys} not found in any row, quarantined line or prediction. Nothing was erased for"
        f" {them}; later builds leave out rows with such a key."
    )


def _erased_line(erased: ErasedRows, what: str = "") -> str:
    tables = ", ".join(f"{count} of {table}" for table, count in erased.rows.items())
    return f"Erased from {erased.dataset}{what}: {tables}, {erased.predictions} predictions."


def _unlearned_line(exact: JsonObject) -> str:
    from mesocosm.lifecycle.jobs.unlearn import Unlearned

    unlearned = Unlearned.from_json(exact)
    return (
        f"{unlearned.before} became {unlearned.to}: {unlearned.rows} training rows unlearned"
        f" exactly in {unlearned.seconds * 1000:.1f} ms; refitting took"
        f" {unlearned.refit_seconds * 1000:.0f} ms and differs by"
        f" {unlearned.difference:.1e}."
    )


def _scan_line(found: Erasure) -> str:
    if found.still_found_in:
        return f"STILL FOUND in {', '.join(found.still_found_in)}."
    if found.scanned:
        return "A scan of every file of the store does not find the keys."
    return "The keys are too short to be scanned for."
