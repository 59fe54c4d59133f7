"""A linear regression on the other numeric fields, as scikit-learn's IterativeImputer fits it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from mesocosm.data.cleaning.missing.imputer import Facts, Imputer
from mesocosm.data.pipeline.ibis_sql import Column, cases, literal


class Iterative(Imputer):
    """Impute the prediction of a Bayesian ridge regression on the other numeric fields.

    The regression is fitted by chained equations on the training rows and kept as coefficients;
    another field that is missing counts with its mean.

    Args:
        rounds: how often the chain goes over all fields.

    Source: van Buuren and Groothuis-Oudshoorn 2011, Journal of Statistical Software 45(3);
    scikit-learn IterativeImputer.

    >>> Iterative().rounds
    10
    """

    numeric: ClassVar[bool] = True
    matrix: ClassVar[bool] = True
    method: Literal["iterative"] = "iterative"
    rounds: int = Field(10, ge=1, le=100)

    def fit(self, name: str, names: Sequence[str], matrix: Any, whole: bool) -> Facts:
        """Intercept and coefficients of the other fields, with their means."""
        import warnings

        import numpy as np
        from sklearn.experimental import enable_iterative_imputer  # noqa: F401
        from sklearn.impute import IterativeImputer
        from sklearn.linear_model import BayesianRidge

        at = list(names).index(name)
        seen = ~np.isnan(matrix[:, at])
        if not seen.any():
            return {}
        others = [i for i in range(len(names)) if i != at and not np.isnan(matrix[:, i]).all()]
        found: Facts = {"fill": float(matrix[seen, at].mean()), "whole": whole}
        if whole:
            found["fill"] = round(found["fill"])
        if not others or seen.sum() < 10:
            return found
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            complete = IterativeImputer(max_iter=self.rounds, random_state=7).fit_transform(
                matrix[:, [at, *others]]
            )
        model = BayesianRidge().fit(complete[seen, 1:], matrix[seen, at])
        return found | {
            "fields": [names[i] for i in others],
            "means": np.nanmean(matrix[:, others], axis=0).tolist(),
            "weights": model.coef_.tolist(),
            "intercept": float(model.intercept_),
        }

    def value_of(self, x: Column, facts: Facts, row: Any, serving: bool) -> Column:
        """The field with its missing values imputed by the regression."""
        if "weights" not in facts:
            return super().value_of(x, facts, row, serving)
        predicted = literal(facts["intercept"])
        for field, mean, weight in zip(
            facts["fields"], facts["means"], facts["weights"], strict=True
        ):
            predicted = predicted + row[field].cast("float64").fill_null(mean) * weight
        if facts["whole"]:
            predicted = predicted.round()
        return cases((x.notnull(), x), other=predicted.cast(str(x.type())))
