"""Values of rows inside sentences: marked where a sentence is written, shown or withheld by role
where it leaves.

A mark is a pair of Unicode noncharacters, which no exchanged text contains. The catalog keeps
sentences with their marks. Whatever shows a sentence to its owner removes them (`plain`); whatever
sends it to another role, a webhook or a mail removes the values too (`withheld`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TypeVar, cast

Data = TypeVar("Data")

START, END = "\ufdd0", "\ufdd1"
WITHHELD = "[withheld]"
_FORMS = [  # as they are, and as JSON writers that keep to ASCII spell them
    (START.encode(), END.encode(), re.compile(b"\xef\xb7\x90.*?\xef\xb7\x91", re.DOTALL)),
    (rb"\ufdd0", rb"\ufdd1", re.compile(rb"\\ufdd0.*?\\ufdd1", re.DOTALL)),
]
_SPAN = re.compile(f"{START}.*?{END}", re.DOTALL)
_QUOTED = re.compile(r"'([^']{1,200})'")


def mark_value(value: object) -> str:
    """A value of a row as part of a sentence.

    >>> plain(f"place is {mark_value('Bonn')}"), withheld(f"place is {mark_value('Bonn')}")
    ('place is Bonn', 'place is [withheld]')
    """
    return START + plain(str(value)) + END


def mark_quoted(text: str, names: Collection[str]) -> str:
    """A sentence of an error with what it quotes marked, except the file's own names.

    >>> withheld(mark_quoted("column 'age' has '4o'", {"age"}))
    "column 'age' has '[withheld]'"
    """

    def mark(found: re.Match[str]) -> str:
        if found[1] in names:
            return found[0]
        return f"'{mark_value(found[1])}'"

    return _QUOTED.sub(mark, text)


def plain(text: str) -> str:
    """A sentence without its marks."""
    return text.replace(START, "").replace(END, "")


def withheld(text: str) -> str:
    """A sentence without the values of rows."""
    return plain(_SPAN.sub(WITHHELD, text))


def plain_all(value: Data) -> Data:
    """JSON-ready data without marks."""
    return cast(Data, _each(value, plain))


def withheld_all(value: Data) -> Data:
    """JSON-ready data whose sentences have no values of rows."""
    return cast(Data, _each(value, withheld))


def shown_bytes(data: bytes, all_values: bool) -> bytes:
    """An encoded answer without marks; without the marked values too, unless all are shown.

    >>> shown_bytes(mark_value("Bonn").encode(), True)
    b'Bonn'
    >>> shown_bytes(mark_value("Bonn").encode(), False)
    b'[withheld]'
    """
    for start, end, span in _FORMS:
        if start in data:
            if not all_values:
                data = span.sub(WITHHELD.encode(), data)
            data = data.replace(start, b"").replace(end, b"")
    return data


def _each(value: object, call: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return call(value)
    if isinstance(value, dict):
        return {k: _each(v, call) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each(v, call) for v in value]
    return value
