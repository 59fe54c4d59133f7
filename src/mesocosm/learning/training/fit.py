"""Fit a head on the features of a base, or fine-tune the base from there. Knows bases and heads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.core.timer import PhaseTimer
from mesocosm.learning.arrays import Array, Floats, Ints, Mask
from mesocosm.learning.evaluation import metrics
from mesocosm.learning.features import tabular
from mesocosm.learning.features.sentence_pairs import encode_pairs
from mesocosm.learning.features.splits import Splits, divide_rows
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.heads.head import Head
from mesocosm.learning.heads.selection import TrainingRows, label_names, select_head
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.class_discovery import vary_features
from mesocosm.learning.strategies.domain_adaptation import adapt_head
from mesocosm.learning.strategies.federated import fit_federated_head
from mesocosm.learning.strategies.self_training import SelfTraining, self_train
from mesocosm.learning.training.fit_request import (
    Features,
    FitRequest,
    FitResult,
    HasWeights,
    LinearHead,
    OnEpoch,
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
    head = _fit_linear_head(request, features, say)
    timer.end("heads")
    from mesocosm.learning.training.fine_tune import fine_tune

    result = fine_tune(request, head, texts, say, on_epoch)
    _calibrate(head, result.features, parts, say)
    timer.end("tuning")
    return result


def _fit_linear_head(request: FitRequest, features: Features, say: Say) -> LinearHead:
    """A head over the frozen features that fine-tuning starts from."""
    head: Head = select_head(_training_rows(request, features), "linear", say)
    assert isinstance(head, HasWeights)
    return head


def _embed_texts(request: FitRequest, say: Say) -> Features:
    """Features of the texts by the frozen base; of no width without a base."""
    model, parts, base = request.model, request.parts, request.base
    if not base:
        return empty_features(parts)
    from mesocosm.learning.features.embeddings import embed_texts

    read: Callable[[Sequence[str]], Floats] = partial(
        embed_texts, base, most=model.max_length, store=request.store, say=say
    )
    if model.apart:
        read = partial(encode_pairs, features=read)
    texts: list[str] = []
    for part in parts.where:
        texts += parts.texts[part]
    embedded = read(texts)
    features: Features = divide_rows(embedded, parts.where)
    say(Message("progress.embedded_texts", texts=len(embedded), base=base.name))
    if parts.again and isinstance(model.fine_tune, Frozen):
        features["train"] = vary_features(
            features["train"], parts.y["train"], parts.again, model.seed
        )
    return features


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


def _fit_head(request: FitRequest, features: Features, say: Say) -> Head:
    """The head over frozen features: adapted, federated, or the best of those that are tried."""
    model, parts = request.model, request.parts
    rows = _training_rows(request, features)
    head: Head
    if request.init_from:
        head = adapt_head(request.init_from, rows, say)
        return head
    if model.federated and parts.sites is not None:
        head = fit_federated_head(model.federated, parts.sites, rows, say)
        return head
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


def _calibrate(head: Head, features: Features, parts: Splits, say: Say) -> None:
    """Fit a linear head's temperature, or the errors of a number, on the validation rows, since the
    base was trained on the training rows.
    """
    if not parts.outcome.classes:
        _replace_held_out(head, features, parts)
    elif isinstance(head, HasWeights) and _can_calibrate(parts):
        y = parts.y["validation"]
        logits = head.logits(features["validation"], parts.table["validation"])
        temperature = metrics.fit_temperature(logits, y)
        head.weights = head.weights / np.float32(temperature)
        head.bias = head.bias / np.float32(temperature)
        head.settings = head.settings | {"temperature": round(temperature, 4)}
        say(Message("progress.calibrated", rows=len(y), temperature=temperature))


def _has_enough_validation(parts: Splits) -> bool:
    return len(parts.y["validation"]) >= MIN_CALIBRATION_ROWS


def _can_calibrate(parts: Splits) -> bool:
    """Whether there is one class a row, and enough validation rows."""
    return not parts.outcome.many and _has_enough_validation(parts)


def _replace_held_out(head: Head, features: Features, parts: Splits) -> None:
    """Keep the errors of the validation rows: earlier ones are not of this base."""
    head.left_out, head.y_left = np.zeros((0, 1)), np.zeros(0)
    if _has_enough_validation(parts):
        head.left_out = head.logits(features["validation"], parts.table["validation"])
        head.y_left = parts.y["validation"]


@dataclass(frozen=True)
class _SelfTrainedRows:
    """The rows of self-training: features, table and targets by part."""

    request: FitRequest
    features: Features

    def of(self, part: str) -> tuple[Array, Array, Array]:
        """The features, table and targets of a part."""
        parts = self.request.parts
        return self.features[part], parts.table[part], parts.y[part]

    def held(self) -> tuple[Array, Array, Array] | None:
        """The validation rows, where there are enough to decide by."""
        if not _has_enough_validation(self.request.parts):
            return None
        return self.of("validation")

    def groups(self, confident: Mask) -> Ints | None:
        """The group of each training row and of each unlabelled one that is used."""
        groups = self.request.parts.groups
        if not groups:
            return None
        return np.concatenate([groups["train"], groups["bare"][confident]])


def _self_train(
    setting: SelfTraining, head: Head, request: FitRequest, features: Features, say: Say
) -> Head:
    """The head after self-training on the unlabelled rows, where that lowers its loss."""
    parts, first = request.parts, head
    rows = _SelfTrainedRows(request, features)

    def refit(text: Array, table: Array, y: Array, confident: Mask) -> Head:
        groups = rows.groups(confident)
        return first.again(text, table, y, parts.outcome.classes, request.model.seed, groups)

    unlabelled = (features["bare"], parts.table["bare"])
    trained: Head
    trained, record = self_train(
        head, setting, rows.of("train"), unlabelled, rows.held(), refit, say
    )
    trained.settings = trained.settings | {"self_training": record}
    return trained
