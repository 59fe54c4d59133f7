"""Names of the columns that recipes add beside the fields, which no field can have.

SQL of the build names three sorts of columns. Fields have the names of the file. Lineage columns
(`LINEAGE_COLUMNS`) are stored beside them. Working columns live inside one query and start with
`PREFIX`, a control character that `check` refuses in the name of a field. The engine compares names
without regard to case, so two fields whose names differ only in case are refused as well.
"""

from __future__ import annotations

from collections.abc import Iterable

PREFIX = "\x1f"
LINEAGE_COLUMNS = frozenset(
    [
        "_also",
        "_broken",
        "_file",
        "_flags",
        "_h",
        "_line",
        "_mended",
        "_part",
        "_row",
        "_source",
        "_split",
        "_unmatched",
        "_why",
    ]
)
READ_OTHERWISE = PREFIX + "read"  # of read rows: the fields whose text was read as another value
PLACE_COLUMNS = ("_file", "_line")  # beside the columns of a source in its table


def quote(name: str) -> str:
    """A name as a SQL identifier: within double quotes, its own doubled."""
    return '"' + name.replace('"', '""') + '"'


def working_column(name: str) -> str:
    """A working column of one query as a SQL identifier; no field and no column of a source has its
    name.

    >>> working_column("group")
    '"\\x1fgroup"'
    """
    return quote(PREFIX + name)


def raw_names(columns: Iterable[str]) -> dict[str, str]:
    """The name of each source's column in the table of raw rows, where the lineage columns stand
    too.

    >>> raw_names(["age", "AGE", "_Row"])
    {'AGE': 'AGE', '_Row': '\\x1f1_Row', 'age': '\\x1f2age'}
    """
    found: dict[str, str] = {}
    seen = set(LINEAGE_COLUMNS)
    for number, column in enumerate(sorted(set(columns))):
        plain = column.lower() not in seen and not column.startswith(PREFIX)
        found[column] = column if plain else f"{PREFIX}{number}{column}"
        seen.add(column.lower())
    return found


def find_name_problem(name: str) -> str | None:
    """Why a field cannot have a name, or None.

    >>> find_name_problem("select"), find_name_problem("_row")
    (None, "'_row' is the name of a column that every governed table has")
    """
    if not name.strip():
        return "the name of a field is blank"
    if name.lower() in LINEAGE_COLUMNS:
        return f"'{name}' is the name of a column that every governed table has"
    if "\x00" in name or PREFIX in name:
        return "the name of a field holds a control character (U+0000 or U+001F)"
    return None


def find_same_but_case(names: Iterable[str]) -> tuple[str, str] | None:
    """The first two names that differ only in the case of letters, or None.

    >>> find_same_but_case(["age", "Bonn", "AGE"])
    ('age', 'AGE')
    """
    seen: dict[str, str] = {}
    for name in names:
        low = name.lower()
        if low in seen:
            return seen[low], name
        seen[low] = name
    return None


def name_entry(name: str) -> str:
    """A name as one entry of a list of names in a stored text, whose entries end with `;`.

    >>> split_entries(name_entry("a;b") + name_entry("c"))
    ['a;b', 'c']
    """
    return name.replace(";", PREFIX) + ";"


def split_entries(entries: str) -> list[str]:
    """The names in such a list."""
    return [entry.replace(PREFIX, ";") for entry in entries.split(";")[:-1]]
