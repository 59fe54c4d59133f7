"""What a plain model of a dataset is given, so that others can be held against it."""

from __future__ import annotations

from typing import Any

import numpy as np

from mesocosm.learning.features.word_pieces import terms

SMALL = 8  # pixels of a side


def plain(parts: Any) -> tuple[Any, Any]:
    """Sparse columns of the training and the test rows: the table, TF-IDF of the texts, and images
    shrunk to 8 x 8.
    """
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    from mesocosm.learning.tasks.vision.pixels import pixels

    found: dict[str, list[Any]] = {p: [csr_matrix(parts.table[p])] for p in ("train", "test")}
    if any(text.strip() for text in parts.texts["train"]):
        words = TfidfVectorizer(
            sublinear_tf=True,
            ngram_range=(1, 2),
            max_features=5_000,
            tokenizer=terms,
            token_pattern=None,
        )
        found["train"].append(words.fit_transform(parts.texts["train"]))
        found["test"].append(words.transform(parts.texts["test"]))
    for p, columns in found.items():
        for values in parts.images[p].values():
            shown = np.zeros((len(values), 3 * SMALL * SMALL), np.float32)
            there = [i for i, v in enumerate(values) if v]
            shown[there] = pixels([values[i] for i in there], SMALL, [0.5] * 3, [0.25] * 3).reshape(
                len(there), -1
            )
            columns.append(csr_matrix(shown))
    return hstack(found["train"]).tocsr(), hstack(found["test"]).tocsr()
