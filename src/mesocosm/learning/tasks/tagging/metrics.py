"""Metrics of tags: whole spans, compared with a dictionary of known ones. Knows no net."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mesocosm.learning.arrays import Ints
from mesocosm.learning.evaluation import metrics
from mesocosm.learning.tasks.outcome import Metrics
from mesocosm.learning.tasks.significance import wilcoxon_p
from mesocosm.learning.tasks.tagging.parts import find_places
from mesocosm.learning.tasks.tagging.words import OUTSIDE, extract_spans


def _count_spans(predicted_tags: Sequence[Sequence[str]], right: Sequence[Sequence[str]]) -> Ints:
    """Of each text: spans predicted right, predicted, and true (texts, 3)."""
    counts: Ints = np.zeros((len(right), 3), np.int64)
    for row, (a, b) in enumerate(zip(predicted_tags, right, strict=True)):
        predicted, true = extract_spans(a), extract_spans(b)
        counts[row] = len(predicted & true), len(predicted), len(true)
    return counts


def _sum_counts(counts: Ints) -> tuple[int, int, int]:
    """Spans predicted right, predicted, and true, of all texts."""
    right, predicted, true = counts.sum(0).tolist()
    return int(right), int(predicted), int(true)


def _f1(counts: Ints) -> float:
    right, predicted, true = _sum_counts(counts)
    if not predicted + true:
        return 1.0
    return 2 * right / (predicted + true)


def _share(part: float, whole: float) -> float:
    """A share; 0 of nothing."""
    if not whole:
        return 0.0
    return part / whole


def evaluate(
    predicted_tags: Sequence[Sequence[str]], right: Sequence[Sequence[str]], seed: int
) -> Metrics:
    """Precision, recall and F1 of whole spans, and the share of words with the right tag.

    Args:
        predicted_tags: the predicted tags of each text; `right`: the true ones.

    Source: Tjong Kim Sang and De Meulder 2003, CoNLL (exact spans).
    """
    counts = _count_spans(predicted_tags, right)
    correct, predicted, true = _sum_counts(counts)
    words = sum(len(tags) for tags in right)
    equal = sum(_count_equal(a, b) for a, b in zip(predicted_tags, right, strict=True))
    report: Metrics = {
        "span_f1": round(_f1(counts), 4),
        "span_precision": round(_share(correct, predicted), 4),
        "span_recall": round(_share(correct, true), 4),
        "token_accuracy": round(equal / max(1, words), 4),
        "rows": len(right),
    }
    report["interval"] = {
        "span_f1": metrics.bootstrap_interval(lambda i: _f1(counts[i]), len(counts), seed)
    }
    kinds: set[str] = set()
    for tags in right:
        kinds |= {kind for _, _, kind in extract_spans(tags)}
    report["classes"] = {
        kind: _evaluate_kind(kind, predicted_tags, right) for kind in sorted(kinds)
    }
    return report


def _count_equal(a: Sequence[str], b: Sequence[str]) -> int:
    return sum(x == y for x, y in zip(a, b, strict=True))


def _evaluate_kind(
    kind: str, predicted_tags: Sequence[Sequence[str]], right: Sequence[Sequence[str]]
) -> dict[str, float]:
    """Precision, recall and F1 of the spans of one kind."""
    correct = predicted = true = 0
    for a, b in zip(predicted_tags, right, strict=True):
        ours, theirs = _spans_of(kind, a), _spans_of(kind, b)
        correct += len(ours & theirs)
        predicted += len(ours)
        true += len(theirs)
    precision, recall = _share(correct, predicted), _share(correct, true)
    return {
        "rows": true,
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(_share(2 * precision * recall, precision + recall), 4),
    }


def _spans_of(kind: str, tags: Sequence[str]) -> set[tuple[int, int, str]]:
    """The spans of one kind."""
    return {span for span in extract_spans(tags) if span[2] == kind}


def tag_by_dictionary(
    texts: Mapping[str, list[str]], right: Mapping[str, list[list[str]]], cut: str
) -> list[list[str]]:
    """Tags of the test texts by the spans of the training texts, the longest first."""
    known: dict[tuple[str, ...], str] = {}
    for text, tags in zip(texts["train"], right["train"], strict=True):
        words = _cut_lower(text, cut)
        known |= {tuple(words[a:b]): kind for a, b, kind in extract_spans(tags)}
    return [_tag_words(_cut_lower(text, cut), known) for text in texts["test"]]


def _cut_lower(text: str, cut: str) -> list[str]:
    """The parts of a text, in small letters."""
    return [text[start:end].lower() for start, end in find_places(cut, text)]


def _tag_words(words: Sequence[str], known: Mapping[tuple[str, ...], str]) -> list[str]:
    """The tags of a text's words by known spans, the longest first."""
    longest = max(map(len, known), default=0)
    tags, at = [OUTSIDE] * len(words), 0
    while at < len(words):
        size = min(longest, len(words) - at)
        while size and tuple(words[at : at + size]) not in known:
            size -= 1
        if size:
            kind = known[tuple(words[at : at + size])]
            tags[at : at + size] = [f"B-{kind}", *[f"I-{kind}"] * (size - 1)]
        at += max(1, size)
    return tags


def compare(
    predicted_tags: Sequence[Sequence[str]],
    other: Sequence[Sequence[str]],
    right: Sequence[Sequence[str]],
) -> dict[str, float]:
    """The F1 of other tags on the same texts, our gain over it and Wilcoxon's p of errors per
    text.
    """
    ours, theirs = _count_spans(predicted_tags, right), _count_spans(other, right)
    return {
        "span_f1": round(_f1(theirs), 4),
        "gain": round(_f1(ours) - _f1(theirs), 4),
        "p": wilcoxon_p(_count_errors(ours), _count_errors(theirs)),
    }


def _count_errors(counts: Ints) -> Ints:
    """Spans of each text that are predicted wrong or missed."""
    right, predicted, true = counts[:, 0], counts[:, 1], counts[:, 2]
    return predicted + true - 2 * right
