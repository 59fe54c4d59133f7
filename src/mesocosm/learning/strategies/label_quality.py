"""Probable label errors of a training set, by confident learning; reported, never changed.

Knows cleaned columns and scikit-learn's cross-validation. Values of rows are not in the result,
only the row's number, its label and the label it looks like.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    import numpy as np

    from mesocosm.learning.arrays import Array, Columns, Floats, Ints

    Objects = np.ndarray[tuple[int, ...], np.dtype[np.object_]]

MAX_ROWS = 50_000


class LabelError(TypedDict):
    """A row (`index`) whose label other rows contradict, the class that it looks like, and the
    confidence of its label, 0 to 1.
    """

    index: int
    label: str
    looks_like: str
    confidence: float


def find_label_errors(
    rows: Columns,
    inputs: Sequence[str],
    predict: str,
    texts: Sequence[str],
    vectors: Array | None,
    seed: int = 7,
    groups: Sequence[object] = (),
) -> list[LabelError]:
    """Rows whose label other rows contradict, the least confident first.

    Args:
        rows: cleaned columns; `predict` among them.
        texts: the inputs that are free text; `vectors` (rows, width) are their features, or None.
        groups: the group of each row; one is not contradicted by others of its group, which may
            share its error.

    Source: Northcutt et al. 2021, Confident Learning, JAIR 70; cleanlab, five-fold out-of-sample
    probabilities of a logistic regression.
    """
    import numpy as np
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_self_confidence_for_each_label

    labels = np.array([str(v) for v in rows[predict]])
    y: Ints
    classes, y = np.unique(labels, return_inverse=True)
    names: list[str] = classes.tolist()
    probabilities = _cross_validate(_read_table(rows, inputs, texts, vectors), y, seed, groups)
    if probabilities is None:
        return []
    confidence: Floats = get_self_confidence_for_each_label(y, probabilities)
    errors: Iterable[int] = find_label_issues(
        y, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1
    )
    likeliest: Ints = probabilities.argmax(1)
    return [
        {
            "index": int(i),
            "label": names[y[i]],
            "looks_like": names[likeliest[i]],
            "confidence": round(float(confidence[i]), 4),
        }
        for i in errors
    ]


def _is_numeric(values: Sequence[object]) -> bool:
    """Whether all values that are present are numbers."""
    present = [value for value in values if value is not None]
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in present)


@dataclass(frozen=True)
class _Table:
    """All inputs as one table of objects: `numbers` columns of numbers, categories up to column
    `tabular`, then the features of texts.
    """

    data: Objects
    numbers: int
    tabular: int


def _read_table(
    rows: Columns, inputs: Sequence[str], texts: Sequence[str], vectors: Array | None
) -> _Table:
    """The inputs as a table."""
    import numpy as np

    from mesocosm.learning.arrays import read_numbers

    numbers, categories = _sort_inputs(rows, inputs, texts)
    columns: list[Sequence[object]] = [read_numbers(rows[name]).tolist() for name in numbers]
    columns += [_name_values(rows[name]) for name in categories]
    if vectors is not None:
        columns += vectors.T.tolist()
    count = len(next(iter(rows.values())))
    data: Objects = np.empty((count, len(columns)), dtype=np.object_)
    for i, column in enumerate(columns):
        data[:, i] = column
    return _Table(data, len(numbers), len(numbers) + len(categories))


def _sort_inputs(
    rows: Columns, inputs: Sequence[str], texts: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The inputs that are numbers, and those that are categories."""
    tabular = [name for name in inputs if name not in texts]
    numbers = [name for name in tabular if _is_numeric(rows[name])]
    return numbers, [name for name in tabular if name not in numbers]


def _name_values(values: Sequence[object]) -> list[str]:
    """A category's values; `missing` is one of them."""

    def name(value: object) -> str:
        if value is None:
            return "missing"
        return str(value)

    return [name(value) for value in values]


def _cross_validate(table: _Table, y: Ints, seed: int, groups: Sequence[object]) -> Floats | None:
    """Out-of-sample probabilities (rows, classes); None where a fold trains on one class only."""
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
        (scale, list(range(table.numbers))),
        (encode, list(range(table.numbers, table.tabular))),
        (FunctionTransformer(_to_float), list(range(table.tabular, table.data.shape[1]))),
    )
    model = make_pipeline(transformer, LogisticRegression(max_iter=1000))
    probabilities: Floats = cross_val_predict(
        model, table.data, y, cv=folds, method="predict_proba"
    )
    return probabilities


def _to_float(data: Objects) -> Floats:
    return data.astype(float)
