"""Written answers beside those of the test rows: how likely theirs were, how near ours came. Knows
words, no nets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from mesocosm.learning.evaluation import metrics
from mesocosm.learning.features.word_pieces import terms

Array = np.ndarray[Any, Any]


def words(text: str) -> list[str]:
    """Words in lower case, marks left out.

    >>> words("Block it, at once!")
    ['block', 'it', 'at', 'once']
    """
    return re.findall(r"\w+", text.lower())


def rouge_l(said: str, wanted: str) -> float:
    """F1 of the longest common subsequence of words, 0 to 1.

    Source: Lin 2004, ROUGE: A Package for Automatic Evaluation of Summaries.

    >>> rouge_l("block the card", "block your card now")
    0.5714285714285714
    """
    a, b = words(said), words(wanted)
    if not a or not b:
        return float(a == b)
    best = [0] * (len(b) + 1)
    for word in a:
        before = 0
        for j, other in enumerate(b, 1):
            before, best[j] = best[j], before + 1 if word == other else max(best[j], best[j - 1])
    return 2 * best[-1] / (len(a) + len(b))


def token_f1(said: str, wanted: str) -> float:
    """F1 of the words in common, in any order.

    Source: Rajpurkar et al. 2016, arXiv 1606.05250.

    >>> token_f1("now block it", "block it now")
    1.0
    """
    a, b = Counter(words(said)), Counter(words(wanted))
    same = sum((a & b).values())
    return 2 * same / (sum(a.values()) + sum(b.values())) if same else float(not a and not b)


def written(said: Sequence[str], wanted: Sequence[str]) -> dict[str, Array]:
    """`rouge_l`, `token_f1` and `exact` (equal but for case and marks) of each row."""
    pairs = list(zip(said, wanted, strict=True))
    return {
        "rouge_l": np.array([rouge_l(a, b) for a, b in pairs]),
        "token_f1": np.array([token_f1(a, b) for a, b in pairs]),
        "exact": np.array([float(words(a) == words(b)) for a, b in pairs]),
    }


def report(
    loss: Array, count: Array, said: Sequence[str], wanted: Sequence[str], seed: int
) -> dict[str, Any]:
    """Figures of a writer on held-out rows with their intervals.

    Args:
        loss: summed loss of each row's own answer, in nats; `count`: its tokens.
        said: what was written for the first rows; `wanted`: their own answers.
    """
    each = written(said, wanted)
    found: dict[str, Any] = {
        "loss": round(float(loss.sum() / count.sum()), 4),
        "perplexity": round(float(np.exp(loss.sum() / count.sum())), 4),
    }
    found |= {k: round(float(v.mean()), 4) for k, v in each.items()}
    found["interval"] = {
        "perplexity": metrics.bootstrap_interval(
            lambda i: float(np.exp(loss[i].sum() / count[i].sum())), len(loss), seed
        )
    }
    found["interval"] |= {
        k: metrics.bootstrap_interval(partial(metrics.mean_at, v), len(v), seed)
        for k, v in each.items()
    }
    return found | {"rows": len(loss), "written": len(said), "classes": {}}


def against(
    ours: Sequence[str],
    theirs: Sequence[str],
    wanted: Sequence[str],
    loss: tuple[Array, Array, Array] | None = None,
) -> dict[str, Any]:
    """Another's figures on the same rows, the gain in ROUGE-L and Wilcoxon's p of it.

    Args:
        loss: of each row, ours, theirs and the tokens, where the other gives a probability too;
            then `loss_p` is of the losses.
    """
    mine, other = written(ours, wanted), written(theirs, wanted)
    found: dict[str, Any] = {k: round(float(v.mean()), 4) for k, v in other.items()}
    found |= {
        "gain": round(float(mine["rouge_l"].mean() - other["rouge_l"].mean()), 4),
        "p": _p(mine["rouge_l"], other["rouge_l"]),
    }
    if loss is not None:
        found |= {
            "perplexity": round(float(np.exp(loss[1].sum() / loss[2].sum())), 4),
            "loss_p": _p(loss[0] / loss[2], loss[1] / loss[2]),
        }
    return found


def _p(a: Array, b: Array) -> float:
    from scipy.stats import wilcoxon

    return round(float(wilcoxon(a, b).pvalue), 6) if np.any(a != b) else 1.0


def nearest(asked: Sequence[str], texts: Sequence[str], answers: Sequence[str]) -> list[str]:
    """The answer of the training text most like each one asked, by TF-IDF: what needs no writing at
    all.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        net = TfidfVectorizer(
            sublinear_tf=True, ngram_range=(1, 2), tokenizer=terms, token_pattern=None
        ).fit(texts)
    except ValueError:  # no word in any text
        return [answers[0]] * len(asked)
    near = (net.transform(asked) @ net.transform(texts).T).argmax(1)
    return [answers[int(i)] for i in np.asarray(near).ravel()]
