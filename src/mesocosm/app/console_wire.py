"""What the API of the console and of places answers, as far as a page reads it. The page's types
are generated from these: `python -m mesocosm.app.console_wire > web/src/state/consoleWire.ts`.

A field with a default may be missing in an answer; an answer may have more than is named here.

Knows shapes only.
"""

from __future__ import annotations

import typing
from collections.abc import Sequence
from types import UnionType
from typing import Literal, TypeGuard

from pydantic import BaseModel, Field

from mesocosm.app import record_wire
from mesocosm.app.record_wire import (
    Account,
    Alert,
    AuditEntry,
    Change,
    Dataset,
    Epoch,
    Monitor,
    Output,
    Pair,
    Recommendation,
    Service,
    Version,
)
from mesocosm.world.wire import Scene


class Ecosystem(BaseModel):
    """`/v1/ecosystem`: all that is, as it is now."""

    scene: Scene
    next: list[Recommendation]
    plan: list[Change]
    datasets: dict[str, Dataset]
    models: dict[str, list[Version]]
    services: dict[str, Service]
    monitors: dict[str, Monitor]
    silenced: list[str]
    alerts: list[Alert]
    audit: list[AuditEntry]


class DatasetVersion(BaseModel):
    """A version of a dataset."""

    id: str
    account: Account
    quality: float
    at: float


class RowCounts(BaseModel):
    """How many rows came, went, changed and stayed."""

    added: int
    removed: int
    changed: int
    same: int


class Difference(BaseModel):
    """What differs between two versions of a dataset; `moved` has a stability index a field."""

    old: str
    new: str
    files: list[str]
    rows: RowCounts
    changed: dict[str, int]
    moved: dict[str, float | None]


class DatasetVersions(BaseModel):
    """`/v1/datasets/NAME/versions`."""

    dataset: str
    versions: list[DatasetVersion]
    diff: Difference | None = None


class LineageVersion(BaseModel):
    """The version that answered."""

    id: str | None
    model: str | None
    content: str | None


class LineageRecipe(BaseModel):
    """How the version that answered was made."""

    method: str
    head: str


class LineageSnapshot(BaseModel):
    """The rows that the version was trained on."""

    id: str | None
    account: Account


class LineageRows(BaseModel):
    """The training rows: how many, and their lines by file."""

    training: int
    lines: dict[str, str]


class Asked(BaseModel):
    """A request and its answer."""

    id: str
    service: str
    output: Output
    at: float


class Lineage(BaseModel):
    """`/v1/lineage/ID`: the past of a prediction."""

    prediction: Asked
    version: LineageVersion
    recipe: LineageRecipe
    snapshot: LineageSnapshot
    files: dict[str, str]
    rows: LineageRows


class RunningWork(BaseModel):
    """`/v1/work` is a list of these: what is being made now. A point is an epoch and a loss."""

    address: str
    began: float
    at: float | None = None
    left: float | None = None
    lines: list[str]
    points: list[Pair]
    epochs: list[Epoch]


class Unlabelled(BaseModel):
    """A row without a label: a request of a service, or a line of a file."""

    inputs: dict[str, str | None]
    says: str
    probability: float
    prediction: str | None = None
    service: str | None = None
    file: str | None = None
    line: int | None = None


class Unsure(BaseModel):
    """`/v1/models/NAME/unsure`: rows whose labels would improve a model most."""

    labels: list[str]
    waiting: int
    found: list[Unlabelled]


class Example(BaseModel):
    """A request of a proposal."""

    prediction: str
    inputs: dict[str, str | None]


class Proposal(BaseModel):
    """Requests that are like each other and that no class explains."""

    name: str
    rows: int
    strange: int
    nearest: str
    alike: float
    examples: list[Example]
    predictions: list[str]


class Proposals(BaseModel):
    """`/v1/models/NAME/proposals`: classes that a model lacks."""

    labels: list[str]
    waiting: int
    strange: int
    share: float
    groups: list[Proposal]


class Named(BaseModel):
    """What became of a proposal that was given its name."""

    label: str
    new: bool
    rows: int


class Moved(BaseModel):
    """A service from one version to another."""

    service: str
    old: str = Field(alias="from")
    to: str
    why: str


class WhatIfInput(BaseModel):
    """An input of a service: a range, choices, or a text."""

    name: str
    type: str
    unit: str | None
    private: bool
    low: float | None = None
    high: float | None = None
    usual: float | str | None = None
    whole: bool | None = None
    choices: list[str] | None = None


class WhatIfForm(BaseModel):
    """`/v1/services/NAME/what-if`, asked with GET: what may be asked."""

    version: str
    predict: str
    inputs: list[WhatIfInput]
    ready: bool
    beside: str | None


class WhatIfAnswer(BaseModel):
    """`/v1/services/NAME/what-if`, asked with POST: the answer, and what each input added to it."""

    version: str
    label: str
    number: bool
    probability: float | None = None
    value: float | None = None
    interval: Pair | None = None
    base: float
    inputs: dict[str, float]
    beside: WhatIfAnswer | None = None


class Moment(BaseModel):
    """`/v1/moments` is a list of these: what happened."""

    what: str
    at: float
    name: str


class Note(BaseModel):
    """`/v1/notes` is a list of these: notes that visitors left on an element."""

    id: int
    on: str
    text: str
    name: str
    at: float


class Ground(BaseModel):
    """What supports a sentence: a row, a version, or an element at a revision."""

    file: str | None = None
    line: int | None = None
    question: str | None = None
    says: str | None = None
    likeness: float | None = None
    thing: str | None = None
    revision: int | None = None
    version: str | None = None
    snapshot: str | None = None


class Sentence(BaseModel):
    """A sentence of an inhabitant, with its way through the valley and the files behind it."""

    text: str
    path: list[str]
    files: dict[str, str]
    rests: Ground | None


class Talk(BaseModel):
    """`/v1/places/NAME/talk`: what an inhabitant answers."""

    sentences: list[Sentence]


NAMES = {str: "string", float: "number", int: "number", bool: "boolean", type(None): "null"}


def shapes() -> list[type[BaseModel]]:
    """The shapes of both modules, in the order of the files."""
    modules = [(record_wire.__name__, vars(record_wire)), (__name__, globals())]
    found: list[type[BaseModel]] = []
    for name, named in modules:
        found += [shape for shape in named.values() if _is_shape_of(shape, name)]
    return found


def _is_shape_of(value: object, module: str) -> TypeGuard[type[BaseModel]]:
    """Whether a name of a module is a shape that it defines itself."""
    return isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module


def typescript() -> str:
    """The same shapes as TypeScript."""
    lines = [
        "// Generated from src/mesocosm/app/console_wire.py; run"
        " `python -m mesocosm.app.console_wire`.",
        'import type { Scene } from "./wire";',
        "",
    ]
    for shape in shapes():
        lines += [*_interface_of(shape), ""]
    return "\n".join(lines[:-1]) + "\n"


def _interface_of(shape: type[BaseModel]) -> list[str]:
    """The lines of a shape as an interface of TypeScript, which extends those of its bases."""
    parents = [base for base in shape.__bases__ if base is not BaseModel]
    inherited: set[str] = set()
    for parent in parents:
        inherited |= set(getattr(parent, "model_fields", ()))
    heading = f"export interface {shape.__name__}"
    if parents:
        heading += f" extends {', '.join(parent.__name__ for parent in parents)}"
    lines = [heading + " {"]
    for name, field in shape.model_fields.items():
        if name not in inherited:
            optional = "" if field.is_required() else "?"
            lines.append(f"  {field.alias or name}{optional}: {type_name(field.annotation)};")
    return [*lines, "}"]


def type_name(kind: object) -> str:
    """A type of Python as one of TypeScript."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in inner)
    if origin in (typing.Union, UnionType):
        return " | ".join(type_name(one) for one in inner)
    if isinstance(origin, type):
        return _container_name(origin, inner)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.__name__
    return NAMES.get(kind, "unknown") if isinstance(kind, type) else "unknown"


def _container_name(origin: type, inner: Sequence[object]) -> str:
    """A tuple, a list or a dict of Python as a type of TypeScript."""
    if origin is tuple:
        return f"[{', '.join(type_name(one) for one in inner)}]"
    if origin is list:
        one = type_name(inner[0])
        return f"({one})[]" if "|" in one else f"{one}[]"
    if origin is dict:
        return f"Record<string, {type_name(inner[1])}>"
    return "unknown"


if __name__ == "__main__":
    print(typescript(), end="")
