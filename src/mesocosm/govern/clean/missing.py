"""Missing values of one field: filled with what the training rows say, or the row set aside.

Knows Ibis columns. Knows nothing of files, engines or the order of the steps.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from mesocosm.base.kinds import Kind
from mesocosm.govern.expr import Column, Scalar, cases, literal, null


class Missing(Kind):
    """Say what stands for a missing value.

    Args:
        with: `mean` or `median` (numbers), `mode`, `constant` (with `value`), `quarantine`, or
            `keep`, which leaves it missing.
        value: what `constant` puts there.

    Source: Little and Rubin, Statistical Analysis with Missing Data (2002), ch. 4.

    >>> Missing.model_validate("median").how
    'median'
    """

    short: ClassVar[str] = "with"
    how: Literal["mean", "median", "mode", "constant", "quarantine", "keep"] = Field("keep", alias="with")
    value: float | int | str | bool | None = None

    @model_validator(mode="after")
    def _constant(self) -> Missing:
        if (self.how == "constant") != (self.value is not None):
            raise ValueError("a 'value' beside 'with: constant', and only there")
        return self

    def measures(self, x: Column) -> dict[str, Scalar]:
        """Aggregates over the training rows, after outliers were acted on."""
        if self.how in ("mean", "median"):
            return {"fill": x.mean() if self.how == "mean" else x.median()}
        return {"fill": x.mode()} if self.how == "mode" else {}

    def facts(self, measured: dict[str, Any], whole: bool) -> dict[str, Any]:
        """What fills a gap; rounded where the field holds whole numbers."""
        fill = self.value if self.how == "constant" else measured.get("fill")
        if fill is None:
            return {}
        return {"fill": round(float(fill)) if whole and isinstance(fill, (int, float)) else fill}

    def value_of(self, x: Column, facts: dict[str, Any]) -> Column:
        """The field with its gaps filled."""
        return x.fill_null(literal(facts["fill"]).cast(x.type())) if "fill" in facts else x

    def reason(self, x: Column, said: str) -> Column:
        """Why a row is set aside, else null; `said` names the field."""
        if self.how != "quarantine":
            return null()
        return cases((x.isnull(), literal(f"{said} is missing")), other=null())
