"""What a kind is, and the protocols the rooms meet by.

Knows shapes only. A kind is one frozen settings model and at most three methods; its folder's
`__init__.py` names it in a plain dict, and the file's grammar is built from that dict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol, Union, runtime_checkable

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class Kind(BaseModel):
    """Settings of one kind: frozen, unknown keys refused, a scalar read as the short form.

    `short` names the key that a bare scalar stands for (`missing: median` is
    `missing: {with: median}`); a kind without it has no short form.
    `extra` names the extra of the package that a kind needs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    short: ClassVar[str] = ""
    extra: ClassVar[str] = ""

    @property
    def extras(self) -> tuple[str, ...]:
        """The extras of the package that it needs as it is set."""
        return (self.extra,) if self.extra else ()

    @model_validator(mode="before")
    @classmethod
    def _from_short(cls, value: Any) -> Any:
        if cls.short and isinstance(value, (str, int, float, list)):
            return {cls.short: value}
        return value


def union(kinds: Mapping[str, type[Kind]], tag: str, key: str | None = None) -> Any:
    """The type of a setting that is one of `kinds`, told apart by `tag`; a bare name is the kind
    with its defaults.

    Args:
        tag: the attribute that holds the kind's name.
        key: what the file calls it, where that is another word.
    """

    def named(value: Any) -> Any:
        return {key or tag: value} if isinstance(value, str) else value

    choice: Any = Union[tuple(kinds.values())]  # noqa: UP007
    return Annotated[Annotated[choice, Field(discriminator=tag)], BeforeValidator(named)]


@dataclass(frozen=True)
class Where:
    """What a room needs to know of the place it works in: `root` is the project folder (no path
    leaves it), `store` the folder `.mesocosm`.
    """

    root: Path
    store: Path


@runtime_checkable
class Source(Protocol):
    """Where raw rows come from."""

    def fingerprint(self, where: Where) -> str: ...

    def collect(self, where: Where, con: Any, name: str) -> Collected: ...


@dataclass
class Collected:
    """What a source gave: a DuckDB table with `_file` and `_line`, and the lines it could not read.

    `files` maps each file or table read to its BLAKE2 print, `lines` each text file to its physical
    lines: all (`physical`), and how many are in `rows`, `header`, `blank`, `comment` and
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


class Tuning(Protocol):
    """How a pretrained base is moved toward a task."""

    def attach(self, base: Any) -> Any: ...


class Predictor(Protocol):
    """A model version as one thing: facts, preparation and net.

    `says` is what comes out: `classes` (then `labels` has them), `number` or `text`.
    """

    @property
    def labels(self) -> Sequence[str]: ...

    @property
    def says(self) -> str: ...

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]: ...
