"""Where a version grows, and what has grown there. Knows the rows' numbers and what goes along
with them, and no step of training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesocosm.learning.evaluation.comparison import PreviousVersion
from mesocosm.learning.strategies.continual import Past
from mesocosm.learning.strategies.domain_adaptation import Taught


@dataclass(frozen=True)
class TrainContext:
    """Where a version grows, and what is known around it.

    Args:
        root: the project's folder.
        store: the folder `.mesocosm`.
        folder: where the version's files go; the caller makes it appear whole.
        made: names checkpoint and search, so that a killed training goes on where it was.
        before: the last version of the model.
        ids: the dataset's number of each row, so that a row can be named when it is to be
            forgotten.
        studies: the database that keeps the trials of searches.
        corpus: texts to pretrain on.
        told: what is known of each of them, by field, where the objective asks for it.
        order: the values of what is predicted from the least to the greatest, where they have an
            order; all tags, where words are tagged.
        past: what went before, where the model is learnt on.
        taught: what the model starts from, where it adapts another.
        items: of a ranker, what is said of each item that is listed.
        groups: the group of each row, where the split keeps those of one group together.
        sites: the site of each row, where sites learn apart.
        again: rows that come again, as their class has few.
        drawn: whether the test rows were drawn at random, not named by a source.
        others: columns of the dataset that the model does not read, where a random split may hide
            what they tell.
    """

    root: Path
    store: Path
    folder: Path
    made: str
    before: PreviousVersion | None = None
    ids: Sequence[int] = ()
    studies: str | None = None
    corpus: Sequence[str] = ()
    told: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    order: Sequence[str] = ()
    past: Past | None = None
    taught: Taught | None = None
    items: Mapping[str, str] = field(default_factory=dict)
    groups: Sequence[Any] = ()
    sites: Sequence[Any] = ()
    again: AbstractSet[int] = frozenset()
    drawn: bool = True
    others: Mapping[str, Sequence[Any]] = field(default_factory=dict)


@dataclass
class TrainResult:
    """A version's card and figures, before it is listed."""

    card: dict[str, Any]
    metrics: dict[str, Any]
    history: list[dict[str, Any]]
    missed: list[str]
