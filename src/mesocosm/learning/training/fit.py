"""Fit a head on the features of a base, or fine-tune the base from there. Knows bases and heads."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from mesocosm.core.timer import PhaseTimer
from mesocosm.learning.evaluation import metrics
from mesocosm.learning.features import tabular
from mesocosm.learning.features.sentence_pairs import encode_pairs
from mesocosm.learning.features.splits import Splits
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.heads.selection import TrainingRows, label_names, select_head
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.class_discovery import vary_features
from mesocosm.learning.strategies.domain_adaptation import adapt_head
from mesocosm.learning.strategies.federated import fit_federated_head
from mesocosm.learning.strategies.self_training import SelfTraining, self_train
from mesocosm.learning.training.fit_request import (
    Array,
    Features,
    FitRequest,
    FitResult,
    OnEpoch,
    Say,
    empty_features,
    stack_features,
)

MIN_CALIBRATION_ROWS = 30  # validation rows under which no temperature is fitted


def fit(
    request: FitRequest,
    say: Say,
    timer: PhaseTimer | None = None,
    on_epoch: OnEpoch | None = None,
) -> FitResult:
    """Fit a head on frozen features, or fine-tune the image base, the text base or both from there.

    Args:
        request: the settings and the data.
        say: receives progress.
        timer: records the end of each phase.
        on_epoch: receives each epoch's number and validation loss; may raise to stop the training.
    """
    parts, timer = request.parts, timer or PhaseTimer()
    texts = _embed_texts(request, say)
    features = texts
    if request.sight:
        features = stack_features(texts, request.sight.features)
    timer.end("reading")
    if request.fits_head_only:
        head = _fit_head(request, features, say)
        timer.end("heads")
        return FitResult(head, None, [], features)
    head = select_head(_training_rows(request, features), "linear", say)
    timer.end("heads")
    from mesocosm.learning.training.fine_tune import fine_tune

    result = fine_tune(request, head, texts, say, on_epoch)
    _calibrate(head, result.features, parts, say)
    timer.end("tuning")
    return result


def _embed_texts(request: FitRequest, say: Say) -> Features:
    """Features of the texts by the frozen base; of no width without a base."""
    model, parts, base = request.model, request.parts, request.base
    if not base:
        return empty_features(parts)
    from mesocosm.learning.features.embeddings import embed_texts

    read = partial(embed_texts, base, most=model.max_length, store=request.store, say=say)
    texts: list[str] = []
    for part in parts.where:
        texts += parts.texts[part]
    embedded = encode_pairs(texts, read) if model.apart else read(texts)
    ends = np.cumsum([0, *(len(i) for i in parts.where.values())])
    found = {p: embedded[ends[i] : ends[i + 1]] for i, p in enumerate(parts.where)}
    say(f"embedded {len(embedded)} texts with {base.name}")
    if parts.again and isinstance(model.fine_tune, Frozen):
        found["train"] = vary_features(found["train"], parts.y["train"], parts.again, model.seed)
    return found


def _training_rows(request: FitRequest, features: Features) -> TrainingRows:
    """What heads are fitted on."""
    parts = request.parts
    return TrainingRows(
        features["train"],
        parts.table["train"],
        parts.y["train"],
        parts.outcome.classes,
        request.model.seed,
        tabular.column_counts(parts.facts),
        request.groups,
    )


def _fit_head(request: FitRequest, features: Features, say: Say) -> Any:
    """The head over frozen features: adapted, federated, or the best of those that are tried."""
    model, parts = request.model, request.parts
    rows = _training_rows(request, features)
    if request.init_from:
        return adapt_head(request.init_from, rows, say)
    if model.federated and parts.sites is not None:
        return fit_federated_head(model.federated, parts.sites, rows, say)
    head = select_head(rows, _head_kind(model), say, _label_features(request), model.fusion)
    if model.self_training and parts.where["bare"]:
        head = _self_train(model.self_training, head, request, features, say)
    if model.met:
        _calibrate(head, features, parts, say)
    return head


def _head_kind(model: Model) -> str:
    """The head that the settings name, or `auto`.

    Over a base that was pretrained on labels of the training rows it is the linear one: the
    held-out losses that choose among heads would be too low there.
    """
    kind = "auto"
    if isinstance(model.fine_tune, Frozen):
        kind = model.fine_tune.head
    if model.met and kind == "auto":
        return "linear"
    return kind


def _label_features(request: FitRequest) -> Array | None:
    """Features of the classes' names, as extra supervision where rows are few and one text is all
    that is read; else None.
    """
    model, parts, base = request.model, request.parts, request.base
    if base is None or request.sight or model.apart or parts.table["train"].shape[1]:
        return None
    names = label_names(parts.outcome.labels, parts.y["train"])
    if not names:
        return None
    from mesocosm.learning.features.embeddings import embed_texts

    return embed_texts(base, names, model.max_length, request.store)


def _calibrate(head: Any, features: Features, parts: Splits, say: Say) -> None:
    """Fit a linear head's temperature, or the errors of a number, on the validation rows, since the
    base was trained on the training rows.
    """
    y = parts.y["validation"]
    enough = len(y) >= MIN_CALIBRATION_ROWS
    if not parts.outcome.classes:  # held-out errors from before fine-tuning are not of this base
        head.left_out, head.y_left = np.zeros((0, 1)), np.zeros(0)
        if enough:
            head.left_out = head.logits(features["validation"], parts.table["validation"])
            head.y_left = y
        return
    if parts.outcome.many or not enough or not hasattr(head, "weights"):
        return
    logits = head.logits(features["validation"], parts.table["validation"])
    temperature = metrics.fit_temperature(logits, y)
    head.weights = head.weights / np.float32(temperature)
    head.bias = head.bias / np.float32(temperature)
    head.settings = head.settings | {"temperature": round(temperature, 4)}
    say(f"calibrated on {len(y)} validation rows: temperature {temperature:.2f}")


def _self_train(
    setting: SelfTraining, head: Any, request: FitRequest, features: Features, say: Say
) -> Any:
    """The head after self-training on the unlabelled rows, where that lowers its loss."""
    parts, first = request.parts, head

    def refit(text: Array, table: Array, y: Array, confident: Array) -> Any:
        groups = None
        if parts.groups:
            groups = np.concatenate([parts.groups["train"], parts.groups["bare"][confident]])
        return first.again(text, table, y, parts.outcome.classes, request.model.seed, groups)

    def rows_of(part: str) -> tuple[Array, Array, Array]:
        return features[part], parts.table[part], parts.y[part]

    held = None
    if len(parts.y["validation"]) >= MIN_CALIBRATION_ROWS:
        held = rows_of("validation")
    unlabelled = (features["bare"], parts.table["bare"])
    head, record = self_train(head, setting, rows_of("train"), unlabelled, held, refit, say)
    head.settings = head.settings | {"self_training": record}
    return head
