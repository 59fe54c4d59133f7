"""Repairs of a table of the engine, from its rows and a source of labelled ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.cleaning.facts import RepairFacts
from mesocosm.data.cleaning.learned_errors.corrector import CellRepair, LabelledRow, find_errors
from mesocosm.data.cleaning.learned_errors.text_table import NUMBER, Cells
from mesocosm.data.cleaning.repairs.label_file import FOUND, PLACE, RIGHT, VERSION
from mesocosm.data.cleaning.repairs.learned import MOST_ROWS, always, row_key
from mesocosm.data.pipeline.internal_names import quote
from mesocosm.data.sources.query_results import list_columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ALWAYS = 2  # rows of one text that are repaired alike, until it always is


def find_repairs(
    con: DuckDBPyConnection,
    table: str,
    fields: tuple[str, ...],
    labels: str | None,
    at_least: tuple[float, float],
) -> RepairFacts:
    """The tables that `Learned` looks up.

    Args:
        at_least: the chances that a candidate is right, and that its cell is wrong.

    Raises:
        ConfigValueError: the labels have no such columns, or are of other rows.
    """
    texts = ", ".join(f"coalesce({quote(n)}::varchar, '')" for n in fields)
    rows = con.execute(
        f"select {row_key(fields)}, _line, {texts} from {table} order by _row limit {MOST_ROWS}"
    ).fetchall()
    cells: Cells = {n: [_write(row[i + 2]) for row in rows] for i, n in enumerate(fields)}
    places: dict[str, list[int]] = defaultdict(list)  # several files have rows of one line
    for at, row in enumerate(rows):
        places[str(row[1])].append(at)
    told = _read_labels(con, labels, fields, cells, places) if labels else []
    found = find_errors(cells, told)
    repairs = [
        r
        for r in found.repairs
        if r.confidence >= at_least[0] and found.doubt[r.field][r.row] >= at_least[1]
    ]
    repairs = [*_correct_labelled(told, cells), *_without_labelled(repairs, told)]
    return _tabulate(repairs, cells, [str(row[0]) for row in rows])


def _write(text: str) -> str:
    """A cell as text, whole numbers without a point."""
    if NUMBER.fullmatch(text) and text.endswith(".0"):
        return text[:-2]
    return text


def _correct_labelled(told: Sequence[LabelledRow], cells: Cells) -> list[CellRepair]:
    """What the person corrected is done as it was said."""
    return [
        CellRepair(label.row, name, cells[name][label.row], right, 1.0, "labelled")
        for label in told
        for name, right in label.right.items()
        if right and right != cells[name][label.row]
    ]


def _without_labelled(
    repairs: Sequence[CellRepair], told: Sequence[LabelledRow]
) -> list[CellRepair]:
    said = {(label.row, name) for label in told for name in label.right}
    return [r for r in repairs if (r.row, r.field) not in said]


def _tabulate(repairs: Sequence[CellRepair], cells: Cells, keys: list[str]) -> RepairFacts:
    """Rows of one content get one value: the surest."""
    best: dict[tuple[str, str], CellRepair] = {}
    for repair in repairs:
        place = (repair.field, keys[repair.row])
        if place not in best or repair.confidence > best[place].confidence:
            best[place] = repair
    tables: dict[str, dict[str, str]] = defaultdict(dict)
    news: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (field, key), repair in sorted(best.items()):
        tables[field][key] = repair.new
    for repair in repairs:
        news[repair.field, repair.found].append(repair.new)
    for (field, text), new in sorted(news.items()):
        alike = len(set(new)) == 1 and len(new) >= ALWAYS
        if alike and text.strip() and cells[field].count(text) == len(new):
            tables[always(field)][text] = new[0]
    return dict(tables)


def _read_labels(
    con: DuckDBPyConnection,
    labels: str,
    fields: tuple[str, ...],
    cells: Cells,
    places: dict[str, list[int]],
) -> list[LabelledRow]:
    source = quote("src_" + labels)
    columns = list_columns(con, source)
    for wanted in (VERSION, PLACE):
        if wanted not in columns:
            raise ConfigValueError(
                "repairs.labels",
                Message("data.source_without_column", source=labels, column=wanted),
                Message("data.labels_of_command"),
            )
    names = [n for n in fields if n in columns]
    texts = ", ".join(f"coalesce({quote(n)}::varchar, '')" for n in names)
    query = f"select {quote(VERSION)}, {quote(PLACE)}, {texts} from {source} order by _line"
    said: dict[str, dict[str, list[str]]] = {FOUND: {}, RIGHT: {}}
    for version, place, *row in con.execute(query).fetchall():
        said.setdefault(str(version).strip(), {})[str(place)] = row
    told: list[LabelledRow] = []
    for place, right in said[RIGHT].items():
        found = said[FOUND].get(place)
        if found is not None:
            lines = places.get(place.rpartition(":")[2], [])
            read = (_label(names, found, right, cells, row) for row in lines)
            told += [label for label in read if label is not None][:1]
    if not told:
        raise ConfigValueError(
            "repairs.labels",
            Message("data.labels_of_other_rows", source=labels),
            Message("data.labels_of_command"),
        )
    return told


def _label(
    names: list[str], found: list[str], right: list[str], cells: Cells, row: int
) -> LabelledRow | None:
    """A labelled row: a cell that the person did not change is right as it is read; None where the
    row now says otherwise.
    """
    now = [cells[name][row] for name in names]
    told = [(a, b) for a, b in zip(found, now, strict=True) if a and b]
    if sum(_write(a.strip()) == b for a, b in told) * 2 < len(told):
        return None
    corrected = zip(names, found, right, now, strict=True)
    return LabelledRow(row, {n: is_ if b == a else _write(b.strip()) for n, a, b, is_ in corrected})
