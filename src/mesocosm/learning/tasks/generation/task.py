"""Text generation as a task. Knows what follows from a causal base."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mesocosm.core.progress import Say
from mesocosm.learning.tasks.task import Leading, Loading, Record, ReportTable, TargetFacts
from mesocosm.learning.tasks.text_task import GAINS, GENERATION_METRICS, TextTask

if TYPE_CHECKING:
    from mesocosm.core.settings import Predictor
    from mesocosm.learning.cost.estimate import Job
    from mesocosm.learning.model import Model
    from mesocosm.learning.tasks.generation.metrics import Example
    from mesocosm.learning.training.context import TrainContext, TrainingData, TrainResult


class Generation(TextTask):
    """A text that a causal base generates."""

    name = "generation"
    recorded = "text"
    metrics = (*GENERATION_METRICS, *GAINS)
    shown = GENERATION_METRICS
    leading = Leading("rouge_l", "ROUGE-L")
    height = ("rouge_l", "ROUGE-L")
    no_sum = "generates text, and a text"
    loads_previous = False  # it is compared by its weights

    def fits(self, model: Model, target: TargetFacts) -> bool:
        """Whether the target is a text and the base a causal one."""
        return super().fits(model, target) and target.generates

    def train(self, name: str, data: TrainingData, context: TrainContext, say: Say) -> TrainResult:
        """Fine-tune a causal base."""
        from mesocosm.learning.base_models import resolve
        from mesocosm.learning.tasks.generation.train import train_generator

        model = data.model
        base = resolve(str(model.base), context.root)
        return train_generator(name, model, base, data.rows, data.split, context, say)

    def count_work(self, data: TrainingData, context: TrainContext) -> Job:
        """A base evaluated as it is, fine-tuned, and evaluated again."""
        from mesocosm.learning.base_models import resolve
        from mesocosm.learning.tasks.generation.cost import generation_job
        from mesocosm.learning.tasks.generation.prompt import split_pairs
        from mesocosm.learning.tasks.generation.train import MAX_EVALUATED, MAX_GENERATED

        model = data.model
        base = resolve(str(model.base), context.root)
        pairs = split_pairs(model.features, model.target, data.rows, data.split)
        return generation_job(model, base, pairs.texts, pairs.answers, MAX_EVALUATED, MAX_GENERATED)

    def load(self, folder: Path, content: str, loading: Loading) -> Predictor:
        """Load what a version changed of its base, which versions share."""
        from mesocosm.learning.tasks.generation.version import BaseModelCache, GenerationVersion

        bases = loading.shared.setdefault("writers", BaseModelCache())
        assert isinstance(bases, BaseModelCache)
        return GenerationVersion(folder, content, loading.root, bases)

    def describe(self, recipe: Record) -> str:
        """What is generated."""
        return f"Generates {recipe['predict']!r}"

    def tables(self, metrics: Record) -> Sequence[ReportTable]:
        """Inputs with the generated and the true text."""
        examples = cast("Sequence[Example]", metrics.get("examples", []))
        rows = [(example["asked"], example["wrote"], example["wanted"]) for example in examples]
        return [ReportTable("Generated texts", ("input", "generated", "reference"), rows)]

    def species(self, recipe: Record) -> str:
        """A willow generates texts."""
        return "willow"
