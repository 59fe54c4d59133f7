"""Words of a text in any script, each with its place: a word between spaces, a Chinese word where
the library for them is installed, else one character. Knows texts only.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Protocol, cast

# Han, kana, bopomofo, Thai, Lao, Burmese and Khmer: no spaces between words (Unicode Standard Annex
# 29, table of dictionary-based scripts)
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3100-\u312f"
    "\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
# they belong to the character before
MARKS = (
    "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u102b-\u103e"
    "\u17b4-\u17d3\u3099\u309a\ufe00-\ufe0f\uff9e\uff9f\u200d\U000e0100-\U000e01ef"
)
# Khmer and Burmese put a consonant under another one after a sign for it
STACKED = "\u17d2[\u1780-\u17a2]|\u1039[\u1000-\u1021]"
GRAPHEME = f"[{UNSPACED}](?:{STACKED}|[{MARKS}])*"
HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# marks of East Asian texts, which stand between words as a space does
BETWEEN = (
    "\u3001-\u3004\u3008-\u3020\u30fb\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
    "\u2018\u201c\u201d\u2026\u00b7\u2014"
)
_WORD = f"(?P<han>(?:[{HAN}][{MARKS}]*)+)|{GRAPHEME}|[^\\s{UNSPACED}{BETWEEN}]+|[{BETWEEN}]|\\s+"
_SPACED = r"\S+|\s+"
_UNIT = f"{GRAPHEME}|(?:[^\\W\\d_{UNSPACED}][{MARKS}]*)+|\\d+|[^\\s]"
_UNSPACED = f"[{UNSPACED}]"
_HAN = f"[{HAN}]"
_OTHER_UNSPACED = "[\u0e00-\u109f\u1780-\u17ff\u3041-\u309f\u30a1-\u30fa\uff66-\uff9d]"
_OTHER_WORD = f"[^\\W\\d_{UNSPACED}]+"

Span = tuple[int, int]


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """A pattern, compiled when it is first needed: what only checks a file needs none."""
    return re.compile(pattern)


class _Segmenter(Protocol):
    """What is used of the library for Chinese words."""

    def cut(self, text: str, hmm: bool, /) -> list[str]: ...


@lru_cache(maxsize=1)
def _load_segmenter() -> _Segmenter | None:
    """The segmenter of Chinese; None where the extra `chinese` is not installed."""
    try:
        import rjieba
    except ModuleNotFoundError:
        return None
    return cast(_Segmenter, rjieba.Jieba())


def segment(text: str) -> list[str]:
    """A text as words, marks and spaces; joined they are the text.

    Chinese is cut into words where the extra `chinese` is installed; it, Japanese, Thai, Lao,
    Burmese and Khmer are cut into characters otherwise. A text without such scripts is cut at its
    spaces only.

    >>> segment("the card, please"), "".join(segment("我的iPhone 15丢了。"))
    (['the', ' ', 'card,', ' ', 'please'], '我的iPhone 15丢了。')
    """
    if not has_unspaced(text):
        return _compile(_SPACED).findall(text)
    found: list[str] = []
    for match in _compile(_WORD).finditer(text):
        run = match.group()
        if match["han"]:
            found += _cut_chinese(run)
        else:
            found.append(run)
    return found


def _cut_chinese(run: str) -> list[str]:
    """The words of a run of Chinese characters; its characters where no words are known."""
    segmenter, characters = _load_segmenter(), _compile(GRAPHEME).findall(run)
    if segmenter is None:
        return characters
    # without the marks on them, which the library would cut off
    words = segmenter.cut("".join(character[0] for character in characters), True)
    found, at = list[str](), 0
    for word in words:
        found.append("".join(characters[at : at + len(word)]))
        at += len(word)
    return found if "".join(found) == run else characters


def word_places(text: str) -> list[Span]:
    """Where each word or mark of a text begins and ends, spaces left out.

    >>> [("the card 。")[a:b] for a, b in word_places("the card 。")]
    ['the', 'card', '。']
    """
    found: list[Span] = []
    at = 0
    for word in segment(text):
        if not word.isspace():
            found.append((at, at + len(word)))
        at += len(word)
    return found


def unit_places(text: str) -> list[Span]:
    """Where each smallest part that can have a tag of its own begins and ends: a character of a
    script without spaces, a run of other letters, a run of digits, any other sign.

    >>> [("买iPhone15吧, ok")[a:b] for a, b in unit_places("买iPhone15吧, ok")]
    ['买', 'iPhone', '15', '吧', ',', 'ok']
    """
    return [match.span() for match in _compile(_UNIT).finditer(text)]


def has_unspaced(text: str) -> bool:
    """Whether a text has a character of a script without spaces between words.

    >>> has_unspaced("card"), has_unspaced("card 卡")
    (False, True)
    """
    return _compile(_UNSPACED).search(text) is not None


def whole_word(word: str) -> str:
    """A regular expression of a word that is no part of a longer one: letters of scripts with
    spaces do not join it, while a script without spaces has no such edge.

    >>> bool(re.search(whole_word("OK"), "按OK键")), bool(re.search(whole_word("OK"), "OKAY"))
    (True, False)
    >>> bool(re.search(whole_word("期限"), "如果期限48"))
    True
    """
    return f"{word_start(word)}{re.escape(word)}{word_end(word)}"


def word_start(word: str) -> str:
    """A regular expression of the edge before a word; empty where its script has none."""
    return "" if has_unspaced(word[:1]) else f"(?<![^\\W{UNSPACED}])"


def word_end(word: str) -> str:
    """A regular expression of the edge after a word; empty where its script has none."""
    return "" if has_unspaced(word[-1:]) else f"(?![^\\W{UNSPACED}])"


def can_cut_chinese() -> bool:
    """Whether the library for Chinese words is installed."""
    return _load_segmenter() is not None


def is_han(character: str) -> bool:
    """Whether a character is a Chinese one.

    >>> is_han("卡"), is_han("カ"), is_han("，"), is_han("")
    (True, False, False, False)
    """
    return _compile(_HAN).match(character) is not None


def is_chinese(text: str) -> bool:
    """Whether a text is Chinese by its characters: Chinese ones, no kana, and few words between
    spaces.

    >>> is_chinese("我的iPhone坏了"), is_chinese("カードを紛失"), is_chinese("a 卡 is a card")
    (True, False, False)
    """
    return (
        is_unspaced(text)
        and _compile(_HAN).search(text) is not None
        and not _compile(_OTHER_UNSPACED).search(text)
    )


def is_unspaced(text: str) -> bool:
    """Whether a text has as many characters of scripts without spaces between words as words of
    others.

    >>> is_unspaced("我的iPhone坏了吗"), is_unspaced("the word 卡 means card")
    (True, False)
    """
    unspaced = len(_compile(_UNSPACED).findall(text))
    return unspaced > 0 and unspaced >= len(_compile(_OTHER_WORD).findall(text))


def name_script(script: str) -> str:
    """A script's name in Unicode as it is written in a text.

    >>> name_script("CYRILLIC"), name_script("CJK")
    ('Cyrillic', 'CJK')
    """
    return script if script == "CJK" else script.title()
