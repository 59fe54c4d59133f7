"""A linear regression on the other numeric fields, as scikit-learn's IterativeImputer fits it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from pydantic import Field

from mesocosm.data.cleaning.facts import ImputerFacts
from mesocosm.data.cleaning.missing.imputer import Imputer, list_others
from mesocosm.data.pipeline.ibis_sql import Column, Table, cases, literal

if TYPE_CHECKING:
    from mesocosm.data.cleaning.facts import Matrix


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

    def fit(self, name: str, names: Sequence[str], matrix: Matrix, whole: bool) -> ImputerFacts:
        """Intercept and coefficients of the other fields, with their means."""
        import numpy as np

        at = list(names).index(name)
        seen = ~np.isnan(matrix[:, at])
        if not seen.any():
            return {}
        mean = float(np.mean(matrix[seen, at]))
        found: ImputerFacts = {"fill": round(mean) if whole else mean, "whole": whole}
        others = list_others(matrix, at)
        if not others or np.sum(seen) < 10:
            return found
        complete = self._complete(matrix[:, [at, *others]])
        model = _fit_ridge(complete[seen, 1:], matrix[seen, at])
        found["fields"] = [names[i] for i in others]
        found["means"] = np.nanmean(matrix[:, others], axis=0).tolist()
        found["weights"] = model.coef_.tolist()
        found["intercept"] = float(model.intercept_)
        return found

    def _complete(self, matrix: Matrix) -> Matrix:
        """The values of some fields with the missing ones imputed by chained equations."""
        import warnings

        from sklearn.experimental import enable_iterative_imputer  # noqa: F401
        from sklearn.impute import IterativeImputer

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            complete: Matrix = IterativeImputer(max_iter=self.rounds, random_state=7).fit_transform(
                matrix
            )
        return complete

    def value_of(self, x: Column, facts: ImputerFacts, row: Table, serving: bool) -> Column:
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


class _Line(Protocol):
    """A linear regression that is fitted."""

    coef_: Matrix
    intercept_: float


def _fit_ridge(inputs: Matrix, target: Matrix) -> _Line:
    from sklearn.linear_model import BayesianRidge

    model: _Line = BayesianRidge().fit(inputs, target)
    return model
