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
from mesocosm.core.timer import Laps
from mesocosm.learning.base_models import Base, resolve
from mesocosm.learning.base_models.language_coverage import measure_coverage
from mesocosm.learning.cost.estimate import quoted
from mesocosm.learning.cost.predictive import planned
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.evaluation import model_warnings
from mesocosm.learning.evaluation.comparison import alone, last
from mesocosm.learning.evaluation.diagnostics import examined
from mesocosm.learning.evaluation.leakage import leaks
from mesocosm.learning.evaluation.learning_curve import curve
from mesocosm.learning.export.served_graphs import write_graphs
from mesocosm.learning.features import tabular
from mesocosm.learning.features.splits import SplitContext, Splits, split_dataset
from mesocosm.learning.heads.unlearning import save_inverse
from mesocosm.learning.importers.onnx import Brought, BroughtHead, head_of
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO
from mesocosm.learning.strategies.continual import measure_retention
from mesocosm.learning.strategies.domain_adaptation import compare_with_source
from mesocosm.learning.strategies.federated import compare_with_pooled
from mesocosm.learning.tasks.by_field_type import Regression
from mesocosm.learning.tasks.vision.features import ImageFeatures, extract_features
from mesocosm.learning.training.context import Grown, Site
from mesocosm.learning.training.fit import fitted

Array = np.ndarray[Any, Any]
Say = Callable[[str], None]


def grow(
    name: str,
    model: Model,
    rows: Mapping[str, Sequence[Any]],
    split: Sequence[str],
    kinds: Mapping[str, str],
    site: Site,
    say: Say,
) -> Grown:
    """Fill the site's folder with a version of `model` grown on cleaned columns.

    Args:
        rows: cleaned columns by field.
        split: the part of each row.
        kinds: each field's type.

    Raises:
        Wrong: the data or the base does not fit the settings.
    """
    if model.rank:
        from mesocosm.learning.tasks.ranking.train import train_ranker

        return train_ranker(name, model, rows, site, say)
    if kinds[model.target] == "tags":
        from mesocosm.learning.tasks.tagging.train import train_tagger

        return train_tagger(
            name, model, resolve(str(model.base), site.root), rows, split, site, say
        )
    if kinds[model.target] == "text":
        from mesocosm.learning.tasks.generation.train import train_generator
        from mesocosm.learning.tasks.retrieval.train import train_retriever

        reads = resolve(str(model.base), site.root)
        return (train_generator if reads.writes else train_retriever)(
            name, model, reads, rows, split, site, say
        )
    began = time.perf_counter()
    import torch

    torch.manual_seed(model.seed)
    context = SplitContext(site.order, site.taught, site.groups, site.sites)
    parts = split_dataset(model, rows, split, kinds, context)
    parts.again = [at for at, i in enumerate(parts.where["train"]) if i in site.again]
    found = leaks(
        rows,
        kinds,
        model.features,
        parts.where,
        [parts.task.parse_target(v) for v in rows[model.target]],
    )
    told = [n for n in found["telling"] if n not in model.allow_leakage]
    if told:
        raise Wrong(
            "features",
            f"'{told[0]}' alone tells '{model.target}' on {found['telling'][told[0]]:.1%} of the"
            " test rows, so it may be known only after the fact",
            f"inputs without it, or 'trust: [{told[0]}]' in the model",
        )
    if found["shared"]:
        say(
            f"{found['shared']} of {len(parts.y['test'])} test rows equal a training row in every"
            " input"
        )
    store, folder = site.store, site.folder
    scratch = model.pretrain is not None and model.pretrain.from_scratch is not None
    base = (
        resolve(str(model.base), site.root)
        if parts.text_names and not scratch and model.base != AUTO
        else None
    )
    reading = _read_ahead(parts, base, model.max_length, say)
    quote = (
        None
        if model.base == AUTO
        else quoted(planned(model, parts, base, site.root, store, site.corpus, site.told), store)
    )
    laps = quote.laps if quote else Laps()
    if quote:
        quote.announce(say)
        quote.started(base)
    learnt: dict[str, Any] = {}
    if model.pretrain and parts.text_names:
        from mesocosm.learning.pretraining.run import Corpus, pretrain

        base, learnt["pretraining"] = pretrain(
            base,
            Corpus(site.corpus, site.told),
            model.pretrain,
            model.max_length,
            model.seed,
            store,
            say,
        )
        laps.end("pretraining")
    tried: dict[str, Any] = {}
    sight: ImageFeatures | None = None
    if parts.images["train"]:
        sight = extract_features(
            parts.images, model.image_base, site.root, store, folder, model.seed, say
        )
        laps.end("looking")
    picked: Any = None
    if model.base == AUTO:
        from mesocosm.learning.strategies.automl import search_base

        model, base, picked, tried["auto"] = search_base(model, parts, site.root, store, sight, say)
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
    if isinstance(model.base, Brought):
        feats = {p: np.zeros((len(y), 0), np.float32) for p, y in parts.y.items()}
        head, trunk = (
            head_of(
                model.base, site.root, len(model.features), parts.task.labels, parts.task.scale
            ),
            None,
        )
        say(f"{model.base.file} is judged as it is; nothing is trained")
    elif picked:
        head, trunk, history, feats = picked
    else:
        head, trunk, history, feats = fitted(
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
    metrics = parts.task.evaluate(p_test, parts, model.seed)
    scale, shown = (
        parts.task.describe(head),
        {
            n: [rows[n][i] for i in parts.where["test"]]
            for n in model.features
            if n not in model.allow_private
        },
    )
    if isinstance(parts.task, Regression):
        scale["scale"] |= {"widths": parts.task.widths(head, parts, model.seed)}
        metrics |= parts.task.measure_coverage(scale["scale"], p_test, parts, shown, kinds)
    say(f"{len(p_test)} test rows: {parts.task.summarize(metrics)}")
    metrics["warnings"] = [
        *model_warnings.against(metrics),
        *model_warnings.figures(p_test, parts, metrics),
        *model_warnings.data(
            rows,
            kinds,
            split,
            parts,
            model.features,
            model.target,
            bool(site.groups) or not site.drawn,
            site.others,
        ),
        *model_warnings.copies(p_test, parts),
    ]
    for sentence in metrics["warnings"]:
        say(f"warning: {sentence}")
    if base:
        metrics["tokens"], more = (
            reading or _read_ahead(parts, base, model.max_length, say) or ({}, [])
        )
        metrics["warnings"] += more
    if site.taught:
        metrics |= compare_with_source(site.taught, head, p_test, feats, parts, model.seed, say)
    if parts.sites is not None:
        metrics |= compare_with_pooled(head, p_test, feats, parts, model.seed, say)
    laps.end("judging")
    metrics |= learnt | export.pop("agreement", {}) | {"leaks": found}
    metrics["beside"] = alone(
        head,
        p_test,
        feats,
        parts,
        model.seed,
        say,
        sight.features["train"].shape[1] if sight else 0,
    ) | (last(p_test, site.before, rows, parts, say) if site.before else {})
    if site.past and trunk is not None and base:
        from mesocosm.learning.features.embeddings import encode
        from mesocosm.learning.features.tokenizer import Tokens

        def now(columns: Mapping[str, Sequence[Any]], count: int) -> Array:
            texts = tabular.join_texts(columns, parts.text_names, count, model.apart)
            return parts.task.decode(
                head.logits(
                    encode(trunk, Tokens(base.folder, model.max_length), texts),
                    tabular.build_block(columns, parts.facts, count),
                )
            )

        metrics["known"] = measure_retention(site.past, model.target, parts.task, now, say)
    laps.end("parts alone")
    if (
        trunk is None
        and not (sight and sight.tuned)
        and not model.met
        and not isinstance(head, BroughtHead)
    ):  # a tuned base has seen all rows
        metrics["curve"] = curve(head, p_test, feats, parts, model.seed, say)
    laps.end("curve")
    metrics |= examined(model, rows, kinds, parts, p_test, export.pop("said", None), say)
    card = {
        "model": name,
        **scale,
        "predict": model.target,
        "predicts": kinds[model.target],
        "inputs": list(model.features),
        "texts": parts.text_names,
        "pair": model.apart,
        "block": parts.facts,
        "max_length": model.max_length,
        "base": base.name if base else model.base.file if isinstance(model.base, Brought) else None,
        "licence": base.licence if base else None,
        "method": model.fine_tune.method,
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
        save_inverse(head, [site.ids[i] for i in parts.where["train"]], folder)
    laps.end("looking closer")
    if quote and not isinstance(model.base, Brought):
        metrics["price"] = quote.settled()
    metrics["seconds"] = round(time.perf_counter() - began, 2)
    return Grown(
        card | {"metrics": metrics},
        metrics,
        history,
        [*evaluation_metrics.gates(dict(model.require), metrics), *model_warnings.worse(metrics)],
    )


def _read_ahead(
    parts: Splits, base: Base | None, most: int, say: Say
) -> tuple[dict[str, float | None], list[str]] | None:
    """What a base cuts or does not know of the texts, told before anything is trained."""
    if base is None:
        return None
    shares, sentences = measure_coverage(
        [t for p in parts.texts for t in parts.texts[p]], base, most
    )
    for sentence in sentences:
        say(f"warning: {sentence}")
    return shares, sentences


def _trial(
    model: Model,
    parts: Splits,
    base: Base | None,
    store: Path,
    watch: Callable[[int, float], None],
    sight: ImageFeatures | None,
) -> float:
    from mesocosm.learning.heads.kernel import select_loss

    head, _, _, feats = fitted(model, parts, base, store, None, lambda _: None, watch, sight=sight)
    held = "validation" if len(parts.y["validation"]) else "train"
    return select_loss(parts.y[held], parts.task.classes)(
        head.logits(feats[held], parts.table[held]), parts.y[held]
    )
