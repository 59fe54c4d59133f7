"""Fine-tune the image base, the text base or both under a head. Knows the training loop; writes a
fine-tuned image base and the weights of a continual model into the version's folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.learning.features.splits import Splits
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.strategies.continual import estimate_importance
from mesocosm.learning.training.fit_request import (
    Features,
    FitRequest,
    FitResult,
    History,
    OnEpoch,
    Say,
    empty_features,
    stack_features,
)

if TYPE_CHECKING:
    from mesocosm.learning.features.embeddings import Trunk
    from mesocosm.learning.training.loop.trainer import TrainingRows, TrunkWithHead


def fine_tune(
    request: FitRequest, head: Any, texts: Features, say: Say, on_epoch: OnEpoch | None
) -> FitResult:
    """Fine-tune the image base, the text base, or one after the other.

    Trained at once, the text base would memorise what only the images can tell.
    """
    model, sight, tune = request.model, request.sight, request.model.fine_tune
    images, history = empty_features(request.parts), History()
    scope = "text"
    if sight and not isinstance(tune, Frozen):
        images, scope = sight.features, tune.trainable
    if sight and scope != "text":
        from mesocosm.learning.tasks.vision.fine_tuning import ImageTraining, fine_tune_images

        checkpoint = request.checkpoint
        if checkpoint and scope == "both":
            checkpoint = checkpoint / "images"
        training = ImageTraining(
            request.parts, sight, texts, request.store, checkpoint, request.folder
        )
        report = _epoch_reporter(say, on_epoch)
        images, history = fine_tune_images(model, training, head, say, report)
    if scope == "image":
        return FitResult(head, None, history, stack_features(texts, images))
    return _fine_tune_texts(request, head, images, history, say, on_epoch)


def _epoch_reporter(
    say: Say, on_epoch: OnEpoch | None, finished_epochs: int = 0
) -> Callable[[dict[str, Any]], None]:
    """What the training loop reports to: its records as progress, counted from the epochs that
    finished before.
    """
    from mesocosm.learning.training.loop.trainer import as_progress

    def report(record: dict[str, Any]) -> None:
        record = record | {"epoch": record["epoch"] + finished_epochs}
        say(as_progress(record))
        if on_epoch and "held_loss" in record:
            on_epoch(record["epoch"], record["held_loss"])

    return report


def _fine_tune_texts(
    request: FitRequest,
    head: Any,
    images: Features,
    image_history: History,
    say: Say,
    on_epoch: OnEpoch | None,
) -> FitResult:
    """Fine-tune the text base under a head; features of images stay frozen.

    Args:
        head: fitted on the frozen features; its weights and bias are replaced.
        images: features of the images by part.
        image_history: the epochs of the image base, which come first.
    """
    import torch

    from mesocosm.learning.features.embeddings import load_trunk
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.training.loop.trainer import TrunkWithHead

    model, parts, base, past = request.model, request.parts, request.base, request.past
    assert base is not None
    tokens = Tokens(base.folder, model.max_length)
    tune: Any = model.fine_tune
    torch.manual_seed(model.seed)
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    ids = {p: tokens.ids(parts.texts[p]) for p in parts.y}
    trained, data = _training_inputs(request, trunk, tokens, ids, images)
    net = TrunkWithHead(trained, head.weights, head.bias, tune.dropout)
    if past:
        past.begin(net, base, tune.method, parts.outcome, say)
    trainable = sum(p.numel() for p in net.parameters() if p.requires_grad)
    total = sum(p.numel() for p in (*trunk.parameters(), net.weights, net.bias))
    say(f"{tune.method}: trainable parameters: {trainable:,} ({trainable / total:.2%})")
    report = _epoch_reporter(say, on_epoch, len(image_history))
    history = _train(request, net, data, say, report)
    net.float()
    if past and request.folder:
        past.end(
            net,
            base,
            tune.method,
            parts.outcome,
            lambda: estimate_importance(net, data["train"]),
            request.folder,
        )
    history = _join_histories(image_history, history, trainable, head)
    trunk.net = tune.merge(trunk.net)
    head.weights, head.bias = net.weights.detach().numpy(), net.bias.detach().numpy()
    return FitResult(
        head, trunk, history, stack_features(_encode(trunk, tokens, parts, say), images)
    )


def _training_inputs(
    request: FitRequest, trunk: Trunk, tokens: Any, ids: Mapping[str, Any], images: Features
) -> tuple[Trunk, dict[str, TrainingRows]]:
    """The layers to train and the rows that they take: all layers on token ids, or the last ones on
    cached states of the layers under them.
    """
    from mesocosm.learning.augmentation.text import Words
    from mesocosm.learning.features.layer_cache import compute_states, top_layers
    from mesocosm.learning.fine_tuning.last import Last
    from mesocosm.learning.training.loop.trainer import TrainingRows

    model, parts, base = request.model, request.parts, request.base
    assert base is not None
    tune: Any = model.fine_tune
    trained, inputs = trunk, dict[str, Any](ids)
    if isinstance(tune, Last) and (top := top_layers(trunk, tune.layers)) is not None:
        trained = top
        inputs = {
            p: compute_states(base, trunk, rows, tune.layers, model.max_length, request.store)
            for p, rows in ids.items()
            if rows
        }
    words = None
    if tune.augment and inputs["train"] is ids["train"]:
        embeddings = trunk.net.get_input_embeddings().weight.detach().numpy()
        words = Words(tokens.tokenizer, embeddings)
    data = {
        p: TrainingRows(rows, np.hstack([images[p], parts.table[p]]), parts.y[p], words)
        for p, rows in inputs.items()
    }
    return trained, data


def _train(
    request: FitRequest,
    net: TrunkWithHead,
    data: Mapping[str, TrainingRows],
    say: Say,
    report: Callable[[dict[str, Any]], None],
) -> History:
    """The epochs of the training loop, in this process or in several."""
    from mesocosm.learning.training.loop import trainer

    model, base = request.model, request.base
    tune: Any = model.fine_tune
    assert base is not None
    held = data["train"]
    if len(request.parts.y["validation"]):
        held = data["validation"]
    if tune.processes > 1:
        from mesocosm.learning.training.loop.distributed import DistributedJob, train_distributed

        say(f"training in {tune.processes} processes")
        job = DistributedJob(tune, base, model.seed, model.max_length, request.checkpoint)
        return train_distributed(net, job, data["train"], held, report)
    return trainer.train(net, tune, data["train"], held, model.seed, request.checkpoint, report)


def _join_histories(images: History, texts: History, trainable: int, head: Any) -> History:
    """The epochs of the image base and then those of the text base; the first one tells how many
    weights were `trained`, the head's counted once.
    """
    joined = [*images, *({**r, "epoch": r["epoch"] + len(images)} for r in texts)]
    trained = trainable
    if images:
        trained += images[0]["trained"] - head.weights.size - head.bias.size
    joined[0] = joined[0] | {"trained": trained}
    return joined


def _encode(trunk: Trunk, tokens: Any, parts: Splits, say: Say) -> Features:
    """Features of the texts by a fine-tuned trunk."""
    from mesocosm.learning.features.embeddings import encode

    found = empty_features(parts)
    return {
        p: encode(trunk.eval(), tokens, parts.texts[p], say) if parts.texts[p] else found[p]
        for p in parts.y
    }
