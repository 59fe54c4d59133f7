"""Where the header and the rows of a table of cells begin.

Knows a few of its first records. Sets nothing that the records do not show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

TITLES = 30  # records that may stand above a header
MOSTLY = 0.9  # share of the records below a header that have its width, or of a column's figures
NUMBER = re.compile(r"\s*[-+]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][-+]?\d+)?\s*%?\s*")

Cells: TypeAlias = Sequence[Sequence[str]]
FileSettings: TypeAlias = tuple[dict[str, object], str]
"""Settings of a file, and the sentence that speaks for them."""


def detect_headless(cells: Cells, line: int = 1) -> FileSettings:
    """`header: false` where the first record, which begins on `line`, is a row of figures over
    columns of figures; a run of years is a header.
    """
    if len(cells) < 4 or len(cells[0]) < 2:
        return {}, ""
    head, *rows = cells
    shown = [cell for i, cell in enumerate(head) if _holds_figures(rows, i)]
    if not shown or not _are_figures(shown):
        return {}, ""
    return (
        {"header": False},
        f"line {line} is a row, since it holds figures where the rows below hold figures"
        f" ({', '.join(map(repr, shown[:3]))}), so the columns have no names; 'names'"
        " gives them some",
    )


def _are_figures(cells: Sequence[str]) -> bool:
    """Whether cells are figures that name no columns."""
    return all(map(NUMBER.fullmatch, cells)) and not _is_run(cells)


def _holds_figures(rows: Cells, column: int) -> bool:
    """Whether nearly all cells of a column are figures."""
    cells = [row[column] for row in rows if column < len(row)]
    return sum(map(bool, map(NUMBER.fullmatch, cells))) >= MOSTLY * len(rows)


def _is_run(cells: Sequence[str]) -> bool:
    """Whether cells are years, or other counts, in their order: they name columns of a wide
    table.
    """
    if not all(re.fullmatch(r"\s*\d{1,6}\s*", c) for c in cells):
        return False
    numbers = [int(c) for c in cells]
    rising = sorted(set(numbers))
    return numbers in (rising, rising[::-1])


def find_header(cells: Cells) -> int | None:
    """The place of the record that names the columns of most records; None where there is no such
    record.

    >>> find_header([["Report"], ["a", "b"], ["1", "2"], ["3", "4"]])
    1
    >>> find_header([["a", "b"], ["1", "2"]])
    0
    """
    at = next(_list_headers(cells), None)
    if at is None:
        return None
    row, below = _trim(cells[at]), cells[at + 1 :]
    above = [len(_trim(other)) for other in cells[:at]]
    if above and not (_are_titles(above, len(row)) and _stands_over_figures(row, below)):
        return None
    return at if below else None


def _are_titles(widths: Sequence[int], width: int) -> bool:
    """Whether records are narrow beside a header: otherwise they have the shape of rows too."""
    return max(widths) <= 2 and width not in widths


def _list_headers(cells: Cells) -> Iterator[int]:
    """The places of records of different names that have the width of nearly all below them."""
    for at, whole in enumerate(cells[:TITLES]):
        row = _trim(whole)
        if len(row) < 2 or not _are_names(row):
            continue
        below = [len(other) for other in cells[at + 1 :]]
        fitting = below.count(len(row))
        if len(whole) != len(row):
            fitting += below.count(len(whole))
        if fitting >= MOSTLY * len(below):
            yield at


def _are_names(row: Sequence[str]) -> bool:
    """Whether cells are different texts, none of them blank."""
    names = {cell.strip().casefold() for cell in row}
    return "" not in names and len(names) == len(row)


def _stands_over_figures(row: Sequence[str], below: Cells) -> bool:
    """Whether a record bears no figures and some column below it holds nothing else."""
    if any(map(NUMBER.fullmatch, row)):
        return False
    return any(_holds_only_figures(below, i) for i in range(len(row)))


def _holds_only_figures(rows: Cells, column: int) -> bool:
    """Whether some cells of a column are filled, and all of these are figures."""
    cells = [row[column] for row in rows if column < len(row)]
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and all(map(NUMBER.fullmatch, filled))


def _trim(row: Sequence[str]) -> list[str]:
    """A record without empty cells at its end."""
    found = list(row)
    while found and not found[-1].strip():
        found.pop()
    return found


def quote_above(rows: Cells) -> str:
    """What stands above a header, the first of it."""
    return "; ".join(repr(" ".join(filter(None, row))[:40]) for row in rows[:3])
