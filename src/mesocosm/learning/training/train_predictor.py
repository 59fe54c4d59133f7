"""Train a predictor of a category, a number or labels: features, head or fine-tuning, evaluation,
export. Knows the phases and their order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import write_json
from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.core.records import write_value
from mesocosm.core.timer import PhaseTimer
from mesocosm.learning.arrays import Array
from mesocosm.learning.base_models import Base, resolve
from mesocosm.learning.cost.estimate import TrackedEstimate, track_estimate
from mesocosm.learning.cost.predictive import planned_job
from mesocosm.learning.evaluation import model_warnings
from mesocosm.learning.evaluation.leakage import Leaks, find_leaks
from mesocosm.learning.evaluation.metrics import check_gates
from mesocosm.learning.export.served_graphs import ExportedGraphs, write_graphs
from mesocosm.learning.features.splits import SplitContext, Splits, split_dataset
from mesocosm.learning.heads.head import Head
from mesocosm.learning.heads.unlearning import save_inverse
from mesocosm.learning.importers.onnx import ImportedModel, load_head
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO
from mesocosm.learning.tasks.vision.features import ImageFeatures, extract_features
from mesocosm.learning.training.context import TrainContext, TrainingData, TrainResult
from mesocosm.learning.training.evaluate_predictor import (
    Coverage,
    Evaluation,
    TrainedPredictor,
    check_coverage,
    evaluate_predictor,
)
from mesocosm.learning.training.fit import fit
from mesocosm.learning.training.fit_request import FitRequest, FitResult, OnEpoch, no_features
from mesocosm.learning.training.search import SearchRecord, no_search

if TYPE_CHECKING:
    from mesocosm.learning.pretraining.run import PretrainingFigures


def train_predictor(name: str, data: TrainingData, context: TrainContext, say: Say) -> TrainResult:
    """Train and evaluate a predictor, and write its files into the context's folder.

    Raises:
        ConfigValueError: the data or the base does not fit the settings, or an input leaks the
            target.
    """
    import torch

    began = time.perf_counter()
    torch.manual_seed(data.model.seed)
    parts = _split(data, context)
    leaks = _check_leakage(data, parts, say)
    run = _Run(data, context, parts, say)
    run.prepare()
    fitted = run.fit()
    run.timer.end("judging")
    request = run.fit_request
    exported = write_graphs(request, fitted, run.timer)
    run.timer.end("agreement" if run.base else "export")
    trained = TrainedPredictor(
        replace(data, model=run.model), context, request, fitted, exported, leaks, run.pretraining
    )
    evaluation = evaluate_predictor(trained, run.coverage, run.timer, say)
    card = _card(name, run, fitted, exported, evaluation)
    write_json(context.folder / "card.json", card)
    if _can_unlearn(context, parts, run.model, fitted.head):
        save_inverse(fitted.head, [context.ids[i] for i in parts.where["train"]], context.folder)
    run.timer.end("looking closer")
    metrics = evaluation.metrics
    if run.estimate and not isinstance(run.model.base, ImportedModel):
        metrics["price"] = write_value(run.estimate.record_actual())
    metrics["seconds"] = round(time.perf_counter() - began, 2)
    failed = [
        *check_gates(dict(run.model.require), metrics),
        *model_warnings.find_better_baselines(metrics),
    ]
    return TrainResult({**card, "metrics": metrics}, metrics, fitted.history, failed)


def _split(data: TrainingData, context: TrainContext) -> Splits:
    """The dataset by part of the split."""
    known = SplitContext(context.order, context.init_from, context.groups, context.sites)
    parts = split_dataset(data.model, data.rows, data.split, data.kinds, known)
    parts.again = [at for at, i in enumerate(parts.where["train"]) if i in context.repeated]
    return parts


def _check_leakage(data: TrainingData, parts: Splits, say: Say) -> Leaks:
    """The leaks of the dataset, as `find_leaks` gives them.

    Raises:
        ConfigValueError: an input that the settings do not allow predicts the target by itself.
    """
    model, target = data.model, data.model.target
    labels = [parts.outcome.parse_target(v) for v in data.rows[target]]
    leaks = find_leaks(data.rows, data.kinds, model.features, parts.where, labels)
    suspects = [n for n in leaks.telling if n not in model.allow_leakage]
    if suspects:
        raise ConfigValueError(
            "features",
            Message(
                "learning.target_leakage",
                name=suspects[0],
                target=target,
                share=leaks.telling[suspects[0]],
            ),
            Message("learning.features_without", name=suspects[0]),
        )
    if leaks.shared:
        rows = len(parts.y["test"])
        say(Message("progress.identical_rows", shared=leaks.shared, rows=rows))
    return leaks


@dataclass
class _Run:
    """The state of a training between its phases; `prepare` comes first, then `fit`."""

    data: TrainingData
    context: TrainContext
    parts: Splits
    say: Say
    timer: PhaseTimer = field(default_factory=PhaseTimer)
    base: Base | None = None
    coverage: Coverage | None = None
    estimate: TrackedEstimate | None = None
    pretraining: PretrainingFigures | None = None
    sight: ImageFeatures | None = None
    searched: SearchRecord = field(default_factory=no_search)
    tried: Sequence[Mapping[str, object]] = field(default_factory=list)
    selected: FitResult | None = None

    def __post_init__(self) -> None:
        self.model = self.data.model

    @property
    def fit_request(self) -> FitRequest:
        """What the final fit takes."""
        return FitRequest(
            self.model,
            self.parts,
            self.base,
            self.context.store,
            self.context.checkpoint,
            self.context.folder,
            self.context.past,
            self.sight,
            self.context.init_from,
        )

    def prepare(self) -> None:
        """Everything before the final fit: the base, the estimate, pretraining, image features,
        AutoML and search.
        """
        self._resolve_base()
        self._estimate_cost()
        self._pretrain()
        if self.parts.images["train"]:
            context, model = self.context, self.model
            self.sight = extract_features(
                self.parts.images,
                model.image_base,
                context.root,
                context.store,
                context.folder,
                model.seed,
                self.say,
            )
            self.timer.end("looking")
        if self.model.base == AUTO:
            self._select_model()
        if self.model.search:
            self._search()

    def _resolve_base(self) -> None:
        model = self.model
        from_scratch = model.pretrain is not None and model.pretrain.from_scratch is not None
        if self.parts.text_names and not from_scratch and model.base != AUTO:
            self.base = resolve(str(model.base), self.context.root)
        self.coverage = check_coverage(self.parts, self.base, model.max_length, self.say)

    def _estimate_cost(self) -> None:
        """Announce the estimated cost; AutoML has a time budget instead."""
        if self.model.base == AUTO:
            return
        context = self.context
        job = planned_job(
            self.model,
            self.parts,
            self.base,
            context.root,
            context.store,
            context.corpus,
            context.corpus_fields,
        )
        self.estimate = track_estimate(job, context.store)
        self.timer = self.estimate.timer
        self.estimate.announce(self.say)
        self.estimate.import_libraries(self.base)

    def _pretrain(self) -> None:
        """Pretrain the base on unlabelled texts, where the settings say so."""
        model, context = self.model, self.context
        if not (model.pretrain and self.parts.text_names):
            return
        from mesocosm.learning.pretraining.run import Corpus, pretrain

        self.base, self.pretraining = pretrain(
            self.base,
            Corpus(context.corpus, context.corpus_fields),
            model.pretrain,
            model.max_length,
            model.seed,
            context.store,
            self.say,
        )
        self.timer.end("pretraining")

    def _select_model(self) -> None:
        """Choose base, method and head by AutoML."""
        from mesocosm.learning.strategies.automl import search_base

        context = self.context
        self.model, self.base, self.selected, self.tried = search_base(
            self.model, self.parts, context.root, context.store, self.sight, self.say
        )

    def _search(self) -> None:
        """Choose the settings of the lowest validation loss."""
        from mesocosm.learning.training.search import search

        assert self.model.search is not None
        self.model, self.searched = search(
            self.model,
            self.model.search,
            self._score,
            self.say,
            self.context.studies,
            self.context.build_key,
        )
        self.timer.end("search")

    def _score(self, model: Model, on_epoch: OnEpoch) -> float:
        """The validation loss of a model's settings; the training loss without validation rows."""
        from mesocosm.learning.heads.kernel import select_loss

        parts = self.parts
        request = FitRequest(model, parts, self.base, self.context.store, sight=self.sight)
        result = fit(request, lambda _: None, on_epoch=on_epoch)
        part = "train"
        if len(parts.y["validation"]):
            part = "validation"
        logits = result.head.logits(result.features[part], parts.table[part])
        loss: Callable[[Array, Array], float] = select_loss(parts.y[part], parts.outcome.classes)
        return loss(logits, parts.y[part])

    def fit(self) -> FitResult:
        """The head and the fine-tuned trunk; an imported model is taken as it is."""
        model, parts = self.model, self.parts
        if isinstance(model.base, ImportedModel):
            head = load_head(
                model.base,
                self.context.root,
                len(model.features),
                parts.outcome.labels,
                parts.outcome.scale,
            )
            self.say(Message("progress.without_training", base=model.base.file))
            return FitResult(head, None, [], no_features(parts.y))
        if self.selected:
            return self.selected
        return fit(self.fit_request, self.say, self.timer)


def _can_unlearn(context: TrainContext, parts: Splits, model: Model, head: Head) -> bool:
    """Whether single rows can be taken out of the head later: not where oversampling depends on the
    other rows, or pseudo-labels on all of them.
    """
    if not context.ids or model.pretrain or parts.again:
        return False
    self_training = head.settings.get("self_training")
    return not (isinstance(self_training, Mapping) and self_training.get("used"))


def _card(
    name: str,
    run: _Run,
    fitted: FitResult,
    exported: ExportedGraphs,
    evaluation: Evaluation,
) -> dict[str, object]:
    """What a service and a reader need to know of the version."""
    model, parts, base = run.model, run.parts, run.base
    base_name, licence = None, None
    if base:
        base_name, licence = base.name, base.licence
    elif isinstance(model.base, ImportedModel):
        base_name = model.base.file
    images: Mapping[str, object] = {}
    if run.sight:
        images = dict(run.sight.card)
    return {
        "model": name,
        **evaluation.scale,
        "predict": model.target,
        "predicts": run.data.kinds[model.target],
        "inputs": list(model.features),
        "texts": parts.text_names,
        "pair": model.apart,
        "block": parts.facts,
        "max_length": model.max_length,
        "base": base_name,
        "licence": licence,
        "method": model.fine_tune.method,
        "head": fitted.head.name,
        "settings": fitted.head.settings,
        "rows": {p: len(y) for p, y in parts.y.items()},
        "trials": run.searched["trials"],
        "importance": run.searched["importance"],
        "auto": run.tried,
        "seed": model.seed,
        **images,
        **exported.card,
    }
