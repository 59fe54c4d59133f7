"""The work of growing a version that predicts: reading or tuning a base, heads, judging, export.
Counts sizes; fits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.core.cache import there
from mesocosm.learning.base_models.base import kept_features
from mesocosm.learning.cost.estimate import Job, Work, add_work, scale_work
from mesocosm.learning.cost.workload import (
    Net,
    count_tokens,
    export_work,
    import_work,
    longest_tokens,
    training_memory,
    tuning_work,
)
from mesocosm.learning.heads.selection import heads_for

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.features.splits import Parts
    from mesocosm.learning.model import Model

COPIED: Work = {"second": 0.35}
FILTERED = 512  # features of a picture through filters learnt from the training images


def predictive_job(
    model: Model,
    parts: Parts,
    base: Base | None,
    store: Path,
    sees: Base | None = None,
    corpus: Sequence[str] | None = None,
) -> Job:
    """The work of growing this version.

    Args:
        sees: the base of its images.
        corpus: texts that it pretrains on before; None where that was done.
    """
    net = Net.of(base)
    if model.pretrain and model.pretrain.scratch and base is None:
        new = model.pretrain.scratch
        net = Net.new(new.layers, new.width, new.words)
    eye = Net.of(sees)
    floor = 0.75 if net.weights else 0.25
    return Job(
        _work(model, parts, base, net, store, sees, eye, corpus),
        _memory(model, parts, net, eye if sees else None, corpus),
        floor,
        _variant(model, parts),
    )


def planned_job(
    model: Model,
    parts: Parts,
    base: Base | None,
    root: Path,
    store: Path,
    corpus: Sequence[str],
    told: Mapping[str, Sequence[Any]],
) -> Job:
    """The work of growing a version from what its file names: with a pretrained base where the
    store has it, else with the pretraining.

    Args:
        base: what reads, before it is pretrained.
        corpus: texts to pretrain on, and what is `told` of each.

    Raises:
        Wrong: the base that sees is not there.
    """
    from mesocosm.learning.base_models import resolve

    sees = resolve(model.image_base, root) if model.image_base and parts.images["train"] else None
    if not (model.pretrain and parts.text_names):
        return predictive_job(model, parts, base, store, sees)
    from mesocosm.learning.pretraining.run import kept

    read = kept(base, corpus, model.pretrain, model.max_length, model.seed, store, told)
    return predictive_job(model, parts, read or base, store, sees, None if read else corpus)


def _moves(model: Model, parts: Parts) -> tuple[str, ...]:
    """The bases that tuning moves: of `texts`, of `images`."""
    if model.tune.method == "frozen":
        return ()
    moves = model.tune.moves if parts.images["train"] else "texts"
    return ("texts", "images") if moves == "both" else (moves,)


def _variant(model: Model, parts: Parts) -> str:
    heads = "+".join(_heads(model, parts))
    way = "adapted " if model.adapts else "federated " if model.federated else ""
    return (
        f"{model.tune.method} {way}{heads}"
        f" {'image' if parts.images['train'] else 'text' if parts.text_names else 'table'}"
    )


def _heads(model: Model, parts: Parts) -> list[str]:
    if model.fusion == "attention":
        return ["attention"]
    only = getattr(model.tune, "head", "auto") if model.tune.method == "frozen" else "linear"
    text = np.zeros((1, 1 if parts.text_names else 0), np.float32)
    return (
        heads_for(text, parts.table["train"], parts.y["train"], parts.task.classes)
        if only == "auto"
        else [only]
    )


def _fit(head: str, rows: int, text: int, table: int, outputs: int) -> Work:
    """Units of fitting one head once."""
    if head == "kernel":
        sample = min(rows, 2500)
        tries = 9.0 if text and table else 5.0  # widths that are tried, and the last solution
        return {"eigen": tries * sample**1.6, "solve": 0.0 if rows <= 3000 else rows**3.0}
    if head == "linear":
        return (
            {"logistic": rows**0.25 * (text + table) ** 0.55 * outputs**0.55}
            if outputs
            else {"solve": 100.0 * rows * (text + table) ** 2}
        )
    if head in ("mlp", "attention"):
        cells = rows * (text + table) * (1 if head == "mlp" else 6)
        return {"net row": 4 * 30 * (rows + cells / 50)}
    trees = 16 * 150 * (outputs if outputs > 2 else 1)
    return {"tree": trees, "tree row": trees * min(rows, 1500)}


def _together(
    model: Model, parts: Parts, kinds: Sequence[str], rows: int, text: int, table: int, outputs: int
) -> Work:
    """Units of choosing a head: of all kinds, of rounds between sites, or of moving the general
    one.
    """
    if model.federated and parts.sites is not None:
        steps = (
            16 * model.federated.rounds * model.federated.local
        )  # three strengths of five folds, and the whole
        return {
            "product": 2.0 * steps * rows * (text + table) * outputs,
            "row": steps * len(np.unique(parts.sites)),
        }
    return scale_work(
        add_work(*(_fit(h, rows, text, table, outputs) for h in kinds)), 20 if model.adapts else 1
    )  # folds of strengths, of heads and of their means


def _again(head: str, rows: int, text: int, table: int, outputs: int) -> Work:
    """Units of fitting one on other rows: trees have their settings then. About half of the kinds
    that are tried are in the head that wins.
    """
    return scale_work(_fit(head, rows, text, table, outputs), 0.6 / (16 if head == "boost" else 1))


def _work(
    model: Model,
    parts: Parts,
    base: Base | None,
    net: Net,
    store: Path,
    sees: Base | None,
    eye: Net,
    corpus: Sequence[str] | None,
) -> dict[str, Work]:
    """Units of each phase."""
    rows, test = len(parts.y["train"]), len(parts.y["test"])
    pictures = {p: float(sum(map(len, fields.values()))) for p, fields in parts.images.items()}
    text = net.width * (4 if model.apart else 1) + (
        len(parts.images["train"]) * (eye.width if sees else FILTERED) if pictures["train"] else 0
    )
    table, outputs = parts.table["train"].shape[1], parts.task.classes
    kinds = _heads(model, parts)
    tuned = model.tune.method != "frozen"
    moves = _moves(model, parts)
    said = {p: count_tokens(parts.texts[p]) if net.weights else 0.0 for p in parts.texts}
    whole = sum(said.values())
    cached = base is not None and corpus is None and _cached(base, model, parts, store)
    found: dict[str, Work] = {}
    found["starting"] = import_work(bool(net.weights) and not cached)
    if corpus is not None and model.pretrain:
        read = count_tokens(corpus)
        steps = model.pretrain.epochs * len(set(corpus)) / model.pretrain.batch
        found["pretraining"] = {
            "token": read * (3 * model.pretrain.epochs + 0.1) * net.whole,
            "step": steps,
            "start": 1,
            "load": 4 * net.whole,
        }
    if pictures["train"]:
        look = (
            {
                "token": sum(pictures.values()) * eye.places * eye.weights,
                "load": 4 * eye.weights,
                "import": 0.8,
            }
            if sees
            else {"second": 4.0}
        )
        found["looking"] = look | {"image": sum(pictures.values())}
    found["reading"] = {
        "token": 0 if cached else whole * net.weights,
        "load": 0 if cached else 4 * net.weights,
    }
    found["heads"] = _together(model, parts, kinds, rows, text, table, outputs)
    if tuned:
        words = (
            tuning_work(model.tune, net, rows, said["train"], said["validation"], whole)
            if "texts" in moves
            else {}
        )
        shown = {p: n * eye.places for p, n in pictures.items()}
        eyes = (
            tuning_work(
                model.tune, eye, rows, shown["train"], shown["validation"], sum(shown.values())
            )
            if "images" in moves
            else {}
        )
        if eyes:  # nets of any size see, and theirs is exported within
            eyes |= {
                "step": eyes["step"] * (0.15 + 0.85 * min(1.0, eye.weights / 1e7)),
                "export": eye.weights,
                "import": 0.8,
            }
        found["tuning"] = add_work(words, eyes)
    if model.search:
        found["search"] = scale_work(
            add_work(found["heads"], found.get("tuning", {})), model.search.trials
        )
    counted = said["train"] * 2
    found["judging"] = {
        "word": counted * max(1, outputs) ** 0.5,
        "logistic": rows**0.25 * min(5000, 40 + counted / 3) ** 0.55 * max(1, outputs) ** 0.55 / 10,
        "row": test * 300 * 0.05,
    }
    agree = min(400, len(parts.y["validation"]) + test)
    mean = whole / max(1, sum(map(len, parts.texts.values())))
    found["export"] = graph_export_work(
        net, None if "texts" in moves or corpus is not None else base, store
    )
    found["agreement"] = {"graph token": 2 * agree * mean * net.weights}
    if text and table and rows <= 5000:
        found["parts alone"] = add_work(
            *(_again(h, rows, text, 0, outputs) for h in kinds if h != "boost"),
            *(_again(h, rows, 0, table, outputs) for h in kinds),
        )
    if not tuned and rows <= 5000:
        found["curve"] = add_work(
            *(
                _again(h, int(rows * share), text, table, outputs)
                for h in kinds
                for share in (0.125, 0.25, 0.5)
            )
        )
    found["looking closer"] = {
        "graph token": (3 * min(300, test) * mean * net.weights) if parts.task.classes else 0,
        "row": 20 * test**0.5,
    }
    return found


def _memory(
    model: Model, parts: Parts, net: Net, eye: Net | None, corpus: Sequence[str] | None
) -> float:
    """Gigabytes beyond what is held already."""
    rows, moves = len(parts.y["train"]), _moves(model, parts)
    tune: Any = model.tune
    need = 0.0
    if "kernel" in _heads(model, parts):
        need += (
            7 * 4 * min(rows, 2500) ** 2 + (3 * 8 if rows <= 3000 else 1.4 * 4) * rows**2
        ) / 1e9
    if net.weights:
        need += (
            (4.8 * net.weights + 2.5e8) / 1e9
            if "texts" not in moves
            else training_memory(tune, net, longest_tokens(parts.texts["train"], model.max_length))
        )
    if eye and "images" in moves:
        need += training_memory(tune, eye, len(parts.images["train"]) * eye.places)
    if corpus is not None and model.pretrain:  # what each word could be is told for a whole batch
        need = max(
            need,
            training_memory(model.pretrain, net, long := longest_tokens(corpus, model.max_length))
            + 5 * model.pretrain.batch * long * (net.whole - net.weights) / max(1, net.width) / 1e9,
        )
    return max(need, 0.05)


def _cached(base: Base, model: Model, parts: Parts, store: Path) -> bool:
    texts = [t for p in parts.where for t in parts.texts[p]]
    return not model.apart and kept_features(base, texts, model.max_length, store).is_file()


def graph_export_work(net: Net, base: Base | None, store: Path) -> Work:
    """Units of having a net as a graph: of an untouched base it may be in the store, or in the
    cache of all stores.

    Args:
        base: None where the net is the version's own.
    """
    from mesocosm.learning.export.onnx_export import trunk_folder

    if not net.weights or (base and (trunk_folder(base, store) / "trunk.int8.onnx").is_file()):
        return {}
    return (
        COPIED if base and there(f"trunks/{trunk_folder(base, store).name}") else export_work(net)
    )
