"""What a draft of files holds: sources, a dataset with its evidence, and with a goal the sections
that it asks for. Knows shapes only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired, TypedDict

from mesocosm.core.records import Json
from mesocosm.data.profiling.columns.column import Column

Fields = dict[str, dict[str, Json]]


class DatasetDraft(TypedDict):
    """The drafted settings of a dataset."""

    key: NotRequired[str]
    fields: Fields


class ProposedChange(TypedDict):
    """A guess that a person may accept: where it is, how much it changes, and its line."""

    where: str
    changes: int
    why: str
    examples: Sequence[str]
    line: str


class Aim(TypedDict):
    """What a goal picks of a table."""

    target: str
    kind: str
    inputs: list[str]


class PredictionAim(Aim):
    """What a goal picks of a table to predict a field of it; `least` is the share of the rarest
    class, `rarest` its rows, `people` the fields that tell groups of people.
    """

    texts: list[str]
    english: bool
    rows: int
    classes: list[str]
    least: float | None
    rarest: int
    people: list[str]
    why: dict[str, str]
    choose: list[str]


class Parts(TypedDict):
    """The sections that a goal asks for."""

    split: Json
    models: dict[str, dict[str, Json]]
    services: dict[str, dict[str, Json]]
    monitors: dict[str, dict[str, Json]]
    world: dict[str, dict[str, Json]]


_Origin = TypedDict("_Origin", {"from": Json})


class FilesDraft(_Origin):
    """A draft of files; `left` says why files are not used, `more` has other tables of a goal."""

    name: str
    sources: dict[str, dict[str, Json]]
    left: dict[str, str]
    dataset: DatasetDraft
    evidence: dict[str, str]
    proposals: list[ProposedChange]
    contracts: dict[str, Json]
    notes: dict[str, list[str]]
    columns: NotRequired[Sequence[Column]]
    more: NotRequired[list[FilesDraft]]
    parts: NotRequired[Parts]
    reasons: NotRequired[dict[str, str]]
    choose: NotRequired[list[str]]
    goal: NotRequired[str]
    aim: NotRequired[Aim]
