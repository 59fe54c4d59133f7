"""A plan: the changes that a build would make, in its order, with reasons, costs and questions.
Knows shapes only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from mesocosm.api.results.project import finding_to_json
from mesocosm.core.errors import Finding
from mesocosm.core.records import Json, JsonObject, write_value
from mesocosm.core.values.notebook import render_list, render_table
from mesocosm.lifecycle.plan import Change
from mesocosm.lifecycle.resource import ACTIONS


@dataclass(frozen=True)
class Plan(Sequence[Change]):
    """What a build would do; a sequence of its changes.

    Args:
        changes: in the order of the build.
        costs: by address, what a training will cost: `seconds`, `gigabytes`, `phases`, `text`.
        warnings: by address, what a base model truncates or does not know.
        compared_at_build: datasets whose new rows are compared only during the build.
        questions: what the values of small files leave open.
    """

    changes: tuple[Change, ...]
    costs: Mapping[str, JsonObject] = field(default_factory=dict, repr=False)
    warnings: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    compared_at_build: tuple[str, ...] = ()
    questions: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    @overload
    def __getitem__(self, at: int) -> Change: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Change, ...]: ...
    def __getitem__(self, at: int | slice) -> Change | tuple[Change, ...]:
        return self.changes[at]

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that would do something."""
        return tuple(change for change in self.changes if change.sign != "=")

    @property
    def stops(self) -> tuple[str, ...]:
        """The datasets whose new rows would stop the build, such as `datasets.credit`."""
        return tuple(change.address for change in self.changes if change.stops_build())

    def __str__(self) -> str:
        """How many changes of each action there are."""
        counts = Counter(ACTIONS[change.sign] for change in self.changes)
        return ", ".join(f"{number} to {action}" for action, number in counts.items()) + "."

    def to_json(self) -> dict[str, Json]:
        """The plan as JSON-ready data."""
        return {
            "changes": [self._describe_change(change) for change in self.changes],
            "compared_at_build": list(self.compared_at_build),
            "questions": [finding_to_json(question) for question in self.questions],
            "stops": list(self.stops),
        }

    def _describe_change(self, change: Change) -> dict[str, Json]:
        entry: dict[str, Json] = dict(change.as_json())
        if change.address in self.costs:
            entry["price"] = write_value(self.costs[change.address])
        if change.address in self.warnings:
            entry["warnings"] = list(self.warnings[change.address])
        return entry

    def _repr_html_(self) -> str:
        rows = [
            (
                change.sign,
                change.address,
                ACTIONS[change.sign],
                change.why,
                self.costs.get(change.address, {}).get("text"),
            )
            for change in self.changes
        ]
        notes = [question.text() for question in self.questions]
        for address, sentences in self.warnings.items():
            notes += [f"{address}: {sentence}" for sentence in sentences]
        table = render_table(("", "resource", "action", "because", "cost"), rows, str(self))
        return table + render_list(notes, "To be settled")
