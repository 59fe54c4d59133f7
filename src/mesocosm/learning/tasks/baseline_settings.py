"""The features of the linear baseline that every task is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.learning.features.word_pieces import extract_terms

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from mesocosm.learning.features.splits import Splits

PIXELS = 8  # pixels of a side
COMPARED = ("train", "test")  # the parts that baselines read


def build_baseline_features(parts: Splits) -> tuple[csr_matrix, csr_matrix]:
    """Sparse features (rows, columns) of the training and the test rows: the table, TF-IDF of the
    texts, and images shrunk to 8 x 8.
    """
    from scipy.sparse import csr_matrix

    blocks = {part: [csr_matrix(parts.table[part])] for part in COMPARED}
    if any(text.strip() for text in parts.texts["train"]):
        for part, terms in _weigh_terms(parts).items():
            blocks[part].append(terms)
    for part in COMPARED:
        for values in parts.images[part].values():
            blocks[part].append(_shrink_images(values))
    return _join_blocks(blocks["train"]), _join_blocks(blocks["test"])


def _weigh_terms(parts: Splits) -> dict[str, csr_matrix]:
    """TF-IDF of the texts, its terms from the training rows."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(
        sublinear_tf=True,
        ngram_range=(1, 2),
        max_features=5_000,
        tokenizer=extract_terms,
        token_pattern=None,
    )
    train: csr_matrix = words.fit_transform(parts.texts["train"])
    test: csr_matrix = words.transform(parts.texts["test"])
    return {"train": train, "test": test}


def _shrink_images(values: Sequence[str | None]) -> csr_matrix:
    """The pixels of images at 8 x 8; zeros for a missing one."""
    from scipy.sparse import csr_matrix

    from mesocosm.learning.tasks.vision.pixels import decode_pixels

    pixels = np.zeros((len(values), 3 * PIXELS * PIXELS), np.float32)
    present = [(row, value) for row, value in enumerate(values) if value]
    shown = decode_pixels([value for _, value in present], PIXELS, [0.5] * 3, [0.25] * 3)
    pixels[[row for row, _ in present]] = shown.reshape(len(present), -1)
    return csr_matrix(pixels)


def _join_blocks(blocks: Sequence[csr_matrix]) -> csr_matrix:
    """Blocks of columns side by side."""
    from scipy.sparse import hstack

    joined: csr_matrix = hstack(blocks).tocsr()
    return joined
