"""`mesocosm data changes`: which cells a build changed, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.cli.views.columns import measure, pad
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.changed_cells import CellChange, ChangeCount, DatasetChanges

COLUMNS = ("cli.changes.column.field", "cli.changes.column.rule", "cli.changes.column.cells")
WIDEST = 40  # columns of a value on the terminal


@report_failures
def changes(
    dataset: str,
    field: Annotated[str | None, typer.Option(help="Only the changes of a field.")] = None,
    step: Annotated[
        str | None,
        typer.Option(help="Only those of a step: read, repairs, outliers or missing."),
    ] = None,
    rule: Annotated[
        str | None, typer.Option(help="Only those of a setting, by a part of it: 'unit: kg'.")
    ] = None,
    row: Annotated[int | None, typer.Option(help="Only those of a row, by its number.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many cells are listed.")] = 20,
    at: Annotated[
        str,
        typer.Option(help="A version by number, id, 'newest', 'previous', or the time it stood."),
    ] = "newest",
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """List the cells of DATASET that its build changed: what came, what is kept, and by which
    setting.
    """
    found = open_project(file).data.changes(
        dataset, field=field, step=step, rule=rule, row=row, limit=limit, at=at
    )
    answer(found, as_json, _text)


def _text(found: DatasetChanges) -> str:
    if not found.counts:
        return Message("cli.changes.none", version=found.version).render()
    lines = [Message("cli.changes.cells", version=found.version, cells=found.cells).render()]
    lines += _table_of(found.counts)
    if found.changes:
        lines += ["", *map(_change_line, found.changes)]
    if found.recorded > len(found.changes):
        more = found.recorded - len(found.changes)
        lines.append(Message("cli.changes.more", more=more, limit=found.recorded).render())
    if found.cells > found.recorded:
        lines.append(
            Message("cli.changes.sampled", recorded=found.recorded, cells=found.cells).render()
        )
    return "\n".join(lines)


def _table_of(counts: tuple[ChangeCount, ...]) -> list[str]:
    """The counts as a table."""
    head = [Message(id).render() for id in COLUMNS]
    rows = [head, *([count.field, count.rule, f"{count.cells:,}"] for count in counts)]
    widths = [max(measure(row[column]) for row in rows) + 2 for column in range(3)]
    return [
        f"  {pad(name, -widths[0])}{pad(rule, -widths[1])}{pad(cells, widths[2])}"
        for name, rule, cells in rows
    ]


def _change_line(change: CellChange) -> str:
    place = f"{change.file}:{change.line}"
    source = _shown(change.source)
    parts = [_shown(change.old), _shown(change.new)]
    if change.old != change.source:
        parts.insert(0, source)
    return f"  {place}  {change.field}: {' -> '.join(parts)}  ({change.rule})"


def _shown(value: str | None) -> str:
    """A value on the terminal: within quotes, cut where it is long."""
    if value is None:
        return Message("cli.changes.missing").render()
    line = value.replace("\n", " ")
    return f"'{line[: WIDEST - 1]}…'" if len(line) > WIDEST else f"'{line}'"
