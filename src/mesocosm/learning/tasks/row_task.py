"""Tasks over rows: one head over the features of a row, whatever comes out of it.

Knows what classes, labels and numbers share: features, heads, fine-tuning, export and loading.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mesocosm.core.faults import Fault
from mesocosm.core.prediction_form import CLASSES, PredictionForm
from mesocosm.core.progress import Say
from mesocosm.core.records import Json
from mesocosm.learning.tasks.task import CheckedModel, Loading, Record, Task

if TYPE_CHECKING:
    from mesocosm.core.settings import Predictor
    from mesocosm.learning.arrays import Array
    from mesocosm.learning.cost.estimate import Job
    from mesocosm.learning.export.predictor import Version
    from mesocosm.learning.tasks.outcome import Outcome
    from mesocosm.learning.training.context import TrainContext, TrainingData, TrainResult


class RowTask(Task):
    """A task over rows.

    Attributes:
        form: of a prediction.
        of: what its losses are of: `classes`, `labels` or `numbers`.
    """

    form: ClassVar[PredictionForm] = CLASSES
    of: ClassVar[str] = "classes"
    takes_images = True
    explains = True

    @abstractmethod
    def make_outcome(self, order: Sequence[str]) -> Outcome:
        """How the target becomes numbers and back; `order` has the values of an ordinal one."""

    @abstractmethod
    def present(
        self, version: Version, columns: Mapping[str, Sequence[object]], outputs: Array
    ) -> list[dict[str, Json]]:
        """Predictions as a service answers them.

        Args:
            version: the version that predicts.
            columns: cleaned columns of the rows.
            outputs: of the head: probabilities (rows, labels), or values (rows, 1).
        """

    def is_recorded(self, recipe: Record) -> bool:
        """Whether a version's recipe names no task, and its outputs are of this one."""
        return not recipe.get("task") and self.has_outputs(recipe)

    @abstractmethod
    def has_outputs(self, recipe: Record) -> bool:
        """Whether the outputs of a version over rows are of this task."""

    def check(self, checked: CheckedModel) -> Iterator[Fault]:
        """Metrics of another task, and a loss of another kind of output."""
        from mesocosm.learning.tasks.row_checks import check_foreign_metrics, check_loss

        yield from check_foreign_metrics(checked, self)
        yield from check_loss(checked, self.of)

    def train(self, name: str, data: TrainingData, context: TrainContext, say: Say) -> TrainResult:
        """Train a head over features, or the base below it."""
        from mesocosm.learning.training.train_predictor import train_predictor

        return train_predictor(name, data, context, say)

    def count_work(self, data: TrainingData, context: TrainContext) -> Job | None:
        """Features, candidates of heads, fine-tuning, evaluation and export."""
        from mesocosm.learning.base_models import resolve
        from mesocosm.learning.cost.predictive import planned_job
        from mesocosm.learning.features.splits import SplitContext, split_dataset

        model = data.model
        known = SplitContext(context.order, context.init_from, context.groups, context.sites)
        parts = split_dataset(model, data.rows, data.split, data.kinds, known)
        from_scratch = model.pretrain is not None and model.pretrain.from_scratch is not None
        base = None
        if parts.text_names and not from_scratch:
            base = resolve(str(model.base or ""), context.root)
        return planned_job(
            model, parts, base, context.root, context.store, context.corpus, context.corpus_fields
        )

    def load(self, folder: Path, content: str, loading: Loading) -> Predictor:
        """Load head and trunk."""
        from mesocosm.learning.export.predictor import Version

        return Version(folder, content, loading.open_session, loading.precision, loading.shared)

    def score(self, version: Predictor, prediction: Record, truth: object) -> float:
        """Whether the label is right."""
        return float(prediction["label"] == str(truth))
