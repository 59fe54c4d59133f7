"""Labels of a training set that are probably wrong, by confident learning; shown, never changed.

Knows cleaned columns and scikit-learn's cross-validation. Values of rows are not in the answer,
only which row, what it is labelled and what it looks like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST_ROWS = 50_000


def doubtful(
    rows: Mapping[str, Sequence[Any]],
    inputs: Sequence[str],
    predict: str,
    texts: Sequence[str],
    vectors: Any,
    seed: int = 7,
    groups: Sequence[Any] = (),
) -> list[dict[str, Any]]:
    """Rows whose label other rows contradict, the most doubtful first.

    Args:
        rows: cleaned columns; `predict` among them.
        texts: the inputs that are free text; `vectors` (rows, width) stands for them, or None.
        groups: the group of each row; one is not contradicted by others of its group, which may
            share its mistake.

    Returns:
        One entry a row: `index`, `label`, `looks_like` and `confidence` (of the label, 0 to 1).

    Source: Northcutt et al. 2021, Confident Learning, JAIR 70; cleanlab, five-fold out-of-sample
    probabilities of a logistic regression.
    """
    import numpy as np
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_self_confidence_for_each_label
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    from mesocosm.learning.heads.folds import folds, numbered

    told = np.array([str(v) for v in rows[predict]])
    names, labels = np.unique(told, return_inverse=True)
    numbers = [
        n
        for n in inputs
        if n not in texts
        and all(
            v is None or (isinstance(v, (int, float)) and not isinstance(v, bool)) for v in rows[n]
        )
    ]
    words = [n for n in inputs if n not in texts and n not in numbers]
    columns: list[Any] = [
        [float("nan") if v is None else float(v) for v in rows[n]] for n in numbers
    ]
    columns += [["missing" if v is None else str(v) for v in rows[n]] for n in words]
    width = vectors.shape[1] if vectors is not None else 0
    data = np.empty((len(labels), len(columns) + width), dtype=object)
    for i, column in enumerate(columns):
        data[:, i] = column
    if width:
        data[:, len(columns) :] = vectors
    count = len(numbers)
    shape = make_column_transformer(
        (
            make_pipeline(FunctionTransformer(_floats), SimpleImputer(), StandardScaler()),
            list(range(count)),
        ),
        (OneHotEncoder(handle_unknown="ignore", min_frequency=5), list(range(count, len(columns)))),
        (FunctionTransformer(_floats), list(range(len(columns), len(columns) + width))),
    )
    parts = folds(labels, len(names), seed, 5, numbered(groups)) or folds(labels, 0, seed, 2)
    if any(len(np.unique(labels[rows])) < 2 for rows, _ in parts):
        return []
    chances = cross_val_predict(
        make_pipeline(shape, LogisticRegression(max_iter=1000)),
        data,
        labels,
        cv=parts,
        method="predict_proba",
    )
    sure = get_self_confidence_for_each_label(labels, chances)
    found = find_label_issues(labels, chances, return_indices_ranked_by="self_confidence", n_jobs=1)
    return [
        {
            "index": int(i),
            "label": str(names[labels[i]]),
            "looks_like": str(names[chances[i].argmax()]),
            "confidence": round(float(sure[i]), 4),
        }
        for i in found
    ]


def _floats(data: Any) -> Any:
    return data.astype(float)
