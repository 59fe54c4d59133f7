"""`mesocosm data diff`: what differs between two versions of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures

if TYPE_CHECKING:
    from mesocosm.api.results.data import DatasetDifference, FieldDifference


@report_failures
def diff(
    dataset: str,
    old: Annotated[
        str, typer.Argument(help="A version by number, id, 'previous', or the time it stood.")
    ] = "previous",
    new: Annotated[str, typer.Argument()] = "newest",
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Show rows and statistics that differ between two versions of DATASET."""
    answer(open_project(file).data.diff(dataset, old, new), as_json, _text)


def _text(found: DatasetDifference) -> str:
    rows = found.rows
    lines = [
        f"{found.old} -> {found.new}: {rows.added} rows added, {rows.removed} removed,"
        f" {rows.changed} changed, {rows.same} the same."
    ]
    for names, title in (
        (found.files, "files that changed"),
        (found.only_old, "fields only in the old"),
        (found.only_new, "fields only in the new"),
    ):
        if names:
            lines.append(f"  {title}: {', '.join(names)}")
    lines.append(
        f"  {'field':<16}{'changed':>8}{'missing':>16}{'distinct':>18}{'mean':>24}{'psi':>8}"
    )
    for name, field in found.fields.items():
        lines.append(_field_line(name, field, found.changed.get(name, 0)))
    return "\n".join(lines)


def _field_line(name: str, field: FieldDifference, changed: int) -> str:
    old, new = field.old, field.new
    missing = f"{old['missing']:>7} -> {new['missing']:<5}"
    distinct = f"{old['distinct']:>8} -> {new['distinct']:<6}"
    mean = ""
    if "mean" in old:
        mean = f"{_format(old['mean'], ',.5g')} -> {_format(new['mean'], ',.5g')}"
    psi = _format(field.psi, ".3f")
    return f"  {name:<16}{changed:>8}{missing}{distinct}{mean:>24}{psi:>8}"


def _format(value: object, form: str) -> str:
    if value is None:
        return "-"
    return format(value, form)
