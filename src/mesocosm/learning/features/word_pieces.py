"""Texts split into pieces: words between spaces, and single characters in scripts that put no
spaces between words. Knows texts only.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from mesocosm.core.values.words import GRAPHEME, UNSPACED

PIECE = re.compile(f"{GRAPHEME}|[^\\s{UNSPACED}]+")
FIRST_UNSPACED = re.compile(f"[{UNSPACED}]")
WORD = re.compile(r"\w\w+")


def piece_spans(text: str) -> list[tuple[int, int]]:
    """Where each piece of a text begins and ends; a piece is a word between spaces or one character
    of a script without spaces.

    >>> [("the card 丢了。")[a:b] for a, b in piece_spans("the card 丢了。")]
    ['the', 'card', '丢', '了', '。']
    """
    return [m.span() for m in PIECE.finditer(text)]


def remove_piece(text: str, span: tuple[int, int]) -> str:
    """A text without one piece; of the spaces around it one stays.

    >>> remove_piece("the card is lost", (4, 8)), remove_piece("卡丢了", (1, 2))
    ('the is lost', '卡了')
    """
    before, after = text[: span[0]], text[span[1] :]
    if not before or before[-1:].isspace():
        after = after.lstrip()
    if not after:
        return before.rstrip()
    return before + after


def extract_terms(text: str) -> list[str]:
    """The terms of a bag of words: words of two letters and more in lower case; single characters
    of scripts without spaces; where a text has neither, each of its characters but spaces.

    >>> extract_terms("A card"), extract_terms("卡 X1"), extract_terms("A"), extract_terms("👍 👍")
    (['card'], ['卡', 'x1'], ['a'], ['👍', '👍'])
    """
    lower = text.lower()
    terms: list[str] = []
    pieces: list[str] = PIECE.findall(lower)
    for piece in pieces:
        if FIRST_UNSPACED.match(piece):
            terms.append(piece)
        else:
            words: list[str] = WORD.findall(piece)
            terms += words
    return terms or [c for c in lower if not c.isspace()]


def dominant_script(text: str) -> str:
    """The script of most of a text's letters, by its Unicode name: `LATIN`, `CJK`, `HIRAGANA`,
    `CYRILLIC` and so on; empty without letters.

    >>> dominant_script("Der Zug"), dominant_script("银行卡 lost"), dominant_script("👍")
    ('LATIN', 'LATIN', '')
    """
    counts = Counter(unicodedata.name(c, "").split(" ")[0] for c in text if c.isalpha())
    if not counts:
        return ""
    return counts.most_common(1)[0][0]
