"""Robustness: the same test rows with slips of the finger, or with words left out and moved. Knows texts only."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
MOST = 300
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def slip(text: str, rng: random.Random) -> str:
    """One slip in a text, and one more for every forty characters: a letter swapped, left out, doubled, or a key beside it."""
    said = text
    for _ in range(1 + len(text) // 40):
        spots = [i for i, c in enumerate(said) if c.isalpha()]
        if not spots:
            return said
        i = rng.choice(spots)
        near = next((row for row in KEYS if said[i].lower() in row), "")
        other = rng.choice([near[j] for j in (near.find(said[i].lower()) - 1, near.find(said[i].lower()) + 1) if 0 <= j < len(near)]) if near else said[i]
        said = rng.choice([
            said[:i] + said[i + 1 : i + 2] + said[i] + said[i + 2 :],
            said[:i] + said[i + 1 :],
            said[:i] + said[i] + said[i:],
            said[:i] + other + said[i + 1 :],
        ])  # fmt: skip
    return said


def otherwise(text: str, rng: random.Random) -> str:
    """A text in other words as far as no model is needed: polite words around it, contractions opened, no capitals or marks at its end."""
    opened = {"can't": "cannot", "don't": "do not", "doesn't": "does not", "didn't": "did not", "won't": "will not", "isn't": "is not", "i'm": "i am", "what's": "what is", "i've": "i have", "it's": "it is"}
    words = [opened.get(w.lower(), w) for w in text.rstrip(" .?!").split()]
    said = " ".join(words).lower()
    before, after = rng.choice([("hello, ", ""), ("hi there, ", ""), ("", " please"), ("so ", ""), ("", ", thanks"), ("just asking: ", "")])
    return f"{before}{said}{after}"


WAYS: dict[str, Callable[[str, random.Random], str]] = {"typo": slip, "paraphrase": otherwise}


def robustness(texts: Sequence[str], y: Array, probabilities: Callable[[Sequence[str], Array], Array], seed: int) -> dict[str, Any]:
    """Accuracy on the same test rows as they are and changed in each way.

    Args:
        texts: the text of each test row.
        probabilities: what the model says of changed texts, for the rows of those numbers.
    """
    pick = np.sort(np.random.default_rng(seed).permutation(len(texts))[:MOST])
    found: dict[str, Any] = {"rows": len(pick), "as_they_are": round(float((probabilities([texts[i] for i in pick], pick).argmax(1) == y[pick]).mean()), 4)}
    for name, way in WAYS.items():
        rng = random.Random(seed)
        found[name] = round(float((probabilities([way(texts[i], rng) for i in pick], pick).argmax(1) == y[pick]).mean()), 4)
    return found
