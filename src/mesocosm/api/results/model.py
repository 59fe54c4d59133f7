"""Results of the verbs of a model: cards, labels, challengers, base models and suggestions. Knows
shapes only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mesocosm.core.records import OMIT, Json, JsonObject, Record


@dataclass(frozen=True, slots=True)
class Card(Record):
    """The model card of a version.

    Args:
        version: its id.
        written: the file that it was written to; None where it was not.
        card: the page, in Markdown.
    """

    version: str
    written: str | None
    card: str = field(repr=False)

    def _repr_html_(self) -> str:
        from markdown_it import MarkdownIt

        page = MarkdownIt("commonmark", {"html": False}).enable("table").render(self.card)
        return str(page)


@dataclass(frozen=True, slots=True)
class LabelError(Record):
    """A row whose label the others contradict; `confidence` in the label is 0 to 1."""

    index: int
    label: str
    looks_like: str
    confidence: float
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class LabelErrors(Record):
    """The probable label errors of a model's training set, the least confident first.

    Args:
        rows: how many rows were examined.
    """

    model: str
    dataset: str
    version: str
    rows: int
    found: tuple[LabelError, ...]


@dataclass(frozen=True, slots=True)
class UnlabelledRow(Record):
    """A row without a label: its inputs, what the model says with which probability, and where it
    is from: a `prediction` with its `service`, or a `file` and a `line`.
    """

    inputs: Mapping[str, str | None]
    says: str
    probability: float
    prediction: str | None = field(default=None, metadata=OMIT)
    service: str | None = field(default=None, metadata=OMIT)
    file: str | None = field(default=None, metadata=OMIT)
    line: int | None = field(default=None, metadata=OMIT)


@dataclass(frozen=True, slots=True)
class RowsToLabel(Record):
    """The rows from whose labels a model would learn most, of `waiting` ones without a label."""

    model: str
    version: str
    labels: tuple[str, ...]
    waiting: int
    found: tuple[UnlabelledRow, ...]


@dataclass(frozen=True, slots=True)
class ClassProposal(Record):
    """A group of requests that no class explains.

    Args:
        name: a working name.
        rows: how many requests.
        strange: how many of them are out-of-distribution.
        nearest: the nearest class.
        alike: how similar it is, -1 to 1.
        examples: the most typical requests.
        predictions: the ids of all of them.
    """

    name: str
    rows: int
    strange: int
    nearest: str
    alike: float
    examples: tuple[UnlabelledRow, ...]
    predictions: tuple[str, ...]

    def to_json(self) -> dict[str, Json]:
        """The proposal as JSON-ready data; an example begins with its prediction."""
        data = Record.to_json(self)
        data["examples"] = [
            {"prediction": example.prediction, **example.to_json()} for example in self.examples
        ]
        return data


@dataclass(frozen=True, slots=True)
class ClassProposals(Record):
    """Candidate new classes among `waiting` requests, `strange` of which are out-of-distribution:
    less confident than a `share` of held-out rows.
    """

    model: str
    version: str
    labels: tuple[str, ...]
    waiting: int
    strange: int
    share: float
    groups: tuple[ClassProposal, ...]


@dataclass(frozen=True, slots=True)
class AcceptedClass(Record):
    """Requests that were given one label; `new` says whether the model lacks it."""

    model: str
    label: str
    new: bool
    rows: int
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Challenge(Record):
    """A challenger, trained and compared with the champion.

    Args:
        promoted: whether it replaces the champion.
        champion: the id of the version that served before.
        challenger: the id of the new version.
        why: the reason, in a sentence.
        begun: a sentence about what was deployed; empty where nothing was.
        comparison: both on the same rows.
    """

    promoted: bool
    champion: str
    challenger: str
    why: str
    begun: str
    comparison: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True)
class BaseModel(Record):
    """A pretrained base model that comes with Mesocosm; `here` says whether it is installed."""

    name: str
    about: str
    licence: str
    here: bool


@dataclass(frozen=True, slots=True)
class BaseModels(Record):
    """The pretrained base models that come with Mesocosm."""

    bases: tuple[BaseModel, ...]


@dataclass(frozen=True, slots=True)
class Suggestion(Record):
    """A change of the file that measurements support.

    Args:
        at: the setting, by its path.
        was: what it is; None where it is not set.
        would: what it would be.
        because: the evidence, in a sentence.
    """

    at: str
    was: Json
    would: Json
    because: str


@dataclass(frozen=True, slots=True)
class Suggestions(Record):
    """Suggested changes, in the order of the file, and the file that has them all, if any."""

    proposals: tuple[Suggestion, ...]
    written: str | None
