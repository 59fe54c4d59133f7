"""Settings of ranking. Knows settings only."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings


class Towers(Settings):
    """Vectors of people and items, learnt by gradient.

    Args:
        width: numbers a vector.
        epochs: passes over what everybody did.
        learning_rate: the greatest step; it warms up and cools down.
        forget: the share of items whose own vector is left out of a step, so that what is said of
            them must tell.
    """

    short: ClassVar[str] = "epochs"
    width: int = Field(64, ge=4, le=1024)
    epochs: int = Field(12, ge=1, le=500)
    learning_rate: float = Field(1e-2, gt=0, le=1)
    forget: float = Field(0.3, ge=0, lt=1)


class Rank(Settings):
    """Rank all items for somebody by what they did before; the model's one input names who, and
    `target` the item.

    Args:
        when: the field that orders what somebody did; the order of rows where it is not given.
        items: a dataset of the items, by its key; those that nobody has touched are ranked by what
            is said of them.
        texts: its fields that say something of an item; the base reads them.
        max: items in an answer.
        diverse: the penalty for similarity to an item before it, where scores are between 0 and
            1; metrics are of the lists as they are shown.
        explore: how many of an answer's items, its last, are drawn from those that few have
            touched; each tells the chance it had, and figures are of the lists without them.
        towers: vectors of people and items learnt by gradient speak too; with more than 12,000
            items they do anyway.

    Source: Carbonell and Goldstein 1998, SIGIR (maximal marginal relevance); Steck 2019, WWW
    (EASE); Covington et al. 2016, RecSys (two towers); Sarwar et al. 2001, WWW (item-based
    neighbours); Wolpert 1992 (stacking).

    >>> Rank(when="at").max
    10
    """

    short: ClassVar[str] = "when"
    when: str | None = None
    items: str | None = None
    texts: tuple[str, ...] = ()
    max: int = Field(10, ge=1, le=100)
    diverse: float = Field(0.0, ge=0, lt=1)
    explore: int = Field(0, ge=0, le=50)
    towers: Towers | None = None

    @model_validator(mode="after")
    def _room(self) -> Rank:
        if self.explore >= self.max:
            raise ValueError(Message("config.explore_under_max", max=self.max))
        return self
