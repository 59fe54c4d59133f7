"""Metrics of generated answers: the likelihood of the test rows' own, and the similarity of ours.
Knows words, no nets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from mesocosm.core.values.words import GRAPHEME, UNSPACED
from mesocosm.learning.arrays import Array, Floats, Ints
from mesocosm.learning.evaluation import metrics
from mesocosm.learning.features.word_pieces import extract_terms
from mesocosm.learning.tasks.outcome import Metrics
from mesocosm.learning.tasks.significance import wilcoxon_p

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

WORD = re.compile(f"{GRAPHEME}|[^\\W{UNSPACED}]+")


class Example(TypedDict):
    """A test row in a report: its input, its own answer, and the generated one."""

    asked: str
    wanted: str
    wrote: str


def split_words(text: str) -> list[str]:
    """Words in lower case, without punctuation; single characters of scripts without spaces.

    >>> split_words("Block it, at once!"), split_words("先挂失，再补卡")
    (['block', 'it', 'at', 'once'], ['先', '挂', '失', '再', '补', '卡'])
    """
    return WORD.findall(text.lower())


def rouge_l(generated: str, expected: str) -> float:
    """F1 of the longest common subsequence of words, 0 to 1.

    Source: Lin 2004, ROUGE: A Package for Automatic Evaluation of Summaries.

    >>> rouge_l("block the card", "block your card now")
    0.5714285714285714
    """
    a, b = split_words(generated), split_words(expected)
    if not a or not b:
        return float(a == b)
    lengths = [0] * (len(b) + 1)
    for word in a:
        _extend_subsequences(lengths, word, b)
    return 2 * lengths[-1] / (len(a) + len(b))


def _extend_subsequences(lengths: list[int], word: str, other_words: Sequence[str]) -> None:
    """Let a word follow those before it: `lengths` holds the longest common subsequence with each
    beginning of the other words.
    """
    diagonal = 0
    for j, other in enumerate(other_words, 1):
        longest = max(lengths[j], lengths[j - 1])
        if word == other:
            longest = diagonal + 1
        diagonal, lengths[j] = lengths[j], longest


def token_f1(generated: str, expected: str) -> float:
    """F1 of the words in common, in any order, 0 to 1.

    Source: Rajpurkar et al. 2016, arXiv 1606.05250.

    >>> token_f1("now block it", "block it now")
    1.0
    """
    a, b = Counter(split_words(generated)), Counter(split_words(expected))
    if not a and not b:
        return 1.0
    return 2 * (a & b).total() / (a.total() + b.total())


def score_texts(generated: Sequence[str], expected: Sequence[str]) -> dict[str, Floats]:
    """`rouge_l`, `token_f1` and `exact` (equal but for case and marks) of each row."""
    pairs = list(zip(generated, expected, strict=True))
    return {
        "rouge_l": np.array([rouge_l(a, b) for a, b in pairs]),
        "token_f1": np.array([token_f1(a, b) for a, b in pairs]),
        "exact": np.array([float(split_words(a) == split_words(b)) for a, b in pairs]),
    }


def evaluate(
    loss: Floats, count: Ints, generated: Sequence[str], expected: Sequence[str], seed: int
) -> Metrics:
    """Metrics of a text generator on held-out rows with their intervals.

    Args:
        loss: summed loss of each row's own answer, in nats; `count`: its tokens.
        generated: the texts generated for the first rows; `expected`: their own answers.
    """
    scores = score_texts(generated, expected)

    def perplexity(rows: Array | slice) -> float:
        return float(np.exp(loss[rows].sum() / count[rows].sum()))

    report: Metrics = {
        "loss": round(float(loss.sum() / count.sum()), 4),
        "perplexity": round(perplexity(slice(None)), 4),
    }
    report |= {k: round(float(v.mean()), 4) for k, v in scores.items()}
    intervals = {"perplexity": metrics.bootstrap_interval(perplexity, len(loss), seed)}
    intervals |= {
        k: metrics.bootstrap_interval(partial(metrics.mean_at, v), len(v), seed)
        for k, v in scores.items()
    }
    report["interval"] = intervals
    return report | {"rows": len(loss), "written": len(generated), "classes": {}}


def compare(
    ours: Sequence[str],
    theirs: Sequence[str],
    expected: Sequence[str],
    loss: tuple[Floats, Floats, Ints] | None = None,
) -> dict[str, float]:
    """Metrics of other texts for the same rows, our gain in ROUGE-L and Wilcoxon's p of it.

    Args:
        loss: of each row, ours, theirs and the tokens, where the other gives a probability too;
            then `loss_p` is of the losses.
    """
    mine, other = score_texts(ours, expected), score_texts(theirs, expected)
    report = {k: round(float(v.mean()), 4) for k, v in other.items()}
    report |= {
        "gain": round(float(mine["rouge_l"].mean() - other["rouge_l"].mean()), 4),
        "p": wilcoxon_p(mine["rouge_l"], other["rouge_l"]),
    }
    if loss is not None:
        our_loss, their_loss, tokens = loss
        report |= {
            "perplexity": round(float(np.exp(their_loss.sum() / tokens.sum())), 4),
            "loss_p": wilcoxon_p(our_loss / tokens, their_loss / tokens),
        }
    return report


def nearest_answers(
    asked: Sequence[str], texts: Sequence[str], answers: Sequence[str]
) -> list[str]:
    """The answer of the training text nearest to each prompt, by TF-IDF: a baseline that generates
    nothing.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, 2), tokenizer=extract_terms, token_pattern=None
    )
    try:
        vectorizer.fit(texts)
    except ValueError:  # no word in any text
        return [answers[0]] * len(asked)
    prompts: csr_matrix = vectorizer.transform(asked)
    known: csr_matrix = vectorizer.transform(texts)
    nearest: Ints = np.asarray((prompts @ known.T).argmax(1)).ravel()
    return [answers[i] for i in nearest.tolist()]
