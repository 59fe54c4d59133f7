"""Chinese names in Latin letters, by their sounds. Knows pypinyin, where it is installed."""

from __future__ import annotations

import re
from importlib.util import find_spec

HAN = re.compile(r"[\u4e00-\u9fff]+")


def spell_in_latin(text: str) -> str:
    """A text with its Chinese words in pinyin; as it is without pypinyin (the extra `chinese`).

    >>> spell_in_latin("loans")
    'loans'
    """
    if not HAN.search(text) or find_spec("pypinyin") is None:
        return text
    from pypinyin import Style, lazy_pinyin

    return HAN.sub(lambda run: "".join(lazy_pinyin(run[0], style=Style.NORMAL)), text)


def name_source(stem: str, number: int) -> str:
    """A name of a source in small Latin letters, of a Chinese file's name its sounds; the path
    beside it says the file.

    Args:
        number: which of the files it is, for a name without Latin letters.

    >>> name_source("Loans 2026", 1), name_source("Данные", 2)
    ('loans-2026', 'table-2')
    """
    latin = spell_in_latin(stem).lower()
    name = re.sub(r"[^a-z0-9]+", "-", latin).strip("-") or f"table-{number}"
    if not name[0].isalpha():
        name = f"data-{name}"
    return name[:50]
