"""How right tags are: whole named things found, beside a dictionary of those known. Knows tags,
and no net.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mesocosm.learning.evaluation import metrics
from mesocosm.learning.tasks.tagging.words import NONE, spans

Array = np.ndarray[Any, Any]


def _counts(said: Sequence[Sequence[str]], right: Sequence[Sequence[str]]) -> Array:
    """Of each text: named things found right, said, and there (texts, 3)."""
    return np.array(
        [
            [len(spans(a) & spans(b)), len(spans(a)), len(spans(b))]
            for a, b in zip(said, right, strict=True)
        ]
    ).reshape(-1, 3)


def _f1(counts: Array) -> float:
    true, told, there = counts.sum(0)
    return float(2 * true / (told + there)) if told + there else 1.0


def judged(
    said: Sequence[Sequence[str]], right: Sequence[Sequence[str]], seed: int
) -> dict[str, Any]:
    """Precision, recall and F1 of whole named things, and the share of words with the right tag.

    Source: Tjong Kim Sang and De Meulder 2003, CoNLL (exact spans).
    """
    counts = _counts(said, right)
    true, told, there = counts.sum(0)
    words = np.array(
        [
            [sum(a == b for a, b in zip(s, r, strict=True)), len(r)]
            for s, r in zip(said, right, strict=True)
        ]
    )
    found: dict[str, Any] = {
        "span_f1": round(_f1(counts), 4),
        "span_precision": round(float(true / told), 4) if told else 0.0,
        "span_recall": round(float(true / there), 4) if there else 0.0,
        "token_accuracy": round(float(words[:, 0].sum() / max(1, words[:, 1].sum())), 4),
        "rows": len(right),
    }
    found["interval"] = {
        "span_f1": metrics.bootstrap_interval(lambda i: _f1(counts[i]), len(counts), seed)
    }
    kinds = sorted({kind for tags in right for _, _, kind in spans(tags)})
    found["classes"] = {k: _of_kind(k, said, right) for k in kinds}
    return found


def _of_kind(
    kind: str, said: Sequence[Sequence[str]], right: Sequence[Sequence[str]]
) -> dict[str, Any]:
    only = [[{s for s in spans(t) if s[2] == kind} for t in some] for some in (said, right)]
    true, told, there = (
        sum(len(a & b) for a, b in zip(*only, strict=True)),
        sum(map(len, only[0])),
        sum(map(len, only[1])),
    )
    precision, recall = true / told if told else 0.0, true / there if there else 0.0
    return {
        "rows": there,
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": (
            round(2 * precision * recall / (precision + recall), 4) if precision + recall else 0.0
        ),
    }


def looked_up(
    texts: Mapping[str, list[str]], right: Mapping[str, list[list[str]]]
) -> list[list[str]]:
    """Tags of the test texts by the named things of the training texts, the longest first."""
    known: dict[tuple[str, ...], str] = {}
    for text, tags in zip(texts["train"], right["train"], strict=True):
        said = text.split()
        known |= {tuple(w.lower() for w in said[a:b]): kind for a, b, kind in spans(tags)}
    longest = max(map(len, known), default=0)
    found = []
    for text in texts["test"]:
        said, at = [w.lower() for w in text.split()], 0
        tags = [NONE] * len(said)
        while at < len(said):
            size = next(
                (
                    n
                    for n in range(min(longest, len(said) - at), 0, -1)
                    if tuple(said[at : at + n]) in known
                ),
                0,
            )
            if size:
                kind = known[tuple(said[at : at + size])]
                tags[at : at + size] = [f"B-{kind}", *[f"I-{kind}"] * (size - 1)]
            at += size or 1
        found.append(tags)
    return found


def against(
    said: Sequence[Sequence[str]], other: Sequence[Sequence[str]], right: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """Another's figures on the same texts, the gain in F1 and Wilcoxon's p of mistakes a text."""
    from scipy.stats import wilcoxon

    mine, theirs = _counts(said, right), _counts(other, right)
    wrong = [c[:, 1] + c[:, 2] - 2 * c[:, 0] for c in (mine, theirs)]
    p = float(wilcoxon(*wrong).pvalue) if np.any(wrong[0] != wrong[1]) else 1.0
    return {
        "span_f1": round(_f1(theirs), 4),
        "gain": round(_f1(mine) - _f1(theirs), 4),
        "p": round(p, 6),
    }
