"""Robustness: the same test rows with slips of the finger, or with words left out and moved. Knows
texts only.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mesocosm.learning.features.word_pieces import script

Array = np.ndarray[Any, Any]
MOST = 300
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def add_typos(text: str, rng: random.Random) -> str:
    """One slip in a text, and one more for every forty characters: a letter swapped, left out,
    doubled, or a key beside it.
    """
    said = text
    for _ in range(1 + len(text) // 40):
        spots = [i for i, c in enumerate(said) if c.isalpha()]
        if not spots:
            return said
        i = rng.choice(spots)
        near = next((row for row in KEYS if said[i].lower() in row), "")
        other = (
            rng.choice(
                [
                    near[j]
                    for j in (near.find(said[i].lower()) - 1, near.find(said[i].lower()) + 1)
                    if 0 <= j < len(near)
                ]
            )
            if near
            else said[i]
        )
        said = rng.choice(
            [
                said[:i] + said[i + 1 : i + 2] + said[i] + said[i + 2 :],
                said[:i] + said[i + 1 :],
                said[:i] + said[i] + said[i:],
                said[:i] + other + said[i + 1 :],
            ]
        )
    return said


OPENED = {
    "can't": "cannot",
    "don't": "do not",
    "doesn't": "does not",
    "didn't": "did not",
    "won't": "will not",
    "isn't": "is not",
    "i'm": "i am",
    "what's": "what is",
    "i've": "i have",
    "it's": "it is",
}
ENDS = " .?!\u3002\uff1f\uff01\uff0e"
POLITE: dict[str, tuple[tuple[str, str], ...]] = {  # by script; what is put before and after
    "LATIN": (
        ("hello, ", ""),
        ("hi there, ", ""),
        ("", " please"),
        ("so ", ""),
        ("", ", thanks"),
        ("just asking: ", ""),
    ),
    "CJK": (
        ("你好，", ""),
        ("您好，", ""),
        ("请问，", ""),
        ("", "，谢谢"),
        ("", "，麻烦了"),
        ("想问一下，", ""),
    ),
    "HIRAGANA": (("すみません、", ""), ("こんにちは、", ""), ("", "、お願いします")),
    "KATAKANA": (("すみません、", ""), ("こんにちは、", ""), ("", "、お願いします")),
    "HANGUL": (("안녕하세요, ", ""), ("실례지만 ", ""), ("", " 감사합니다")),
    "CYRILLIC": (("здравствуйте, ", ""), ("", ", пожалуйста"), ("", ", спасибо")),
}
FOREIGN = frozenset(
    [
        "der",
        "das",
        "und",
        "ist",
        "nicht",
        "ich",
        "ein",
        "eine",
        "mein",
        "meine",
        "wie",
        "le",
        "les",
        "des",
        "est",
        "pas",
        "je",
        "mon",
        "ma",
        "une",
        "el",
        "los",
        "las",
        "que",
        "mi",
        "il",
        "che",
        "non",
        "sono",
        "uma",
        "não",
        "het",
        "een",
        "niet",
        "de",
        "la",
    ]
)
ENGLISH = frozenset(
    [
        "the",
        "a",
        "an",
        "is",
        "are",
        "my",
        "i",
        "to",
        "what",
        "how",
        "can",
        "do",
        "you",
        "of",
        "and",
        "it",
        "in",
        "for",
        "not",
        "this",
        "that",
        "on",
        "with",
        "be",
        "have",
    ]
)


def polite_phrases(text: str) -> tuple[tuple[str, str], ...]:
    """Polite words in a text's own language as far as its script tells it; none where its script is
    not known or its words are of another language.
    """
    kind, words = script(text), set(text.lower().split())
    kind = "HIRAGANA" if kind == "CJK" and any("\u3040" <= c <= "\u30ff" for c in text) else kind
    if (
        kind == "LATIN"
        and not words & ENGLISH
        and (words & FOREIGN or any(c.isalpha() and not c.isascii() for c in text))
    ):
        return ()
    return POLITE.get(kind, ())


def paraphrase(text: str, rng: random.Random) -> str:
    """A text in other words as far as no model is needed: polite words of its language around it,
    contractions opened, no capitals or marks at its end.
    """
    said = " ".join(OPENED.get(w.lower(), w) for w in text.rstrip(ENDS).split()).lower()
    before, after = rng.choice(polite_phrases(text) or (("", ""),))
    return f"{before}{said}{after}"


WAYS: dict[str, Callable[[str, random.Random], str]] = {"typo": add_typos, "paraphrase": paraphrase}


def measure_robustness(
    texts: Sequence[str],
    y: Array,
    probabilities: Callable[[Sequence[str], Array], Array],
    seed: int,
) -> dict[str, Any]:
    """Accuracy on the same test rows as they are and changed in each way.

    Args:
        texts: the text of each test row.
        probabilities: what the model says of changed texts, for the rows of those numbers.
    """
    pick = np.sort(np.random.default_rng(seed).permutation(len(texts))[:MOST])
    found: dict[str, Any] = {
        "rows": len(pick),
        "as_they_are": round(
            float((probabilities([texts[i] for i in pick], pick).argmax(1) == y[pick]).mean()), 4
        ),
    }
    for name, way in WAYS.items():
        rng = random.Random(seed)
        found[name] = round(
            float(
                (
                    probabilities([way(texts[i], rng) for i in pick], pick).argmax(1) == y[pick]
                ).mean()
            ),
            4,
        )
    return found
