"""`mesocosm data diff`: what differs between two versions of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.cli.views.columns import pad
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.data import DatasetDifference, FieldDifference

COLUMNS = (
    ("cli.diff.column.field", -16),
    ("cli.diff.column.changed", 8),
    ("cli.diff.column.missing", 16),
    ("cli.diff.column.distinct", 18),
    ("cli.diff.column.mean", 24),
)


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
        Message(
            "cli.diff.rows",
            old=found.old,
            new=found.new,
            added=rows.added,
            removed=rows.removed,
            changed=rows.changed,
            same=rows.same,
        ).render()
    ]
    for names, title in (
        (found.files, Message("cli.diff.files").render()),
        (found.only_old, Message("cli.diff.only_old").render()),
        (found.only_new, Message("cli.diff.only_new").render()),
    ):
        if names:
            fields = Message("cli.diff.fields", title=title, names=tuple(names))
            lines.append(f"  {fields.render()}")
    titles = [pad(Message(id).render(), width) for id, width in COLUMNS]
    lines.append(f"  {''.join(titles)}{'psi':>8}")
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
    return f"  {pad(name, -16)}{changed:>8}{missing}{distinct}{mean:>24}{psi:>8}"


def _format(value: object, form: str) -> str:
    if value is None:
        return "-"
    return format(value, form)
