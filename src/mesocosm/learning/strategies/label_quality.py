"""Probable label errors of a training set, by confident learning; reported, never changed.

Knows cleaned columns and scikit-learn's cross-validation. Values of rows are not in the result,
only the row's number, its label and the label it looks like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MAX_ROWS = 50_000


def find_label_errors(
    rows: Mapping[str, Sequence[Any]],
    inputs: Sequence[str],
    predict: str,
    texts: Sequence[str],
    vectors: Any,
    seed: int = 7,
    groups: Sequence[Any] = (),
) -> list[dict[str, Any]]:
    """Rows whose label other rows contradict, the least confident first.

    Args:
        rows: cleaned columns; `predict` among them.
        texts: the inputs that are free text; `vectors` (rows, width) are their features, or None.
        groups: the group of each row; one is not contradicted by others of its group, which may
            share its error.

    Returns:
        One entry per row: `index`, `label`, `looks_like` and `confidence` (of the label, 0 to 1).

    Source: Northcutt et al. 2021, Confident Learning, JAIR 70; cleanlab, five-fold out-of-sample
    probabilities of a logistic regression.
    """
    import numpy as np
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_self_confidence_for_each_label

    labels = np.array([str(v) for v in rows[predict]])
    names, y = np.unique(labels, return_inverse=True)
    tabular = [name for name in inputs if name not in texts]
    numbers = [name for name in tabular if _is_numeric(rows[name])]
    categories = [name for name in tabular if name not in numbers]
    data = _read_columns(rows, numbers, categories, vectors)
    probabilities = _cross_validate(data, len(numbers), len(tabular), y, seed, groups)
    if probabilities is None:
        return []
    confidence = get_self_confidence_for_each_label(y, probabilities)
    errors = find_label_issues(
        y, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1
    )
    return [
        {
            "index": int(i),
            "label": str(names[y[i]]),
            "looks_like": str(names[probabilities[i].argmax()]),
            "confidence": round(float(confidence[i]), 4),
        }
        for i in errors
    ]


def _is_numeric(values: Sequence[Any]) -> bool:
    """Whether all values that are present are numbers."""
    present = [value for value in values if value is not None]
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in present)


def _read_columns(
    rows: Mapping[str, Sequence[Any]],
    numbers: Sequence[str],
    categories: Sequence[str],
    vectors: Any,
) -> Any:
    """All inputs as one table of objects: numbers, categories, then text features."""
    import numpy as np

    columns: list[Any] = []
    for name in numbers:
        columns.append([float("nan") if v is None else float(v) for v in rows[name]])
    for name in categories:
        columns.append(["missing" if v is None else str(v) for v in rows[name]])
    width = 0 if vectors is None else vectors.shape[1]
    count = len(next(iter(rows.values())))
    data = np.empty((count, len(columns) + width), dtype=object)
    for i, column in enumerate(columns):
        data[:, i] = column
    if width:
        data[:, len(columns) :] = vectors
    return data


def _cross_validate(
    data: Any, numbers: int, columns: int, y: Any, seed: int, groups: Sequence[Any]
) -> Any:
    """Out-of-sample probabilities (rows, classes); None where a fold trains on one class only.

    Args:
        data: of its columns the first `numbers` are numbers, those up to `columns` categories.
    """
    import numpy as np
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    from mesocosm.learning.heads.folds import make_folds, number_groups

    classes = int(y.max()) + 1
    folds = make_folds(y, classes, seed, 5, number_groups(groups)) or make_folds(y, 0, seed, 2)
    if any(len(np.unique(y[train])) < 2 for train, _ in folds):
        return None
    scale = make_pipeline(FunctionTransformer(_to_float), SimpleImputer(), StandardScaler())
    encode = OneHotEncoder(handle_unknown="ignore", min_frequency=5)
    transformer = make_column_transformer(
        (scale, list(range(numbers))),
        (encode, list(range(numbers, columns))),
        (FunctionTransformer(_to_float), list(range(columns, data.shape[1]))),
    )
    model = make_pipeline(transformer, LogisticRegression(max_iter=1000))
    return cross_val_predict(model, data, y, cv=folds, method="predict_proba")


def _to_float(data: Any) -> Any:
    return data.astype(float)
