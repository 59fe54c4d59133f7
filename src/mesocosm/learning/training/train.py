"""Grow a model version: features, head or tuning, judgement, export; a folder and a record.

Knows cleaned rows and the parts of this room. What it returns is a plain record for the catalog;
nothing is listed before the caller does so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.core.errors import Wrong
from mesocosm.core.files import write_json
from mesocosm.core.timer import PhaseTimer
from mesocosm.learning.base_models import Base, resolve
from mesocosm.learning.base_models.language_coverage import measure_reading
from mesocosm.learning.cost.estimate import track_estimate
from mesocosm.learning.cost.predictive import planned_job
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.evaluation import model_warnings
from mesocosm.learning.evaluation.comparison import ablate_inputs, compare_with_previous
from mesocosm.learning.evaluation.diagnostics import run_diagnostics
from mesocosm.learning.evaluation.leakage import find_leaks
from mesocosm.learning.evaluation.learning_curve import measure_learning_curve
from mesocosm.learning.export.served_graphs import write_graphs
from mesocosm.learning.features import tabular
from mesocosm.learning.features.splits import Parts, cut
from mesocosm.learning.heads.unlearning import keep
from mesocosm.learning.importers.onnx import ImportedHead, ImportedModel, load_head
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO
from mesocosm.learning.strategies.continual import known
from mesocosm.learning.strategies.domain_adaptation import beside_general
from mesocosm.learning.strategies.federated import beside_pooled
from mesocosm.learning.tasks.by_field_type import Number
from mesocosm.learning.tasks.vision.features import Sight, seen
from mesocosm.learning.training.context import TrainContext, TrainResult
from mesocosm.learning.training.fit import fit

Array = np.ndarray[Any, Any]
Say = Callable[[str], None]


def train_version(
    name: str,
    model: Model,
    rows: Mapping[str, Sequence[Any]],
    split: Sequence[str],
    kinds: Mapping[str, str],
    site: TrainContext,
    say: Say,
) -> TrainResult:
    """Fill the site's folder with a version of `model` grown on cleaned columns.

    Args:
        rows: cleaned columns by field.
        split: the part of each row.
        kinds: each field's type.

    Raises:
        Wrong: the data or the base does not fit the settings.
    """
    if model.rank:
        from mesocosm.learning.tasks.ranking.train import grow_ranker

        return grow_ranker(name, model, rows, site, say)
    if kinds[model.predict] == "tags":
        from mesocosm.learning.tasks.tagging.train import grow_tagger

        return grow_tagger(
            name, model, resolve(str(model.base), site.root), rows, split, site.order, site, say
        )
    if kinds[model.predict] == "text":
        from mesocosm.learning.tasks.generation.train import grow_writer
        from mesocosm.learning.tasks.retrieval.train import grow_finder

        reads = resolve(str(model.base), site.root)
        return (grow_writer if reads.writes else grow_finder)(
            name, model, reads, rows, split, site, say
        )
    began = time.perf_counter()
    import torch

    torch.manual_seed(model.seed)
    parts = cut(model, rows, split, kinds, site.order, site.taught, site.groups, site.sites)
    parts.again = [at for at, i in enumerate(parts.where["train"]) if i in site.again]
    found = find_leaks(
        rows, kinds, model.inputs, parts.where, [parts.task.plain(v) for v in rows[model.predict]]
    )
    told = [n for n in found["telling"] if n not in model.trust]
    if told:
        raise Wrong(
            "inputs",
            f"'{told[0]}' alone tells '{model.predict}' on {found['telling'][told[0]]:.1%} of the"
            " test rows, so it may be known only after the fact",
            f"inputs without it, or 'trust: [{told[0]}]' in the model",
        )
    if found["shared"]:
        say(
            f"{found['shared']} of {len(parts.y['test'])} test rows equal a training row in every"
            " input"
        )
    store, folder = site.store, site.folder
    scratch = model.pretrain is not None and model.pretrain.scratch is not None
    base = (
        resolve(str(model.base), site.root)
        if parts.text_names and not scratch and model.base != AUTO
        else None
    )
    reading = _read_ahead(parts, base, model.max_length, say)
    quote = (
        None
        if model.base == AUTO
        else track_estimate(
            planned_job(model, parts, base, site.root, store, site.corpus, site.told), store
        )
    )
    laps = quote.laps if quote else PhaseTimer()
    if quote:
        quote.announce(say)
        quote.started(base)
    learnt: dict[str, Any] = {}
    if model.pretrain and parts.text_names:
        from mesocosm.learning.pretraining.run import pretrained

        base, learnt["pretraining"] = pretrained(
            base, site.corpus, model.pretrain, model.max_length, model.seed, store, say, site.told
        )
        laps.end("pretraining")
    tried: dict[str, Any] = {}
    sight: Sight | None = None
    if parts.images["train"]:
        sight = seen(parts.images, model.image_base, site.root, store, folder, model.seed, say)
        laps.end("looking")
    picked: Any = None
    if model.base == AUTO:
        from mesocosm.learning.strategies.automl import chosen

        model, base, picked, tried["auto"] = chosen(model, parts, site.root, store, sight, say)
    if model.search:
        from mesocosm.learning.training.search import search

        model, tried = search(
            model,
            model.search,
            lambda m, watch: _trial(m, parts, base, store, watch, sight),
            say,
            site.studies,
            site.made,
        )
        laps.end("search")
    history: list[dict[str, Any]] = []
    if isinstance(model.base, ImportedModel):
        feats = {p: np.zeros((len(y), 0), np.float32) for p, y in parts.y.items()}
        head, trunk = (
            load_head(
                model.base, site.root, len(model.inputs), parts.task.labels, parts.task.scale
            ),
            None,
        )
        say(f"{model.base.file} is judged as it is; nothing is trained")
    elif picked:
        head, trunk, history, feats = picked
    else:
        head, trunk, history, feats = fit(
            model,
            parts,
            base,
            store,
            store / "work" / site.made,
            say,
            laps=laps,
            past=site.past,
            folder=folder,
            sight=sight,
            taught=site.taught,
        )
    laps.end("judging")
    export = write_graphs(
        head, trunk, base, parts, store, folder, feats, model.max_length, model.apart, laps, sight
    )
    laps.end("agreement" if base else "export")
    p_test = export.pop("served")
    metrics = parts.task.report(p_test, parts, model.seed)
    scale, shown = (
        parts.task.card(head),
        {
            n: [rows[n][i] for i in parts.where["test"]]
            for n in model.inputs
            if n not in model.reveal
        },
    )
    if isinstance(parts.task, Number):
        scale["scale"] |= {"widths": parts.task.widths(head, parts, model.seed)}
        metrics |= parts.task.covered(scale["scale"], p_test, parts, shown, kinds)
    say(f"{len(p_test)} test rows: {parts.task.sentence(metrics)}")
    metrics["warnings"] = [
        *model_warnings.compare_with_baselines(metrics),
        *model_warnings.warn_of_predictions(p_test, parts, metrics),
        *model_warnings.warn_of_data(
            rows,
            kinds,
            split,
            parts,
            model.inputs,
            model.predict,
            bool(site.groups) or not site.drawn,
            site.others,
        ),
        *model_warnings.warn_of_duplicates(p_test, parts),
    ]
    for sentence in metrics["warnings"]:
        say(f"warning: {sentence}")
    if base:
        metrics["tokens"], more = (
            reading or _read_ahead(parts, base, model.max_length, say) or ({}, [])
        )
        metrics["warnings"] += more
    if site.taught:
        metrics |= beside_general(site.taught, head, p_test, feats, parts, model.seed, say)
    if parts.sites is not None:
        metrics |= beside_pooled(
            head, parts.sites, parts.site_names, p_test, feats, parts, model.seed, say
        )
    laps.end("judging")
    metrics |= learnt | export.pop("agreement", {}) | {"leaks": found}
    metrics["beside"] = ablate_inputs(
        head,
        p_test,
        feats,
        parts,
        model.seed,
        say,
        sight.features["train"].shape[1] if sight else 0,
    ) | (compare_with_previous(p_test, site.before, rows, parts, say) if site.before else {})
    if site.past and trunk is not None and base:
        from mesocosm.learning.features.embeddings import encode
        from mesocosm.learning.features.tokenizer import Tokens

        def now(columns: Mapping[str, Sequence[Any]], count: int) -> Array:
            texts = tabular.text_of(columns, parts.text_names, count, model.apart)
            return parts.task.said(
                head.logits(
                    encode(trunk, Tokens(base.folder, model.max_length), texts),
                    tabular.build(columns, parts.facts, count),
                )
            )

        metrics["known"] = known(site.past, model.predict, parts.task, now, say)
    laps.end("parts alone")
    if (
        trunk is None
        and not (sight and sight.tuned)
        and not model.met
        and not isinstance(head, ImportedHead)
    ):  # a tuned base has seen all rows
        metrics["curve"] = measure_learning_curve(head, p_test, feats, parts, model.seed, say)
    laps.end("curve")
    metrics |= run_diagnostics(model, rows, kinds, parts, p_test, export.pop("said", None), say)
    card = {
        "model": name,
        **scale,
        "predict": model.predict,
        "predicts": kinds[model.predict],
        "inputs": list(model.inputs),
        "texts": parts.text_names,
        "pair": model.apart,
        "block": parts.facts,
        "max_length": model.max_length,
        "base": base.name
        if base
        else model.base.file
        if isinstance(model.base, ImportedModel)
        else None,
        "licence": base.licence if base else None,
        "method": model.tune.method,
        "head": head.name,
        "settings": head.settings,
        "rows": {p: len(y) for p, y in parts.y.items()},
        "trials": tried.get("trials", []),
        "importance": tried.get("importance", {}),
        "auto": tried.get("auto", []),
        "seed": model.seed,
        **(sight.card if sight else {}),
        **export,
    }
    write_json(folder / "card.json", card)
    whole = parts.again or head.settings.get("self_training", {}).get(
        "used"
    )  # rows moved by others' differences, and labels it gave itself, hang on every row
    if site.ids and not model.pretrain and not whole:
        keep(head, [site.ids[i] for i in parts.where["train"]], folder)
    laps.end("looking closer")
    if quote and not isinstance(model.base, ImportedModel):
        metrics["price"] = quote.settled()
    metrics["seconds"] = round(time.perf_counter() - began, 2)
    return TrainResult(
        card | {"metrics": metrics},
        metrics,
        history,
        [
            *evaluation_metrics.check_gates(dict(model.require), metrics),
            *model_warnings.find_better_baselines(metrics),
        ],
    )


def _read_ahead(
    parts: Parts, base: Base | None, most: int, say: Say
) -> tuple[dict[str, float | None], list[str]] | None:
    """What a base cuts or does not know of the texts, told before anything is trained."""
    if base is None:
        return None
    shares, sentences = measure_reading(
        [t for p in parts.texts for t in parts.texts[p]], base, most
    )
    for sentence in sentences:
        say(f"warning: {sentence}")
    return shares, sentences


def _trial(
    model: Model,
    parts: Parts,
    base: Base | None,
    store: Path,
    watch: Callable[[int, float], None],
    sight: Sight | None,
) -> float:
    from mesocosm.learning.heads.kernel import loss_for

    head, _, _, feats = fit(model, parts, base, store, None, lambda _: None, watch, sight=sight)
    held = "validation" if len(parts.y["validation"]) else "train"
    return loss_for(parts.y[held], parts.task.classes)(
        head.logits(feats[held], parts.table[held]), parts.y[held]
    )
