"""Fine-tune the image base, the text base or both under a head. Knows the training loop; writes a
fine-tuned image base and the weights of a continual model into the version's folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.learning.arrays import Floats
from mesocosm.learning.features.splits import Splits
from mesocosm.learning.strategies.continual import estimate_importance
from mesocosm.learning.training.fit_request import (
    Features,
    FitRequest,
    FitResult,
    LinearHead,
    OnEpoch,
    empty_features,
    stack_features,
)
from mesocosm.learning.training.loop.records import History, Report, TrainingRecord, as_progress

if TYPE_CHECKING:
    from mesocosm.learning.augmentation.text import Words
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.features.embeddings import Trunk
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.tasks.vision.features import ImageFeatures
    from mesocosm.learning.training.loop.rows import Row, TrainingRows, TrunkWithHead


def fine_tune(
    request: FitRequest, head: LinearHead, texts: Features, say: Say, on_epoch: OnEpoch | None
) -> FitResult:
    """Fine-tune the image base, the text base, or one after the other.

    Trained at once, the text base would memorise what only the images can tell.
    """
    listeners = _Listeners(say, on_epoch)
    images, scope = empty_features(request.parts), "text"
    history: History = []
    if request.sight:
        images, scope = request.sight.features, request.tuning.trainable
        if scope != "text":
            images, history = _fine_tune_images(request, request.sight, head, texts, listeners)
    if scope == "image":
        return FitResult(head, None, history, stack_features(texts, images))
    return _fine_tune_texts(request, head, images, history, listeners)


@dataclass(frozen=True)
class _Listeners:
    """What hears of a training: `say` its progress, `on_epoch` the loss of each epoch."""

    say: Say
    on_epoch: OnEpoch | None

    def report_from(self, finished_epochs: int) -> Report:
        """What the training loop reports to: its records as progress, counted from the epochs that
        finished before.
        """

        def report(record: TrainingRecord) -> None:
            counted = record | {"epoch": record["epoch"] + finished_epochs}
            self.say(as_progress(counted))
            if self.on_epoch and "held_loss" in counted:
                self.on_epoch(counted["epoch"], counted["held_loss"])

        return report


def _fine_tune_images(
    request: FitRequest,
    sight: ImageFeatures,
    head: LinearHead,
    texts: Features,
    listeners: _Listeners,
) -> tuple[Features, History]:
    """Features of the images by a fine-tuned base, and its epochs."""
    from mesocosm.learning.tasks.vision.fine_tuning import ImageTraining, fine_tune_images

    checkpoint = request.checkpoint
    if checkpoint and request.tuning.trainable == "both":
        checkpoint = checkpoint / "images"
    training = ImageTraining(request.parts, sight, texts, request.store, checkpoint, request.folder)
    report = listeners.report_from(0)
    return fine_tune_images(request.model, training, head, listeners.say, report)


def _fine_tune_texts(
    request: FitRequest,
    head: LinearHead,
    images: Features,
    image_history: History,
    listeners: _Listeners,
) -> FitResult:
    """Fine-tune the text base under a head; features of images stay frozen.

    Args:
        head: fitted on the frozen features; its weights and bias are replaced.
        images: features of the images by part.
        image_history: the epochs of the image base, which come first.
    """
    import torch

    from mesocosm.learning.features.embeddings import describe_trainable, load_trunk
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.training.loop.trainer import TrunkWithHead

    model, parts, tune, say = request.model, request.parts, request.tuning, listeners.say
    base = _text_base(request)
    tokens = Tokens(base.folder, model.max_length)
    torch.manual_seed(model.seed)
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    ids = {p: tokens.ids(parts.texts[p]) for p in parts.y}
    trained, data = _training_inputs(request, trunk, tokens, ids, images)
    net = TrunkWithHead(trained, head.weights, head.bias, tune.dropout)
    if request.past:
        request.past.begin(net, base, tune.method, parts.outcome, say)
    trainable = sum(p.numel() for p in net.parameters() if p.requires_grad)
    total = sum(p.numel() for p in (*trunk.parameters(), net.weights, net.bias))
    say(describe_trainable(tune.method, trainable, total))
    history = _train(request, net, data, say, listeners.report_from(len(image_history)))
    net.float()
    _keep_for_next_version(request, net, data["train"])
    history = _join_histories(image_history, history, trainable, head)
    trunk.net = tune.merge(trunk.net)
    head.weights, head.bias = net.weights.detach().numpy(), net.bias.detach().numpy()
    texts = _encode(trunk, tokens, parts, say)
    return FitResult(head, trunk, history, stack_features(texts, images))


def _text_base(request: FitRequest) -> Base:
    assert request.base is not None
    return request.base


def _keep_for_next_version(request: FitRequest, net: TrunkWithHead, rows: TrainingRows) -> None:
    """Write what the next version of a continual model starts from."""
    if not request.past or not request.folder:
        return
    request.past.end(
        net,
        _text_base(request),
        request.tuning.method,
        request.parts.outcome,
        lambda: estimate_importance(net, rows),
        request.folder,
    )


def _training_inputs(
    request: FitRequest,
    trunk: Trunk,
    tokens: Tokens,
    ids: Mapping[str, list[list[int]]],
    images: Features,
) -> tuple[Trunk, dict[str, TrainingRows]]:
    """The layers to train and the rows that they take: all layers on token ids, or the last ones on
    cached states of the layers under them.
    """
    from mesocosm.learning.training.loop.trainer import TrainingRows

    parts, trained = request.parts, trunk
    inputs: Mapping[str, Sequence[Row]] = ids
    words = None
    top = _top_layers(request, trunk)
    if top is not None:
        trained, inputs = top, _compute_inputs(request, trunk, ids)
    elif request.tuning.augment:
        words = _read_words(trunk, tokens)
    data = {}
    for part, rows in inputs.items():
        table = np.hstack([images[part], parts.table[part]])
        data[part] = TrainingRows(rows, table, parts.y[part], words)
    return trained, data


def _top_layers(request: FitRequest, trunk: Trunk) -> Trunk | None:
    """The layers that are trained, where those under them need no gradient."""
    from mesocosm.learning.features.layer_cache import top_layers
    from mesocosm.learning.fine_tuning.last import Last

    if not isinstance(request.tuning, Last):
        return None
    return top_layers(trunk, request.tuning.layers)


def _compute_inputs(
    request: FitRequest, trunk: Trunk, ids: Mapping[str, list[list[int]]]
) -> dict[str, list[Floats]]:
    """The states under the layers that are trained, of each part that has rows."""
    from mesocosm.learning.features.layer_cache import compute_states
    from mesocosm.learning.fine_tuning.last import Last

    base, tune, model = _text_base(request), request.tuning, request.model
    assert isinstance(tune, Last)
    states = {}
    for part, rows in ids.items():
        if rows:
            states[part] = compute_states(
                base, trunk, rows, tune.layers, model.max_length, request.store
            )
    return states


def _read_words(trunk: Trunk, tokens: Tokens) -> Words:
    """The base's vocabulary, for augmentation."""
    from mesocosm.learning.augmentation.text import Words
    from mesocosm.learning.fine_tuning.layers import as_pretrained

    embeddings = as_pretrained(trunk.net).get_input_embeddings()
    return Words(tokens.tokenizer, embeddings.weight.detach().numpy())


def _train(
    request: FitRequest,
    net: TrunkWithHead,
    data: Mapping[str, TrainingRows],
    say: Say,
    report: Report,
) -> History:
    """The epochs of the training loop, in this process or in several."""
    from mesocosm.learning.training.loop import trainer

    model, tune = request.model, request.tuning
    held = data["train"]
    if len(request.parts.y["validation"]):
        held = data["validation"]
    if tune.processes > 1:
        from mesocosm.learning.training.loop.distributed import DistributedJob, train_distributed

        say(Message("progress.processes", processes=tune.processes))
        base = _text_base(request)
        job = DistributedJob(tune, base, model.seed, model.max_length, request.checkpoint)
        return train_distributed(net, job, data["train"], held, report)
    return trainer.train(net, tune, data["train"], held, model.seed, request.checkpoint, report)


def _join_histories(images: History, texts: History, trainable: int, head: LinearHead) -> History:
    """The epochs of the image base and then those of the text base; the first one tells how many
    weights were `trained`, the head's counted once.
    """
    joined = list(images)
    for record in texts:
        joined.append(record | {"epoch": record["epoch"] + len(images)})
    trained = trainable
    if images:
        trained += images[0]["trained"] - head.weights.size - head.bias.size
    joined[0] = joined[0] | {"trained": trained}
    return joined


def _encode(trunk: Trunk, tokens: Tokens, parts: Splits, say: Say) -> Features:
    """Features of the texts by a fine-tuned trunk."""
    from mesocosm.learning.features.embeddings import encode

    features = empty_features(parts)
    encoded: Features = {}
    for part in parts.y:
        encoded[part] = features[part]
        if parts.texts[part]:
            encoded[part] = encode(trunk.eval(), tokens, parts.texts[part], say)
    return encoded
