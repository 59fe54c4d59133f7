"""Lines of Chinese on a terminal: broken between characters, where Rich breaks at spaces only and
cuts what is longer than a column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

HAN = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
CLOSING = "\u3001\u3002\u300b\u300d\u300f\u3011\uff01\uff09\uff0c\uff1a\uff1b\uff1f"
CLOSING += "\u201d\u2019\u2026\u2014"
OPENING = "\u300a\u300c\u300e\u3010\uff08\u201c\u2018"
# a character with the marks that may not be parted from it, or a word of other letters
PIECE = re.compile(
    rf"\s*[{OPENING}]*(?:[{HAN}]|[^\s{HAN}{OPENING}{CLOSING}]+)?[{CLOSING}]*\s*|\s*\S+\s*"
)


def break_between_characters() -> None:
    """Have Rich break lines of this process between Chinese characters too; a release of it whose
    inner parts are others breaks at spaces only.
    """
    try:
        from rich import _wrap
    except ImportError:
        return
    if "words" in vars(_wrap):
        vars(_wrap)["words"] = split_pieces


def split_pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """The parts of a text that stay whole on a line: start, end and letters of each.

    >>> [piece for _, _, piece in split_pieces("监听地址（见 docs/a.md）；默认。")]
    ['监', '听', '地', '址', '（见 ', 'docs/a.md）；', '默', '认。']
    >>> [piece for _, _, piece in split_pieces("Print the answer as JSON.")]
    ['Print ', 'the ', 'answer ', 'as ', 'JSON.']
    """
    at = 0
    while at < len(text):
        found = PIECE.match(text, at)
        end = found.end() if found and found.end() > at else at + 1
        yield at, end, text[at:end]
        at = end
