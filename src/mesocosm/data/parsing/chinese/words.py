"""Words that begin as Chinese family names do and are no names, as 顾客 and 周围."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

PARTICLES = frozenset("了的着过吗呢吧啊不没就")  # no name holds them


@lru_cache(maxsize=1)
def _load_words() -> frozenset[str]:
    lines = Path(__file__).with_name("words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def is_word(text: str, begins: bool = False) -> bool:
    """Whether a Chinese text is a word that is no name.

    Args:
        begins: whether it is enough that it begins with one.

    >>> is_word("顾客"), is_word("古城内"), is_word("古城内", begins=True), is_word("王小明")
    (True, False, True, False)
    """
    if PARTICLES.intersection(text):
        return True
    words = _load_words()
    return text in words or (begins and text[:2] in words)
