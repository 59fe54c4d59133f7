"""Settings of ranking. Knows settings only."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings
from mesocosm.learning.tasks.task import Lookup, TaskSettings


class Towers(Settings):
    """Vectors of users and items, trained by gradient.

    Args:
        width: the length of a vector.
        epochs: passes over all interactions.
        learning_rate: the peak of the learning rate; it warms up and decays.
        forget: the share of items whose own vector is left out of a step, so that their
            texts are used.
    """

    short: ClassVar[str] = "epochs"
    width: int = Field(64, ge=4, le=1024)
    epochs: int = Field(12, ge=1, le=500)
    learning_rate: float = Field(1e-2, gt=0, le=1)
    forget: float = Field(0.3, ge=0, lt=1)


class Rank(TaskSettings):
    """Rank all items for a user by past behaviour; the model's one feature names the user, and
    `target` the item.

    Args:
        when: the field that orders the interactions; the order of rows where it is not given.
        items: a dataset of the items, by its key; those without interactions are ranked by their
            texts.
        texts: its fields that describe an item; the base encodes them.
        max: items in an answer.
        diverse: the penalty for similarity to an item before it, where scores are between 0 and
            1; metrics are of the lists as they are shown.
        explore: how many of an answer's items, its last, are drawn from those with few
            interactions; each has its probability, and metrics are of the lists without them.
        towers: adds two-tower vectors of users and items, trained by gradient; with more than
            12,000 items they are added in any case.

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

    @property
    def fields(self) -> tuple[str, ...]:
        """The field that orders what somebody did."""
        return (self.when,) if self.when else ()

    @property
    def lookup(self) -> Lookup | None:
        """The items and what is said of them."""
        return Lookup(self.items, self.texts) if self.items else None

    @model_validator(mode="after")
    def _room(self) -> Rank:
        if self.explore >= self.max:
            raise ValueError(Message("config.explore_under_max", max=self.max))
        return self
