"""What a workbook does not tell by its values: formulas without a stored value, values that are to
be recomputed, errors, merged cells.

Knows the parts of Office Open XML and OpenDocument as far as these need. Opens no sheet for its
values.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path

BLOCK = 1 << 20
MOST_CELL = 200_000  # characters of one cell's markup
MOST_PART = 20_000_000  # bytes of the list of sheets, and of a document in OpenDocument
FORMULA = re.compile(r"<(?:\w+:)?f[\s/>]")
START = re.compile(r"<(?:\w+:)?c[\s>]")
VALUE = re.compile(r"<(?:\w+:)?(?:v|is)(?:\s[^>]*)?>\s*[^<\s]|<(?:\w+:)?is[\s>]")
ERROR = re.compile(r"""<(?:\w+:)?c\s(?:[^>]*\s)?t=["']e["'][^>]*>""")
CELL_END = re.compile(r"</(?:\w+:)?c>")
# the first and last cell, as row and column from 0
CellRange = tuple[tuple[int, int], tuple[int, int]]
ODS_CELL = re.compile(r"<table:table-cell\b[^>]*\btable:formula=[^>]*>")


def note_formulas(path: Path, sheet: str, label: str) -> list[str]:
    """Sentences about a sheet's formulas whose values are not stored or are to be recomputed;
    none for a file of another kind.
    """
    if not zipfile.is_zipfile(path):
        return []
    try:
        with zipfile.ZipFile(path) as book:
            names = set(book.namelist())
            if "xl/workbook.xml" in names:
                return _of_xlsx(book, sheet, label)
            if "content.xml" in names:
                return _of_ods(book, sheet, label)
            return []
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        KeyError,
        IndexError,
        NotImplementedError,
        RuntimeError,
    ):
        return []


def note_merged(ranges: Sequence[CellRange], header: int, label: str) -> list[str]:
    """A sentence about merged cells from the header on.

    Args:
        ranges: the first and last cell of each, as row and column from 0.
        header: the row of the names, from 1.

    >>> note_merged([((1, 0), (3, 0))], 1, "a.xlsx#s")[0][:45]
    "'a.xlsx#s' has 1 merged range (first A2:A4): "
    """
    here = sorted(r for r in ranges if r[1][0] >= header - 1 and r[0] != r[1])
    if not here:
        return []
    hidden = sum(map(_hidden_cells, here))
    its = "its" if len(here) == 1 else "their"
    others = _count(hidden, "other cell")
    return [
        f"'{label}' has {_count(len(here), 'merged range')} (first {_range_name(here[0])}): {its}"
        f" first cell has the value, the {others} are missing"
    ]


def _hidden_cells(merged: CellRange) -> int:
    """How many cells of a merged range are not its first."""
    (top, left), (bottom, right) = merged
    return (bottom - top + 1) * (right - left + 1) - 1


def _range_name(merged: CellRange) -> str:
    """A range as a spreadsheet names it.

    >>> _range_name(((1, 0), (3, 0)))
    'A2:A4'
    """
    (top, left), (bottom, right) = merged
    return f"{_letters(left)}{top + 1}:{_letters(right)}{bottom + 1}"


def _count(number: int, noun: str) -> str:
    """A number of things in words.

    >>> _count(1, "cell"), _count(2, "cell")
    ('1 cell', '2 cells')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _letters(column: int) -> str:
    """A column's letters, from 0.

    >>> _letters(0), _letters(27)
    ('A', 'AB')
    """
    found = ""
    column += 1
    while column:
        column, left = divmod(column - 1, 26)
        found = chr(65 + left) + found
    return found


def _of_xlsx(book: zipfile.ZipFile, sheet: str, label: str) -> list[str]:
    main = book.open("xl/workbook.xml").read(MOST_PART).decode("utf-8", "replace")
    links = book.open("xl/_rels/workbook.xml.rels").read(MOST_PART).decode("utf-8", "replace")
    part = _part_of(main, links, sheet)
    missing: list[str] = []
    formulas = 0
    for cell in _formulas(book, part):
        formulas += 1
        head = cell.partition(">")[0]
        if not VALUE.search(cell) and _value(head, "t") != "str":
            missing.append(_value(head, "r"))
    notes = _note_missing(missing, label)
    if len(missing) < formulas and re.search(r'fullCalcOnLoad="(?:1|true)"', main):
        notes.append(_note_outdated(formulas - len(missing), label))
    return notes + _note_errors(_error_cells(book, part), label)


def _note_outdated(many: int, label: str) -> str:
    """A sentence about formulas whose values a workbook asks to be recomputed."""
    what = f"the stored values of {many} formulas"
    if many == 1:
        what = "the stored value of 1 formula"
    return (
        f"'{label}' asks to be recomputed when it is opened, so {what} may be out of date;"
        " open and save it in a spreadsheet program"
    )


def _part_of(main: str, links: str, sheet: str) -> str:
    """The part of a workbook that holds a sheet.

    Args:
        main: the markup of the list of sheets.
        links: the markup of its relationships.
    """
    ident = _attribute_of(re.findall(r"<(?:\w+:)?sheet\s[^>]*>", main), "name", sheet, r"\w+:id")
    relationships = re.findall(r"<(?:\w+:)?Relationship\s[^>]*>", links)
    target = _attribute_of(relationships, "Id", ident, "Target")
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _attribute_of(tags: Sequence[str], key: str, value: str, name: str) -> str:
    """An attribute of the first tag that has it and whose other attribute is a value; or empty."""
    for tag in tags:
        if unescape(_value(tag, key)) == value and _value(tag, name):
            return _value(tag, name)
    return ""


def _error_cells(book: zipfile.ZipFile, part: str) -> list[str]:
    """The cells that hold an error, such as #N/A or #DIV/0!."""
    found: list[str] = []
    with book.open(part) as handle:
        text = ""
        while block := handle.read(BLOCK):
            text += block.decode("latin-1")
            whole = text.rfind(">") + 1  # a tag may go on in the next block
            found += [_value(tag, "r") for tag in ERROR.findall(text[:whole])]
            text = text[whole:][-MOST_CELL:]
    return found


def _note_errors(cells: Sequence[str], label: str) -> list[str]:
    if not cells:
        return []
    them = "it" if len(cells) == 1 else "them"
    return [
        f"'{label}' has {_count(len(cells), 'cell')} with an error such as #N/A or"
        f" #DIV/0!{_first_of(cells)}, read as missing; correct {them} in the workbook"
    ]


def _first_of(cells: Sequence[str]) -> str:
    return f" (first {cells[0]})" if cells[0] else ""


def _formulas(book: zipfile.ZipFile, part: str) -> Iterator[str]:
    """The markup of each cell that has a formula."""
    with book.open(part) as handle:
        text, at = "", 0
        while True:
            block = handle.read(BLOCK)
            text = text[max(0, min(at, len(text))) :] + block.decode("latin-1")
            at = 0
            for start, end in _formula_cells(text):
                if start >= 0:
                    yield text[start:end]
                at = end
            if not block:
                return
            at = max(at, len(text) - MOST_CELL)
            if not FORMULA.search(text, at):
                at = max(at, len(text) - 2000)  # a cell may start at the end of a block


def _formula_cells(text: str) -> Iterator[tuple[int, int]]:
    """Where the cells begin and end that have a formula, up to one whose end is not in the
    text; a beginning that is not in the text is -1.
    """
    at = 0
    while found := FORMULA.search(text, at):
        end = CELL_END.search(text, found.start())
        if end is None:
            return
        starts = START.finditer(text, max(at, found.start() - 2000), found.start())
        yield max((start.start() for start in starts), default=-1), end.end()
        at = end.end()


def _of_ods(book: zipfile.ZipFile, sheet: str, label: str) -> list[str]:
    if book.getinfo("content.xml").file_size > MOST_PART:
        return []
    text = book.open("content.xml").read(MOST_PART).decode("utf-8", "replace")
    cells = [c for c in ODS_CELL.findall(_ods_table(text, sheet)) if "office:value-type=" not in c]
    return _note_missing(["" for _ in cells], label)


def _ods_table(text: str, sheet: str) -> str:
    """The markup of a sheet in a document; empty where there is none."""
    for part in re.split(r"(?=<table:table\s)", text):
        if part.startswith("<table:table"):
            head = part.partition(">")[0]
            if unescape(_value(head, "table:name")) == sheet:
                return part
    return ""


def _note_missing(cells: Sequence[str], label: str) -> list[str]:
    if not cells:
        return []
    return [
        f"'{label}' has {_count(len(cells), 'formula')} without a stored value{_first_of(cells)},"
        " read as missing; open and save it in a spreadsheet program to store them"
    ]


def _value(tag: str, name: str) -> str:
    """An attribute of a tag, empty where it has none."""
    match = re.search(rf"""\s{name}\s*=\s*(?:"([^"]*)"|'([^']*)')""", tag)
    if not match:
        return ""
    return match[1] or match[2] or ""
