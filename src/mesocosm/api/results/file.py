"""Results of the verbs about a file alone: a new one, a draft, a check, a migration. Knows shapes
only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mesocosm.core.records import OMIT, Json, JsonObject, Record


@dataclass(frozen=True, slots=True)
class NewProject(Record):
    """A new ecosystem.yaml, and the scene that it is a copy of; None where it is of none."""

    file: str
    template: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposed ecosystem.yaml.

    Args:
        text: the file, each line under its evidence.
        proposal: the same as data: sources, the dataset, the evidence, what is proposed.
        note: what a language model changed; empty where none was asked.
        written: the file that it was written to; None where it was not.
    """

    text: str
    proposal: JsonObject = field(repr=False)
    note: str = ""
    written: str | None = None

    def to_json(self) -> dict[str, Json]:
        """The draft as JSON-ready data."""
        written: dict[str, Json] = {"written": self.written} if self.written else {}
        return written | dict(self.proposal)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A valid file: how many resources each section has.

    Args:
        warnings: by address, what a base model truncates or does not know of the texts of small
            local files.
    """

    ecosystem: str
    counts: Mapping[str, int]
    warnings: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """The result as JSON-ready data."""
        data: dict[str, Json] = {"ecosystem": self.ecosystem, "valid": True, **self.counts}
        if self.warnings:
            data["warnings"] = {name: list(said) for name, said in self.warnings.items()}
        return data


@dataclass(frozen=True, slots=True)
class RenamedWord(Record):
    """A word of an earlier grammar, and the word of now."""

    line: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Migration(Record):
    """A file in the words of this release's grammar.

    Args:
        file: the file's name.
        grammar: the grammar of now.
        changes: the words that were or would be rewritten.
        backup: the name of the file as it was; None where nothing was written.
        schema: the version of the catalog's schema; None where there is no catalog.
    """

    file: str
    grammar: int
    changes: tuple[RenamedWord, ...]
    backup: str | None
    schema: str | None = field(default=None, metadata=OMIT)
