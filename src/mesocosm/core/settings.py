"""Settings of the file as frozen models, and the protocols that the rooms meet by.

Knows shapes only. A kind of source, field, rule or method is one frozen settings model and at most
three methods; its folder's `__init__.py` names it in a table, which plugins may add to, and the
file's grammar is built from that table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, Union, runtime_checkable

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    model_validator,
)

from mesocosm.core.plugins.choices import NamedChoice, PluginChoice
from mesocosm.core.plugins.kind_modules import KindModules
from mesocosm.core.plugins.kinds import Kinds
from mesocosm.core.prediction_form import PredictionForm
from mesocosm.core.records import Json

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Settings(BaseModel):
    """Settings of one kind: frozen, unknown keys refused, a scalar read as the short form.

    `short` names the key that a bare scalar stands for (`missing: median` is
    `missing: {method: median}`); a kind without it has no short form.
    `extra` names the extra of the package that a kind needs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    short: ClassVar[str] = ""
    extra: ClassVar[str] = ""

    @property
    def extras(self) -> tuple[str, ...]:
        """The extras of the package that it needs with these settings."""
        if self.extra:
            return (self.extra,)
        return ()

    @model_validator(mode="before")
    @classmethod
    def _from_short(cls, value: object) -> object:
        if cls.short and isinstance(value, (str, int, float, list)):
            return {cls.short: value}
        return value


def one_of(kinds: Mapping[str, type[Settings]], tag: str, key: str | None = None) -> object:
    """The type of a setting that is one of `kinds`, discriminated by `tag`; a bare name is the kind
    with its defaults, and `type` and `method` are understood for each other. Where `kinds` is a
    table that plugins add to, theirs may be named too.

    Args:
        tag: the attribute that holds the kind's name.
        key: the file's word for it, where that is another.
    """

    word = key or tag
    other = {"type": "method", "method": "type"}.get(word, "")

    def expand_bare_name(value: object) -> object:
        if isinstance(value, str):
            return {word: value}
        if isinstance(value, dict) and word not in value and value.get(other) in kinds:
            rest = {name: setting for name, setting in value.items() if name != other}
            return {word: value[other], **rest}
        return value

    if not isinstance(kinds, Kinds):
        return Annotated[_union_of(kinds, tag), BeforeValidator(expand_bare_name)]
    if isinstance(kinds.built_in, KindModules):
        whole = cache(lambda: TypeAdapter(_union_of(kinds.built_in, tag)))
        return Annotated[Any, NamedChoice(kinds, word, whole), BeforeValidator(expand_bare_name)]
    choice = _union_of(kinds.built_in, tag)
    return Annotated[choice, PluginChoice(kinds, word), BeforeValidator(expand_bare_name)]


def _union_of(kinds: Mapping[str, type[Settings]], tag: str) -> Any:
    """The type of one of some kinds, told apart by `tag`; any type where there is none."""
    if not kinds:
        return Any
    choice: Any = Union[tuple(kinds.values())]  # noqa: UP007
    return Annotated[choice, Field(discriminator=tag)]


@dataclass(frozen=True)
class ProjectPaths:
    """The folders of a project: `root` is the project folder (no path leaves it), `store` the
    folder `.mesocosm`.
    """

    root: Path
    store: Path


@runtime_checkable
class Source(Protocol):
    """Where raw rows come from."""

    def fingerprint(self, where: ProjectPaths) -> str: ...

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected: ...


@dataclass
class Collected:
    """What a source read: a DuckDB table with `_file` and `_line`, and lines that are unreadable.

    `files` maps each file or table read to its BLAKE2 fingerprint, `lines` each text file to its
    physical lines: all (`physical`), and how many are in `rows`, `header`, `blank`, `comment` and
    `quarantined` ones. `notes` are sentences about how files were read.
    """

    columns: list[str]
    rows: int
    files: dict[str, str]
    unreadable: list[tuple[str, int, str, str]] = field(
        default_factory=lambda: []
    )  # file, line, text, why
    lines: dict[str, dict[str, int]] = field(default_factory=lambda: {})
    notes: list[str] = field(default_factory=lambda: [])


class Predictor(Protocol):
    """A model version as one object: facts, preprocessing and net.

    `labels` are those that may come out, where a prediction is one or some of them.
    """

    @property
    def labels(self) -> Sequence[str]: ...

    @property
    def form(self) -> PredictionForm: ...

    def predict(self, rows: Sequence[Mapping[str, object]]) -> list[dict[str, Json]]: ...
