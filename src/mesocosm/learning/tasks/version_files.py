"""A version's folder, as every task loads it. Knows its fingerprint and its card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

from mesocosm.core.errors import MesocosmError
from mesocosm.core.hashing import digest_folder
from mesocosm.core.messages import Message
from mesocosm.core.records import Json

if TYPE_CHECKING:
    from mesocosm.learning.tasks.vision.pixels import EncoderSettings


class Scale(TypedDict):
    """Mean and deviation of a number's training targets, and its interval: half its width
    (`spread`), its level, the least value, and the tree of its widths by row.
    """

    mean: float
    sd: float
    spread: float | None
    level: float
    floor: NotRequired[float]
    widths: dict[str, Json] | None


class VersionCard(TypedDict, total=False):
    """What the card of any version may hold; each task has some of it, and keys of its own."""

    model: str
    task: str
    labels: list[str]
    predict: str
    predicts: str
    inputs: list[str]
    texts: list[str]
    images: list[str]
    sight: str
    sees: EncoderSettings
    pair: bool
    many: bool
    ordered: bool
    scale: Scale
    block: dict[str, Json]
    max_length: int
    base: str | None
    licence: str | None
    trunk: str | None
    precision: str
    invariance: dict[str, dict[str, Json]]
    method: str
    head: str
    settings: dict[str, Json]
    rows: dict[str, int]
    seed: int


class TaskCard(TypedDict):
    """What the card of every task of its own holds: what it was trained from, and how it is run."""

    model: str
    task: str
    labels: list[str]
    predict: str
    predicts: str
    inputs: list[str]
    texts: list[str]
    block: dict[str, Json]
    max_length: int
    base: str | None
    licence: str | None
    trunk: str | None
    precision: str
    method: str
    head: str
    settings: dict[str, Json]
    rows: dict[str, int]
    trials: list[Json]
    importance: dict[str, float]
    seed: int


def read_card(folder: Path, content: str) -> VersionCard:
    """The card of the version in a folder of the fingerprint `content`.

    Raises:
        MesocosmError: a file of the version was changed or lost.
    """
    if not folder.is_dir() or digest_folder(folder) != content:
        raise MesocosmError(Message("learning.other_files", version=folder.name))
    card: VersionCard = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return card
