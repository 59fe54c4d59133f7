"""The mean of the nearest training rows, as scikit-learn's KNNImputer reckons it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from mesocosm.data.cleaning.missing.imputer import Facts, Imputer
from mesocosm.data.pipeline.ibis_sql import Column, cases, literal


class Knn(Imputer):
    """Impute the mean of the `neighbours` training rows that are nearest in the other numeric
    fields.

    Fields are measured in standard deviations; a field that is missing on either side is left out
    and the distance scaled up for it. At most `donors` training rows, drawn by a fixed seed, are
    kept.

    Args:
        neighbours: how many rows are averaged.
        donors: how many training rows are kept to be neighbours.

    Source: Troyanskaya et al. 2001, Bioinformatics 17(6); scikit-learn KNNImputer.

    >>> Knn().neighbours
    5
    """

    numeric: ClassVar[bool] = True
    matrix: ClassVar[bool] = True
    method: Literal["knn"] = "knn"
    neighbours: int = Field(5, ge=1, le=50)
    donors: int = Field(200, ge=10, le=2000)

    def fit(self, name: str, names: Sequence[str], matrix: Any, whole: bool) -> Facts:
        """Donor rows in standard deviations, their values, and each field's centre and scale."""
        import numpy as np

        at = list(names).index(name)
        rows = matrix[~np.isnan(matrix[:, at])]
        if not len(rows):
            return {}
        if len(rows) > self.donors:
            rows = rows[
                np.sort(np.random.default_rng(7).choice(len(rows), self.donors, replace=False))
            ]
        others = [i for i in range(len(names)) if i != at and not np.isnan(matrix[:, i]).all()]
        centre, scale = np.nanmean(matrix[:, others], axis=0), np.nanstd(matrix[:, others], axis=0)
        scale[scale == 0] = 1.0
        near = (rows[:, others] - centre) / scale
        mean = float(rows[:, at].mean())
        shown = [[None if np.isnan(v) else round(float(v), 9) for v in row] for row in near]
        return {
            "fill": round(mean) if whole else mean,
            "fields": [names[i] for i in others],
            "centre": centre.tolist(),
            "scale": scale.tolist(),
            "donors": shown,
            "values": rows[:, at].tolist(),
            "whole": whole,
        }

    def value_of(self, x: Column, facts: Facts, row: Any, serving: bool) -> Column:
        """The field with its missing values imputed from their nearest donors."""
        if "donors" not in facts:
            return x
        from mesocosm.data.pipeline.ibis_sql import nearest_mean

        scaled = [
            (row[f].cast("float64") - c) / s
            for f, c, s in zip(facts["fields"], facts["centre"], facts["scale"], strict=True)
        ]
        mean = nearest_mean(scaled, facts["donors"], facts["values"], self.neighbours)
        if facts["whole"]:
            mean = mean.round()
        kind = str(x.type())
        nearest = cases((x.notnull(), x), other=mean.cast(kind))
        return nearest.fill_null(literal(facts["fill"]).cast(kind))
