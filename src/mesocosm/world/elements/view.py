"""What an element may look at: the catalog's records and the figures of live services."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict, cast

from mesocosm.world.shown_alert import ShownAlert

if TYPE_CHECKING:
    from mesocosm.catalog import CatalogView
    from mesocosm.catalog.rows import PredictionRow


class Work(TypedDict, total=False):
    """A training in progress: its messages, its epochs, the seconds that are `left`, and when it
    `began` and wrote last (`at`).
    """

    lines: list[str]
    epochs: list[Mapping[str, float]]
    left: float | None
    began: float
    at: float


@dataclass(frozen=True)
class TreeFacts:
    """What a model's task gives its tree.

    Args:
        species: how it looks.
        metric: the metric that is its height, and `label`, its name for people.
    """

    species: str
    metric: str
    label: str


def default_tree_facts(recipe: Mapping[str, object]) -> TreeFacts:
    """The facts of a tree whose task nobody tells: an oak reads texts, a birch a table alone."""
    return TreeFacts("oak" if recipe.get("texts") else "birch", "macro_f1", "macro F1")


@dataclass(frozen=True)
class View:
    """The living state, read once for a scene.

    Args:
        catalog: its records, or those of a moment that is past.
        now: the moment, in seconds of the catalog's clock.
        making: the work in progress, by address.
        answers: the newest logged predictions of a service.
        faults: what is wrong on disk, by address: a kind (`lost`, `changed`, `damaged`, `stopped`)
            and a sentence.
        tree_facts: what the task of a version gives its tree, by its recipe.
    """

    catalog: CatalogView
    figures: Mapping[str, Mapping[str, float | None]]
    alerts: Sequence[ShownAlert]
    watches: Mapping[str, Mapping[str, object]]
    now: float
    making: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    answers: Callable[[str], Sequence[PredictionRow]] = lambda _: ()
    faults: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    tree_facts: Callable[[Mapping[str, object]], TreeFacts] = default_tree_facts

    def work(self, address: str) -> Work | None:
        """The work in progress on a resource, as its progress file has it."""
        return cast(Work | None, self.making.get(address))

    def fault(self, address: str) -> tuple[str, str] | None:
        """What is wrong with a resource on disk, as a kind and a sentence."""
        return self.faults.get(address)

    def alarm(self, name: str) -> bool:
        """Whether an alert is open for a monitor or service."""
        return any(name in (a["monitor"], a["service"]) for a in self.alerts)
