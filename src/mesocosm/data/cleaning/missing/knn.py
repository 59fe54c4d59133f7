"""The mean of the nearest training rows, as scikit-learn's KNNImputer reckons it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mesocosm.data.cleaning.facts import ImputerFacts
from mesocosm.data.cleaning.missing.imputer import Imputer, list_others
from mesocosm.data.pipeline.ibis_sql import Column, Table, cases, literal

if TYPE_CHECKING:
    from mesocosm.data.cleaning.facts import Matrix


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

    def fit(self, name: str, names: Sequence[str], matrix: Matrix, whole: bool) -> ImputerFacts:
        """Donor rows in standard deviations, their values, and each field's centre and scale."""
        import numpy as np

        at = list(names).index(name)
        rows: Matrix = matrix[~np.isnan(matrix[:, at])]
        if not len(rows):
            return {}
        rows = self._draw_donors(rows)
        others = list_others(matrix, at)
        centre: Matrix = np.nanmean(matrix[:, others], axis=0)
        scale: Matrix = np.nanstd(matrix[:, others], axis=0)
        scale[scale == 0] = 1.0
        near: Matrix = (rows[:, others] - centre) / scale
        mean = float(np.mean(rows[:, at]))
        return {
            "fill": round(mean) if whole else mean,
            "fields": [names[i] for i in others],
            "centre": centre.tolist(),
            "scale": scale.tolist(),
            "donors": [_list_values(row) for row in near],
            "values": rows[:, at].tolist(),
            "whole": whole,
        }

    def _draw_donors(self, rows: Matrix) -> Matrix:
        """At most as many rows as are kept, in their order."""
        import numpy as np

        if len(rows) <= self.donors:
            return rows
        drawn = np.random.default_rng(7).choice(len(rows), self.donors, replace=False)
        kept: Matrix = rows[np.sort(drawn)]
        return kept

    def value_of(self, x: Column, facts: ImputerFacts, row: Table, serving: bool) -> Column:
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


def _list_values(row: Matrix) -> list[float | None]:
    """A row of numbers as JSON: None where one is missing."""
    numbers = [float(value) for value in row]
    return [None if math.isnan(number) else round(number, 9) for number in numbers]
