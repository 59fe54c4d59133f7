"""Robustness: the same test rows with typos, or paraphrased. Knows texts only."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from mesocosm.core.values.words import is_chinese
from mesocosm.learning.arrays import Array, Ints
from mesocosm.learning.augmentation.chinese_paraphrases import (
    can_convert,
    change_script,
    change_width,
    paraphrase_chinese,
)
from mesocosm.learning.augmentation.chinese_typos import add_chinese_typos
from mesocosm.learning.features.word_pieces import dominant_script

MAX_ROWS = 300
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def add_typos(text: str, rng: random.Random) -> str:
    """A text with one typo, and one more for every forty characters: a letter swapped, left out,
    doubled, or replaced by a neighbouring key. A Chinese text has typos of its own kinds.
    """
    if is_chinese(text):
        return add_chinese_typos(text, rng)
    changed = text
    for _ in range(1 + len(text) // 40):
        letters = [i for i, c in enumerate(changed) if c.isalpha()]
        if not letters:
            return changed
        i = rng.choice(letters)
        before, letter, after = changed[:i], changed[i], changed[i + 1 :]
        neighbour = letter
        if keys := _neighbouring_keys(letter):
            neighbour = rng.choice(keys)
        changed = rng.choice(
            [
                before + after[:1] + letter + after[1:],
                before + after,
                before + letter + letter + after,
                before + neighbour + after,
            ]
        )
    return changed


def _neighbouring_keys(letter: str) -> list[str]:
    """The keys left and right of a letter on a keyboard; none for other characters."""
    key = letter.lower()
    row = next((row for row in KEYS if key in row), "")
    at = row.find(key)
    return [row[j] for j in (at - 1, at + 1) if row and 0 <= j < len(row)]


EXPANDED = {  # contractions
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
POLITE: dict[str, tuple[tuple[str, str], ...]] = {  # by script; what is put before and after a text
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
    """Polite phrases in a text's own language, as far as its script identifies it; none where its
    script is unknown or its words are of another language.
    """
    kind = dominant_script(text)
    if kind == "LATIN" and _is_foreign(text):
        return ()
    if kind == "CJK" and _has_kana(text):
        return POLITE["HIRAGANA"]
    return POLITE.get(kind, ())


def _has_kana(text: str) -> bool:
    return any("\u3040" <= c <= "\u30ff" for c in text)


def _is_foreign(text: str) -> bool:
    """Whether a text in Latin letters has words of another language, or accents, and no English."""
    words = set(text.lower().split())
    if words & ENGLISH:
        return False
    accented = any(c.isalpha() and not c.isascii() for c in text)
    return accented or bool(words & FOREIGN)


def paraphrase(text: str, rng: random.Random) -> str:
    """A paraphrase of a text, as far as no model is needed: polite phrases of its language around
    it, contractions expanded, no capitals or punctuation at its end; of a Chinese one, other words
    and another order of clauses too.
    """
    if is_chinese(text):
        return paraphrase_chinese(text.lower(), rng)
    words = [EXPANDED.get(w.lower(), w) for w in text.rstrip(ENDS).split()]
    before, after = rng.choice(polite_phrases(text) or (("", ""),))
    return f"{before}{' '.join(words).lower()}{after}"


WAYS: dict[str, Callable[[str, random.Random], str]] = {
    "typo": add_typos,
    "paraphrase": paraphrase,
}


CHINESE_WAYS: dict[str, Callable[[str], str]] = {  # measured where most texts are Chinese
    "other_script": change_script,
    "other_width": change_width,
}


def measure_robustness(
    texts: Sequence[str],
    y: Array,
    probabilities: Callable[[Sequence[str], Ints], Array],
    seed: int,
) -> dict[str, float]:
    """Accuracy on the same test rows unmodified and changed in each way; of Chinese texts in the
    other script (traditional, simplified) and width (full, half) too.

    Args:
        texts: the text of each test row.
        probabilities: predictions for changed texts of the rows of given numbers.
    """
    pick: Ints = np.sort(np.random.default_rng(seed).permutation(len(texts))[:MAX_ROWS])
    original = [texts[i] for i in pick]

    def measure_accuracy(changed: Sequence[str]) -> float:
        predictions: Ints = probabilities(changed, pick).argmax(1)
        return round(float(np.mean(predictions == y[pick])), 4)

    found: dict[str, float] = {"rows": len(pick), "as_they_are": measure_accuracy(original)}
    for name, change in WAYS.items():
        rng = random.Random(seed)
        found[name] = measure_accuracy([change(text, rng) for text in original])
    if 2 * sum(map(is_chinese, original)) > len(original):
        for name, convert in CHINESE_WAYS.items():
            if name != "other_script" or can_convert():
                found[name] = measure_accuracy([convert(text) for text in original])
    return found
