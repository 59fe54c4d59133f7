"""Which fields are made coarse, and how far. Knows settings only."""

from __future__ import annotations

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings


class Anonymity(Settings):
    """Make groups of at least `k` rows that agree in every field of `of`.

    A number becomes its group's mean, a day its group's first, a category the values of its group
    (`a|b`, or `*` for many). Cuts are made where they keep most, along the widest field.

    Args:
        of: the fields that together could name a person (quasi-identifiers).
        k: the fewest rows of a group.
        sensitive: a field that must have several values in each group.
        l: how many.
        max_loss: the greatest loss that is accepted, 0 (nothing lost) to 1 (all groups one).

    Source: Sweeney 2002 (k-anonymity); Machanavajjhala et al. 2007 (l-diversity); LeFevre et al.
    2006, Mondrian; loss as the normalised certainty penalty of Xu et al. 2006.

    >>> Anonymity(of=["age", "zip"]).k
    5
    """

    of: tuple[str, ...] = Field(min_length=1)
    k: int = Field(5, ge=2)
    sensitive: str | None = None
    l: int = Field(2, ge=2)  # noqa: E741
    max_loss: float = Field(1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _apart(self) -> Anonymity:
        if self.sensitive in self.of:
            raise ValueError(Message("config.sensitive_not_in_of"))
        return self
