"""Grow a model version: features, head or tuning, judgement, export; a folder and a record.

Knows cleaned rows and the parts of this room. What it returns is a plain record for the catalog;
nothing is listed before the caller does so.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.base.errors import Wrong
from mesocosm.base.files import write_json
from mesocosm.learn import block, judge
from mesocosm.learn.bases import Base, resolve
from mesocosm.learn.beside import Last, alone, last
from mesocosm.learn.brought import Brought, BroughtHead, head_of, plain
from mesocosm.learn.choose import choose, names_of
from mesocosm.learn.curve import curve
from mesocosm.learn.examine import examined
from mesocosm.learn.forgetting import keep
from mesocosm.learn.heads.late import shares
from mesocosm.learn.laps import Laps, fresh_peak, memory
from mesocosm.learn.leaks import leaks
from mesocosm.learn.model import Model
from mesocosm.learn.pairs import of_pairs
from mesocosm.learn.price import price, settled
from mesocosm.learn.self_training import SelfTraining, self_trained
from mesocosm.learn.tasks import TASKS, Ordinal, Task
from mesocosm.learn.tuning.frozen import Frozen

Array = np.ndarray[Any, Any]
Say = Callable[[str], None]
AGREE = 0.99
FEW = 30  # validation rows under which no temperature is fitted


@dataclass(frozen=True)
class Site:
    """Where a version grows, and what is known around it.

    Args:
        root: the project's folder.
        store: the folder `.mesocosm`.
        folder: where the version's files go; the caller makes it appear whole.
        made: names checkpoint and search, so that a killed training goes on where it was.
        before: the last version of the model.
        ids: the dataset's number of each row, so that a row can be named when it is to be forgotten.
        studies: the database that keeps the trials of searches.
        corpus: texts to pretrain on.
        order: the values of what is predicted from the least to the greatest, where they have an order.
    """

    root: Path
    store: Path
    folder: Path
    made: str
    before: Last | None = None
    ids: Sequence[int] = ()
    studies: str | None = None
    corpus: Sequence[str] = ()
    order: Sequence[str] = ()


@dataclass
class Grown:
    """A version's card and figures, before it is listed."""

    card: dict[str, Any]
    metrics: dict[str, Any]
    history: list[dict[str, Any]]
    missed: list[str]


@dataclass
class Parts:
    """A dataset cut for a model: per part its texts, block and labels; `bare` are training rows without a label, where they teach too."""

    texts: dict[str, list[str]]
    table: dict[str, Array]
    y: dict[str, Array]
    labels: list[str]
    facts: dict[str, Any]
    text_names: list[str]
    where: dict[str, list[int]]
    task: Task


def cut(model: Model, rows: Mapping[str, Sequence[Any]], split: Sequence[str], kinds: Mapping[str, str], order: Sequence[str] = ()) -> Parts:
    """Cut cleaned columns into parts; facts come from the training rows only.

    Raises:
        Wrong: the target has one value, or a part has no rows.
    """
    task = Ordinal(order) if order else TASKS[kinds[model.predict]]()
    target = [task.plain(v) for v in rows[model.predict]]
    where = {p: [i for i, s in enumerate(split) if s == p and target[i] is not None] for p in ("train", "validation", "test")}
    task.fit(model.predict, [target[i] for i in where["train"]])
    if not where["test"]:
        raise Wrong("learns", "its split leaves no test rows", "more rows, or a larger share in split.test")
    for name in model.inputs:
        if not any(rows[name][i] is not None for i in where["train"]):
            raise Wrong("inputs", f"the training rows of '{name}' hold no value at all", "an input with values")
    for part in ("validation", "test"):
        where[part] = [i for i in where[part] if task.known(target[i])]
    if model.self_training:
        where["bare"] = [i for i, s in enumerate(split) if s == "train" and target[i] is None]
    mine = {n: kinds[n] for n in model.inputs}
    facts = plain(model.inputs) if isinstance(model.base, Brought) else block.fit({n: [rows[n][i] for i in where["train"]] for n in mine}, mine)
    names = list(model.pair or [n for n in model.inputs if kinds[n] == "text"])
    picked = {p: {n: [rows[n][i] for i in where[p]] for n in mine} for p in where}
    return Parts(
        {p: block.text_of(picked[p], names, len(where[p]), model.apart) for p in where},
        {p: block.build(picked[p], facts, len(where[p])) for p in where},
        {p: task.encode([target[i] for i in where[p]]) for p in ("train", "validation", "test")},
        task.labels, facts, names, where, task,
    )  # fmt: skip


def grow(
    name: str, model: Model, rows: Mapping[str, Sequence[Any]], split: Sequence[str], kinds: Mapping[str, str], site: Site, say: Say
) -> Grown:  # fmt: skip
    """Fill the site's folder with a version of `model` grown on cleaned columns.

    Args:
        rows: cleaned columns by field.
        split: the part of each row.
        kinds: each field's type.

    Raises:
        Wrong: the data or the base does not fit the settings.
    """
    if kinds[model.predict] == "text":
        from mesocosm.learn.retrieval.grow import grow_finder
        from mesocosm.learn.writing.grow import grow_writer

        reads = resolve(str(model.base), site.root)
        return (grow_writer if reads.writes else grow_finder)(name, model, reads, rows, split, site, say)
    began = time.perf_counter()
    import torch

    torch.manual_seed(model.seed)
    parts = cut(model, rows, split, kinds, site.order)
    found = leaks(rows, kinds, model.inputs, parts.where, [parts.task.plain(v) for v in rows[model.predict]])
    told = [n for n in found["telling"] if n not in model.trust]
    if told:
        raise Wrong("inputs", f"'{told[0]}' alone tells '{model.predict}' on {found['telling'][told[0]]:.1%} of the test rows, so it may be known only after the fact", f"inputs without it, or 'trust: [{told[0]}]' in the model")
    if found["shared"]:
        say(f"{found['shared']} of {len(parts.y['test'])} test rows equal a training row in every input")
    store, folder = site.store, site.folder
    scratch = model.pretrain is not None and model.pretrain.scratch is not None
    base = resolve(str(model.base), site.root) if parts.text_names and not scratch else None
    learnt: dict[str, Any] = {}
    if model.pretrain and parts.text_names:
        from mesocosm.learn.pretraining.run import pretrained

        base, learnt["pretraining"] = pretrained(base, site.corpus, model.pretrain, model.max_length, model.seed, store, say)
    tried: dict[str, Any] = {}
    quote, held, laps = price(model, parts, base, store), memory(), Laps()
    fresh_peak()
    say(quote.text())
    asked = model
    if base and quote.phases.get("starting"):
        from transformers import AutoModel  # noqa: F401  takes seconds, once a process

        laps.end("starting")
    if model.search:
        from mesocosm.learn.search import search

        model, tried = search(model, model.search, lambda m, watch: _trial(m, parts, base, store, watch), say, site.studies, site.made)
        laps.end("search")
    history: list[dict[str, Any]] = []
    if isinstance(model.base, Brought):
        feats = {p: np.zeros((len(y), 0), np.float32) for p, y in parts.y.items()}
        head, trunk = head_of(model.base, site.root, len(model.inputs), parts.task.labels, parts.task.scale), None
        say(f"{model.base.onnx} is judged as it is; nothing is trained")
    else:
        head, trunk, history, feats = _tune(model, parts, base, store, store / "work" / site.made, say, laps=laps)
    p_test = parts.task.said(head.logits(feats["test"], parts.table["test"]))
    metrics = parts.task.report(p_test, parts, model.seed)
    say(f"{len(p_test)} test rows: {parts.task.sentence(metrics)}")
    laps.end("judging")
    export = _export(head, trunk, base, parts, store, folder, feats, model.max_length, model.apart, laps)
    laps.end("agreement" if base else "export")
    metrics |= learnt | export.pop("agreement", {}) | {"leaks": found}
    metrics["beside"] = alone(head, p_test, feats, parts, model.seed, say) | (last(p_test, site.before, rows, parts, say) if site.before else {})
    laps.end("parts alone")
    if trunk is None and not isinstance(head, BroughtHead):  # a tuned base has seen all rows
        metrics["curve"] = curve(head, p_test, feats, parts, model.seed, say)
    laps.end("curve")
    metrics |= examined(model, rows, kinds, parts, p_test, export.pop("said", None), say)
    card = {
        "model": name, **parts.task.card(head), "predict": model.predict, "predicts": kinds[model.predict], "inputs": list(model.inputs), "texts": parts.text_names, "pair": model.apart, "block": parts.facts,
        "max_length": model.max_length, "base": base.name if base else model.base.onnx if isinstance(model.base, Brought) else None, "licence": base.licence if base else None,
        "method": model.tune.method, "head": head.name, "settings": head.settings, "rows": {p: len(y) for p, y in parts.y.items()},
        "trials": tried.get("trials", []), "importance": tried.get("importance", {}), "seed": model.seed, **export,
    }  # fmt: skip
    write_json(folder / "card.json", card)
    if site.ids and not head.settings.get("self_training", {}).get("used"):  # labels it gave itself hang on every row
        keep(head, [site.ids[i] for i in parts.where["train"]], folder)
    laps.end("looking closer")
    if not isinstance(model.base, Brought):
        metrics["price"] = settled(quote, laps, held, asked, parts, base, store)
    metrics["seconds"] = round(time.perf_counter() - began, 2)
    return Grown(card | {"metrics": metrics}, metrics, history, judge.gates(dict(model.require), metrics))


def _trial(model: Model, parts: Parts, base: Base | None, store: Path, watch: Callable[[int, float], None]) -> float:
    from mesocosm.learn.heads.kernel import loss_for

    head, _, _, feats = _tune(model, parts, base, store, None, lambda _: None, watch)
    held = "validation" if len(parts.y["validation"]) else "train"
    return loss_for(parts.y[held], parts.task.classes)(head.logits(feats[held], parts.table[held]), parts.y[held])


def _tune(model: Model, parts: Parts, base: Base | None, store: Path, keep: Path | None, say: Say, watch: Callable[[int, float], None] | None = None, laps: Laps | None = None) -> tuple[Any, Any, list[dict[str, Any]], dict[str, Array]]:
    """Fit a head on frozen features, or tune the trunk from there; returns head, trunk, history, features."""
    empty = {p: np.zeros((len(i), 0), np.float32) for p, i in parts.where.items()}
    feats, laps = empty, laps or Laps()
    if base:
        from mesocosm.learn.encode import features

        read = partial(features, base, most=model.max_length, store=store)
        texts = [t for p in parts.where for t in parts.texts[p]]
        whole = of_pairs(texts, read) if model.apart else read(texts)
        ends = np.cumsum([0, *(len(i) for i in parts.where.values())])
        feats = {p: whole[ends[i] : ends[i + 1]] for i, p in enumerate(parts.where)}
        say(f"{len(whole)} texts through {base.name}")
    laps.end("reading")
    if isinstance(model.tune, Frozen) or not base:
        only = model.tune.head if isinstance(model.tune, Frozen) else "auto"
        names = names_of(parts.task.labels, parts.y["train"]) if base and not model.apart and not parts.table["train"].shape[1] else []
        said = features(base, names, model.max_length, store) if base and names else None
        head = choose(feats["train"], parts.table["train"], parts.y["train"], parts.task.classes, model.seed, only, say, said, model.fusion, block.spans(parts.facts))
        if model.self_training and parts.where["bare"]:
            head = _alone(model.self_training, head, parts, feats, model.seed, say)
        laps.end("heads")
        return head, None, [], feats
    import torch

    from mesocosm.learn import loop
    from mesocosm.learn.augment.words import Words
    from mesocosm.learn.encode import Tokens, encode, load_trunk
    from mesocosm.learn.states import states, top_of
    from mesocosm.learn.tuning.last import Last

    head = choose(feats["train"], parts.table["train"], parts.y["train"], parts.task.classes, model.seed, "linear", say)
    laps.end("heads")
    tokens = Tokens(base.folder, model.max_length)
    tune: Any = model.tune
    torch.manual_seed(model.seed)
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    ids = {p: tokens.ids(parts.texts[p]) for p in parts.y}
    given, seen = dict[str, Any](ids), trunk
    if isinstance(tune, Last) and (top := top_of(trunk, tune.layers)) is not None:
        seen = top
        given = {p: states(base, trunk, ids[p], tune.layers, model.max_length, store) for p in ids if ids[p]}
    words = Words(tokens.tokenizer, trunk.net.get_input_embeddings().weight.detach().numpy()) if tune.augment and given["train"] is ids["train"] else None
    net = loop.Joined(seen, head.weights, head.bias, tune.dropout)
    moving = sum(p.numel() for p in net.parameters() if p.requires_grad)
    say(f"{tune.method}: {moving:,} weights train, {moving / sum(p.numel() for p in (*trunk.parameters(), net.weights, net.bias)):.2%} of all")

    def told(record: dict[str, Any]) -> None:
        say(loop.told(record))
        if watch and "held_loss" in record:
            watch(record["epoch"], record["held_loss"])

    data = {p: loop.Rows(given[p], parts.table[p], parts.y[p], words) for p in given}
    held = data["validation"] if len(parts.y["validation"]) else data["train"]
    if tune.processes > 1:
        from mesocosm.learn.many import train_many

        say(f"{tune.processes} processes share each batch")
        history = train_many(net, tune, base, data["train"], held, model.seed, model.max_length, keep, told)
    else:
        history = loop.train(net, tune, data["train"], held, model.seed, keep, told)
    net.float()
    history[0] = history[0] | {"trained": moving}
    trunk.net = tune.merged(trunk.net)
    head.weights, head.bias = net.weights.detach().numpy(), net.bias.detach().numpy()
    feats = {p: encode(trunk.eval(), tokens, parts.texts[p]) if parts.texts[p] else empty[p] for p in parts.y}
    if not parts.task.classes:  # what was left out before tuning says nothing of the tuned base
        held_out = len(parts.y["validation"]) >= FEW
        head.left_out = head.logits(feats["validation"], parts.table["validation"]) if held_out else np.zeros((0, 1))
        head.y_left = parts.y["validation"] if held_out else np.zeros(0)
    if parts.task.classes and not parts.task.many and len(parts.y["validation"]) >= FEW:
        heat = judge.temperature(head.logits(feats["validation"], parts.table["validation"]), parts.y["validation"])
        head.weights, head.bias = head.weights / np.float32(heat), head.bias / np.float32(heat)
        head.settings = head.settings | {"temperature": round(heat, 4)}
        say(f"calibrated on {len(parts.y['validation'])} validation rows: temperature {heat:.2f}")
    laps.end("tuning")
    return head, trunk, history, feats


def _alone(setting: SelfTraining, head: Any, parts: Parts, feats: dict[str, Array], seed: int, say: Say) -> Any:
    """The head after it taught itself, where that helps."""
    first = head

    def fit(text: Array, table: Array, y: Array) -> Any:
        return first.again(text, table, y, parts.task.classes, seed)

    def of(part: str) -> tuple[Array, Array, Array]:
        return feats[part], parts.table[part], parts.y[part]

    held = of("validation") if len(parts.y["validation"]) >= FEW else None
    head, told = self_trained(head, setting, of("train"), (feats["bare"], parts.table["bare"]), held, fit, say)
    head.settings = head.settings | {"self_training": told}
    return head


def _export(
    head: Any, trunk: Any, base: Base | None, parts: Parts, store: Path, folder: Path, feats: dict[str, Array], most: int, apart: bool, laps: Laps
) -> dict[str, Any]:
    """Write the graphs; int8 is kept only where it agrees with fp32 on validation and test rows."""
    from mesocosm.learn.export import export_head, export_trunk, shared_trunk

    if isinstance(head, BroughtHead):
        (folder / "head.onnx").write_bytes(head.model.SerializeToString())
    else:
        export_head(head.tensors(), folder / "head.onnx", parts.task.classes, parts.task.many, shares(head))
    if not base:
        return {"trunk": None, "precision": "fp32"}
    if trunk is None:
        where = shared_trunk(base, store)
        named = os.path.relpath(where, store / "models" / "x" / "y")
    else:
        import shutil

        where, named = folder / "trunk", "trunk"
        where.mkdir()
        export_trunk(trunk, where)
        shutil.copy(base.folder / "tokenizer.json", where / "tokenizer.json")
    laps.end("export")
    from mesocosm.learn.predictor import Reader

    pick = [("validation", i) for i in range(len(parts.y["validation"]))] + [("test", i) for i in range(len(parts.y["test"]))]
    pick = pick[:400]
    texts = [parts.texts[p][i] for p, i in pick]
    table = np.stack([parts.table[p][i] for p, i in pick])

    def session(path: Path) -> Any:
        import onnxruntime

        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    readers = {k: Reader(where, k, most, session) for k in ("fp32", "int8")}

    def read(reader: Reader, texts: Sequence[str]) -> Array:
        return of_pairs(texts, reader.features) if apart else reader.features(texts)

    said = {k: parts.task.said(head.logits(read(r, texts), table)) for k, r in readers.items()}
    torch_said = parts.task.said(head.logits(np.stack([feats[p][i] for p, i in pick]), table))
    agree, exact = parts.task.agreement(said["fp32"], said["int8"]), parts.task.agreement(said["fp32"], torch_said)
    reader = readers["int8" if agree >= AGREE else "fp32"]
    return {
        "trunk": named,
        "precision": "int8" if agree >= AGREE else "fp32",
        "agreement": {"int8_agreement": round(agree, 4), "onnx_agreement": round(exact, 4)},
        "said": lambda texts, rows: parts.task.said(head.logits(read(reader, texts), parts.table["test"][rows])),
    }  # fmt: skip


def load_card(folder: Path) -> dict[str, Any]:
    """The card of a version."""
    return dict(json.loads((folder / "card.json").read_text(encoding="utf-8")))
