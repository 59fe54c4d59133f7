"""A head on what a base has read, or a base tuned from there. Knows bases, heads and the loop; no
files of a version.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.core.timer import PhaseTimer
from mesocosm.learning.base_models import Base
from mesocosm.learning.evaluation import metrics
from mesocosm.learning.features import tabular
from mesocosm.learning.features.sentence_pairs import of_pairs
from mesocosm.learning.features.splits import Parts
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.heads.selection import choose, names_of
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.class_discovery import varied
from mesocosm.learning.strategies.continual import Past, mattered
from mesocosm.learning.strategies.domain_adaptation import Taught, adapted
from mesocosm.learning.strategies.federated import federated_head
from mesocosm.learning.strategies.self_training import SelfTraining, self_trained
from mesocosm.learning.tasks.vision.features import Sight

Array = np.ndarray[Any, Any]
Say = Callable[[str], None]
FEW = 30  # validation rows under which no temperature is fitted


def fit(
    model: Model,
    parts: Parts,
    base: Base | None,
    store: Path,
    keep: Path | None,
    say: Say,
    watch: Callable[[int, float], None] | None = None,
    laps: PhaseTimer | None = None,
    past: Past | None = None,
    folder: Path | None = None,
    sight: Sight | None = None,
    taught: Taught | None = None,
) -> tuple[Any, Any, list[dict[str, Any]], dict[str, Array]]:
    """Fit a head on frozen features, or tune what sees, or else the trunk, from there; returns
    head, trunk, history, features.

    Args:
        keep: where a checkpoint goes.
        watch: is told each epoch's number and held-out loss.
        sight: what is seen in the images of each part.
        taught: what the head starts from.
        past: what went before, where a version is learnt on from the last one.
        folder: the version's; what sees and was tuned goes into it, and what one that is learnt on
            has learnt.
    """
    empty = {p: np.zeros((len(i), 0), np.float32) for p, i in parts.where.items()}
    feats, laps, groups = empty, laps or PhaseTimer(), parts.groups.get("train")
    if base:
        from mesocosm.learning.features.embeddings import features

        read = partial(features, base, most=model.max_length, store=store, say=say)
        texts = [t for p in parts.where for t in parts.texts[p]]
        whole = of_pairs(texts, read) if model.apart else read(texts)
        ends = np.cumsum([0, *(len(i) for i in parts.where.values())])
        feats = {p: whole[ends[i] : ends[i + 1]] for i, p in enumerate(parts.where)}
        say(f"{len(whole)} texts through {base.name}")
        if parts.again and isinstance(model.tune, Frozen):
            feats["train"] = varied(feats["train"], parts.y["train"], parts.again, model.seed)
    texts_only = feats
    if sight:
        feats = {p: np.hstack([x, sight.features[p]]) for p, x in feats.items()}
    laps.end("reading")
    if isinstance(model.tune, Frozen) or not (base or sight):
        if taught:
            head = adapted(
                taught,
                feats["train"],
                parts.table["train"],
                parts.y["train"],
                parts.task.classes,
                model.seed,
                say,
                groups,
            )
            laps.end("heads")
            return head, None, [], feats
        if model.federated and parts.sites is not None:
            head = federated_head(
                model.federated,
                parts.sites,
                feats["train"],
                parts.table["train"],
                parts.y["train"],
                parts.task.classes,
                model.seed,
                say,
                groups,
            )
            laps.end("heads")
            return head, None, [], feats
        only: Any = model.tune.head if isinstance(model.tune, Frozen) else "auto"
        if model.met and only == "auto":
            only = "linear"
        names = (
            names_of(parts.task.labels, parts.y["train"])
            if base and not sight and not model.apart and not parts.table["train"].shape[1]
            else []
        )
        said = features(base, names, model.max_length, store) if base and names else None
        head = choose(
            feats["train"],
            parts.table["train"],
            parts.y["train"],
            parts.task.classes,
            model.seed,
            only,
            say,
            said,
            model.fusion,
            tabular.spans(parts.facts),
            groups,
        )
        if model.self_training and parts.where["bare"]:
            head = _alone(model.self_training, head, parts, feats, model.seed, say)
        if model.met:
            _settled(head, feats, parts, say)
        laps.end("heads")
        return head, None, [], feats
    import torch

    def told(record: dict[str, Any]) -> None:
        say(trainer.as_progress(record))
        if watch and "held_loss" in record:
            watch(record["epoch"], record["held_loss"])

    from mesocosm.learning.augmentation.text import Words
    from mesocosm.learning.features.embeddings import encode, load_trunk
    from mesocosm.learning.features.layer_cache import states, top_of
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.fine_tuning.last import Last
    from mesocosm.learning.training import trainer

    head = choose(
        feats["train"],
        parts.table["train"],
        parts.y["train"],
        parts.task.classes,
        model.seed,
        "linear",
        say,
        groups=groups,
    )
    laps.end("heads")
    moves = (
        model.tune.moves if sight else "texts"
    )  # moved at once, the base that reads would learn what only the other can tell by heart
    saw = (
        sight.features
        if sight
        else {p: np.zeros((len(i), 0), np.float32) for p, i in parts.where.items()}
    )
    before: list[dict[str, Any]] = []
    if sight and moves != "texts":
        from mesocosm.learning.tasks.vision.fine_tuning import tuned

        saw, before = tuned(
            model,
            parts,
            sight,
            texts_only,
            head,
            store,
            keep / "images" if keep and moves == "both" else keep,
            folder,
            say,
            told,
        )
        if moves == "images":
            feats = {p: np.hstack([x, saw[p]]) for p, x in texts_only.items()}
            _settled(head, feats, parts, say)
            laps.end("tuning")
            return head, None, before, feats
    assert base is not None
    tokens = Tokens(base.folder, model.max_length)
    tune: Any = model.tune
    torch.manual_seed(model.seed)
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    ids = {p: tokens.ids(parts.texts[p]) for p in parts.y}
    given, seen = dict[str, Any](ids), trunk
    if isinstance(tune, Last) and (top := top_of(trunk, tune.layers)) is not None:
        seen = top
        given = {
            p: states(base, trunk, ids[p], tune.layers, model.max_length, store)
            for p in ids
            if ids[p]
        }
    words = (
        Words(tokens.tokenizer, trunk.net.get_input_embeddings().weight.detach().numpy())
        if tune.augment and given["train"] is ids["train"]
        else None
    )
    net = trainer.TrunkWithHead(seen, head.weights, head.bias, tune.dropout)
    if past:
        past.begin(net, base, tune.method, parts.task, say)
    moving = sum(p.numel() for p in net.parameters() if p.requires_grad)
    say(
        f"{tune.method}: {moving:,} weights train,"
        f" {moving / sum(p.numel() for p in (*trunk.parameters(), net.weights, net.bias)):.2%}"
        " of all"
    )

    def onward(record: dict[str, Any]) -> None:
        told(record | {"epoch": record["epoch"] + len(before)})

    data = {
        p: trainer.TrainingRows(given[p], np.hstack([saw[p], parts.table[p]]), parts.y[p], words)
        for p in given
    }  # images stand beside what is read
    held = data["validation"] if len(parts.y["validation"]) else data["train"]
    if tune.processes > 1:
        from mesocosm.learning.training.distributed import train_distributed

        say(f"{tune.processes} processes share each batch")
        history = train_distributed(
            net, tune, base, data["train"], held, model.seed, model.max_length, keep, onward
        )
    else:
        history = trainer.train(net, tune, data["train"], held, model.seed, keep, onward)
    net.float()
    if past and folder:
        past.end(net, base, tune.method, parts.task, lambda: mattered(net, data["train"]), folder)
    history = [*before, *({**r, "epoch": r["epoch"] + len(before)} for r in history)]
    history[0] = history[0] | {
        "trained": (
            moving + (before[0]["trained"] - head.weights.size - head.bias.size if before else 0)
        )
    }
    trunk.net = tune.merged(trunk.net)
    head.weights, head.bias = net.weights.detach().numpy(), net.bias.detach().numpy()
    feats = {
        p: np.hstack(
            [
                encode(trunk.eval(), tokens, parts.texts[p], say) if parts.texts[p] else empty[p],
                saw[p],
            ]
        )
        for p in parts.y
    }
    _settled(head, feats, parts, say)
    laps.end("tuning")
    return head, trunk, history, feats


def _settled(head: Any, feats: dict[str, Array], parts: Parts, say: Say) -> None:
    """Let validation rows tell a linear head's temperature or its errors, since the base has learnt
    from the training rows.
    """
    held = len(parts.y["validation"]) >= FEW
    if not parts.task.classes:  # what was left out before tuning says nothing of the tuned base
        head.left_out = (
            head.logits(feats["validation"], parts.table["validation"])
            if held
            else np.zeros((0, 1))
        )
        head.y_left = parts.y["validation"] if held else np.zeros(0)
    if parts.task.classes and not parts.task.many and held and hasattr(head, "weights"):
        heat = metrics.fit_temperature(
            head.logits(feats["validation"], parts.table["validation"]), parts.y["validation"]
        )
        head.weights, head.bias = head.weights / np.float32(heat), head.bias / np.float32(heat)
        head.settings = head.settings | {"temperature": round(heat, 4)}
        say(f"calibrated on {len(parts.y['validation'])} validation rows: temperature {heat:.2f}")


def _alone(
    setting: SelfTraining, head: Any, parts: Parts, feats: dict[str, Array], seed: int, say: Say
) -> Any:
    """The head after it taught itself, where that helps."""
    first = head

    def fit(text: Array, table: Array, y: Array, sure: Array) -> Any:
        groups = (
            np.concatenate([parts.groups["train"], parts.groups["bare"][sure]])
            if parts.groups
            else None
        )
        return first.again(text, table, y, parts.task.classes, seed, groups)

    def of(part: str) -> tuple[Array, Array, Array]:
        return feats[part], parts.table[part], parts.y[part]

    held = of("validation") if len(parts.y["validation"]) >= FEW else None
    head, told = self_trained(
        head, setting, of("train"), (feats["bare"], parts.table["bare"]), held, fit, say
    )
    head.settings = head.settings | {"self_training": told}
    return head
