"""The protocol of tasks: all that one kind of prediction brings, from checks to reports.

Knows shapes. Knows no task and no library of training: methods import what they need, so that a
file is checked without them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mesocosm.core.progress import Say
from mesocosm.core.records import Json
from mesocosm.core.settings import Settings
from mesocosm.learning.tasks.graph_session import OpenSession

if TYPE_CHECKING:
    from mesocosm.core import faults
    from mesocosm.core.settings import Predictor
    from mesocosm.learning.cost.estimate import Job
    from mesocosm.learning.model import Model
    from mesocosm.learning.training.context import TrainContext, TrainingData, TrainResult

Record = Mapping[str, object]  # of a version: its recipe, its metrics, one of its predictions


@dataclass(frozen=True)
class TargetFacts:
    """What decides the task of a model besides its settings.

    Args:
        type: of the target field; empty where it is not known.
        ordered: whether the target's values have an order.
        generates: whether the base is causal, and generates text.
    """

    type: str = ""
    ordered: bool = False
    generates: bool = False


@dataclass(frozen=True)
class FieldFacts:
    """A field as the file has it.

    Args:
        type: its type; a decimal is a number.
        private: whether it is governed as private.
        sealed: whether it is encrypted, so that equal values differ.
        ordered: whether its values have an order.
    """

    type: str
    private: bool = False
    sealed: bool = False
    ordered: bool = False


@dataclass(frozen=True)
class DatasetFacts:
    """A dataset as the file has it.

    Args:
        fields: by name; none where they are drafted from the source.
        key: the field that names a row.
        drafted: whether the fields are drafted, so that nothing is known of them.
    """

    fields: Mapping[str, FieldFacts]
    key: str | None = None
    drafted: bool = False


@dataclass(frozen=True)
class Lookup:
    """Texts of another dataset, by its key.

    Args:
        dataset: the dataset.
        texts: the fields that are read.
    """

    dataset: str
    texts: tuple[str, ...]


class TaskSettings(Settings):
    """Settings of a task of its own, in a model."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of the model's dataset that are read besides features and target."""
        return ()

    @property
    def lookup(self) -> Lookup | None:
        """Another dataset that is read."""
        return None


@dataclass(frozen=True)
class CheckedModel:
    """A model of the file, for the checks of its task.

    Args:
        model: its settings.
        data: its dataset.
        datasets: all datasets of the file.
        at: the model's path in the file.
    """

    model: Model
    data: DatasetFacts
    datasets: Mapping[str, DatasetFacts]
    at: faults.Path

    @property
    def types(self) -> dict[str, str]:
        """The type of each field."""
        return {name: known.type for name, known in self.data.fields.items()}

    @property
    def target(self) -> TargetFacts:
        """What is known of the target."""
        known = self.data.fields.get(self.model.target)
        if known is None:
            return TargetFacts()
        return TargetFacts(known.type, known.ordered)


@dataclass(frozen=True)
class Loading:
    """How a version is loaded.

    Args:
        root: the project's folder.
        open_session: opens a session of a graph's path.
        precision: of weights in memory: `auto`, `int8` or `fp32`.
        shared: bases in memory; what is loaded is put there.
    """

    root: Path
    open_session: OpenSession
    precision: str = "auto"
    shared: dict[object, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Leading:
    """The metric that leads for a task.

    Args:
        metric: its key in a version's metrics.
        label: its name for people.
        test: the paired test that compares two versions by it.
    """

    metric: str
    label: str
    test: str = "Wilcoxon"


@dataclass(frozen=True)
class ForeignMetrics:
    """Metrics of a task that other tasks over rows refuse.

    Args:
        metrics: their keys.
        found: the id of the message that says what they are, of `target` and `kind` of the model
            that has them.
        expected: the id of the message that says what is expected instead.
    """

    metrics: tuple[str, ...]
    found: str
    expected: str


@dataclass(frozen=True)
class ReportTable:
    """A table of a task's own in the report of a version.

    Args:
        title: its heading.
        heads: a heading for each column.
        rows: a text for each column.
    """

    title: str
    heads: tuple[str, ...]
    rows: Sequence[Sequence[str]]


def count_labels(recipe: Record) -> int:
    """How many labels a version has."""
    labels = recipe["labels"]
    assert isinstance(labels, Sequence)
    return len(labels)


class Task(ABC):
    """What a model predicts, with all that follows from it.

    Attributes:
        name: names it in the table of tasks.
        recorded: the value of `task` in the recipe of its versions; empty for tasks over rows.
        target_types: types of the target field.
        metrics: keys that `require` may bound.
        shown: metrics in the table of a report, in this order.
        leading: the metric that leads.
        foreign: its metrics that other tasks over rows refuse, and why.
        height: the metric that is the height of its tree in the world, and its name for people.
        by_base: whether the base decides between it and another task of the same target.
        checks_alone: whether `check` is all there is to check of a model's settings.
        has_class: whether each row has one class.
        takes_images: whether features may be images.
        tries_bases: whether `base: auto` can find a base for it.
        rows_are_requests: whether a request is a row of the dataset, so that held-out rows can be
            sent, and labels be counted.
        explains: whether a version has the outputs of a head, which are explained and compared.
        no_sum: where it does not explain, why: what a model does, and what is then no sum over
            inputs.
        no_retraining: the id of the message that says why a service's model cannot be trained on
            feedback; empty where it can.
        frozen_continual: the id of the message that says why a frozen base does not learn
            continually.
        predicts: what is predicted, for people.
        most_compared: held-out rows on which champion and challenger are compared; None for all.
        loads_previous: whether a continual version needs the previous one loaded.
    """

    name: ClassVar[str]
    recorded: ClassVar[str] = ""
    target_types: ClassVar[tuple[str, ...]] = ()
    metrics: ClassVar[tuple[str, ...]] = ()
    shown: ClassVar[tuple[str, ...]] = ()
    leading: ClassVar[Leading]
    foreign: ClassVar[ForeignMetrics | None] = None
    height: ClassVar[tuple[str, str]]
    by_base: ClassVar[bool] = False
    checks_alone: ClassVar[bool] = False
    has_class: ClassVar[bool] = False
    takes_images: ClassVar[bool] = False
    tries_bases: ClassVar[bool] = True
    rows_are_requests: ClassVar[bool] = True
    explains: ClassVar[bool] = False
    no_sum: ClassVar[str] = "predicts, and a prediction"
    no_retraining: ClassVar[str] = ""
    frozen_continual: ClassVar[str] = "config.frozen_forgets_none"
    predicts: ClassVar[str] = "a text"
    most_compared: ClassVar[int | None] = None
    loads_previous: ClassVar[bool] = True

    def fits(self, model: Model, target: TargetFacts) -> bool:
        """Whether a model has this task."""
        return model.own_task is None and target.type in self.target_types

    def is_recorded(self, recipe: Record) -> bool:
        """Whether a version with this recipe is of this task."""
        return recipe.get("task") == self.recorded

    @abstractmethod
    def check(self, checked: CheckedModel) -> Iterator[faults.Fault]:
        """Settings that do not fit the task, and what is expected, in no order."""

    @abstractmethod
    def train(self, name: str, data: TrainingData, context: TrainContext, say: Say) -> TrainResult:
        """Train and evaluate a version of the model `name`, and write its files into the context's
        folder.

        Raises:
            ConfigValueError: the data or the base does not fit the settings.
        """

    @abstractmethod
    def count_work(self, data: TrainingData, context: TrainContext) -> Job | None:
        """The work of training a version, for its cost estimate; None where it is not known.

        Raises:
            ConfigValueError: the data or the base does not fit the settings.
        """

    @abstractmethod
    def load(self, folder: Path, content: str, loading: Loading) -> Predictor:
        """Load the version in a folder of the fingerprint `content`.

        Raises:
            MesocosmError: a file of it was changed or lost.
        """

    @abstractmethod
    def score(self, version: Predictor, prediction: Record, truth: object) -> float:
        """How right a prediction is: 1 is right."""

    @abstractmethod
    def describe(self, recipe: Record) -> str:
        """What a version does, in a few words of a model card."""

    def read_label(self, label: str) -> object:
        """A label that a person gave, as a value of the target's column."""
        return label

    def tables(self, metrics: Record) -> Sequence[ReportTable]:
        """Its own tables in the report of a version, besides those of metrics and classes."""
        return ()

    def request_spec(self) -> dict[str, Json] | None:
        """How a request is preprocessed; None where it is a row of the dataset."""
        return None

    def erase_rows(self, folder: Path, rows: set[int]) -> bool:
        """Remove what only erased rows gave from a version's files; whether it keeps such."""
        return False

    def explained_label(self, output: Record) -> str:
        """The label of a logged prediction that is explained."""
        return str(output["label"])

    def species(self, recipe: Record) -> str:
        """The species of its tree in the world: an oak reads texts, a birch a table alone."""
        if recipe.get("texts"):
            return "oak"
        return "birch"
