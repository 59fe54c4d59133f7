"""The features of the linear baseline that every task is compared with."""

from __future__ import annotations

from typing import Any

import numpy as np

from mesocosm.learning.features.word_pieces import extract_terms

PIXELS = 8  # pixels of a side


def build_baseline_features(parts: Any) -> tuple[Any, Any]:
    """Sparse features (rows, columns) of the training and the test rows: the table, TF-IDF of the
    texts, and images shrunk to 8 x 8.
    """
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    from mesocosm.learning.tasks.vision.pixels import decode_pixels

    columns_by_part: dict[str, list[Any]] = {
        p: [csr_matrix(parts.table[p])] for p in ("train", "test")
    }
    if any(text.strip() for text in parts.texts["train"]):
        words = TfidfVectorizer(
            sublinear_tf=True,
            ngram_range=(1, 2),
            max_features=5_000,
            tokenizer=extract_terms,
            token_pattern=None,
        )
        columns_by_part["train"].append(words.fit_transform(parts.texts["train"]))
        columns_by_part["test"].append(words.transform(parts.texts["test"]))
    for p, columns in columns_by_part.items():
        for values in parts.images[p].values():
            shown = np.zeros((len(values), 3 * PIXELS * PIXELS), np.float32)
            there = [i for i, v in enumerate(values) if v]
            shown[there] = decode_pixels(
                [values[i] for i in there], PIXELS, [0.5] * 3, [0.25] * 3
            ).reshape(len(there), -1)
            columns.append(csr_matrix(shown))
    return hstack(columns_by_part["train"]).tocsr(), hstack(columns_by_part["test"]).tocsr()
