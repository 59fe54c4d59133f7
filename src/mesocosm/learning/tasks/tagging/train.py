"""A tagger grown from a snapshot: a head over states of tokens, or a base tuned from there; judged
by whole named things.

Knows the parts of tagging. Knows nothing of catalogs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.core.errors import Wrong
from mesocosm.core.files import write_json
from mesocosm.learning.base_models import Base
from mesocosm.learning.cost.estimate import track_estimate
from mesocosm.learning.cost.text import tagging_job
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.features.splits import PARTS
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.heads.folds import Groups, numbered
from mesocosm.learning.tasks.tagging.words import allowed, best, words_of

if TYPE_CHECKING:
    from mesocosm.learning.model import Model
    from mesocosm.learning.training.context import TrainContext, TrainResult
from mesocosm.learning.tasks.tagging.metrics import against, judged, looked_up

Array = np.ndarray[Any, Any]
Say = Callable[[str], None]
STRENGTHS = (0.1, 1.0, 10.0)
EXAMPLES = 3


def grow_tagger(
    name: str,
    model: Model,
    base: Base,
    rows: Mapping[str, Sequence[Any]],
    split: Sequence[str],
    tags: Sequence[str],
    site: TrainContext,
    say: Say,
) -> TrainResult:
    """Fill the site's folder with a version that tags the words of its one input.

    Args:
        tags: all of them, in the order of the head's outputs.

    Raises:
        Wrong: the data does not fit the settings.
    """
    import torch

    from mesocosm.learning.export.onnx_export import tuned_trunk
    from mesocosm.learning.features.embeddings import load_trunk
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.tasks.tagging.net import States, Tagger, encoded, states
    from mesocosm.learning.training.context import TrainResult

    began = time.perf_counter()
    torch.manual_seed(model.seed)
    where, texts, right, odd = tagged(model.inputs[0], model.predict, rows, split)
    if odd:
        say(f"{odd} rows have another number of tags than words, and are left out")
    number = {tag: k for k, tag in enumerate(tags)}
    if len({t for some in right["train"] for t in some}) < 2:
        raise Wrong(
            "predict",
            f"the training rows of '{model.predict}' hold one tag only",
            "named things, and words that are none",
        )
    quote = track_estimate(tagging_job(model, base, texts, len(tags), site.store), site.store)
    quote.announce(say)
    quote.import_libraries(base)
    tokens = Tokens(base.folder, model.max_length)
    ids, first = ({p: encoded(tokens, texts[p])[k] for p in PARTS} for k in (0, 1))
    trunk = States(load_trunk(base).net)
    read = states(trunk, ids["train"])
    quote.timer.end("reading")
    weights, bias, strength = _head(
        read,
        first["train"],
        right["train"],
        number,
        model.seed,
        numbered([site.groups[i] for i in where["train"]] if site.groups else []),
    )
    say(
        f"{sum(map(len, right['train'])):,} words of {len(texts['train']):,} texts through"
        f" {base.name}: a linear head over their states, strength {strength:g}"
    )
    quote.timer.end("heads")
    history: list[dict[str, Any]] = []
    if not isinstance(model.tune, Frozen):
        from mesocosm.learning.training import trainer

        tune: Any = model.tune
        trunk.net = tune.attach(trunk.net)
        net = Tagger(trunk, weights, bias, tune.dropout)
        moving = sum(p.numel() for p in net.parameters() if p.requires_grad)
        say(
            f"{tune.method}: {moving:,} weights train,"
            f" {moving / sum(p.numel() for p in net.parameters()):.2%} of all"
        )
        data = {
            p: trainer.TrainingRows(
                ids[p],
                np.zeros((len(ids[p]), 0), np.float32),
                _targets(ids[p], first[p], right[p], number),
            )
            for p in PARTS
        }
        held = data["validation"] if texts["validation"] else data["train"]
        history = trainer.train(
            net,
            tune,
            data["train"],
            held,
            model.seed,
            site.store / "work" / site.build_key,
            lambda r: say(trainer.as_progress(r)),
        )  # type: ignore[arg-type]
        net.float()
        history[0] = history[0] | {"trained": moving}
        trunk.net = tune.merge(trunk.net)
        weights, bias = net.weights.detach().numpy(), net.bias.detach().numpy()
        quote.timer.end("tuning")
    seen, may = states(trunk, ids["test"]), allowed(tags)
    said = [
        [tags[k] for k in best(logits_of(s, f, weights, bias), may)] if f else []
        for s, f in zip(seen, first["test"], strict=True)
    ]
    metrics = judged(said, right["test"], model.seed)
    metrics["baselines"] = {"dictionary": against(said, looked_up(texts, right), right["test"])}
    metrics |= {
        "gain_over_dictionary": metrics["baselines"]["dictionary"]["gain"],
        "leaks": {"shared": len(set(texts["test"]) & set(texts["train"])), "telling": {}},
    }
    say(
        f"{metrics['rows']} test rows: F1 of whole named things {metrics['span_f1']:.3f}"
        f" {metrics['interval']['span_f1']}, a dictionary of those known"
        f" {metrics['baselines']['dictionary']['span_f1']:.3f}"
    )
    quote.timer.end("judging")
    own = tuned_trunk(trunk, base, site.folder / "trunk", site.store)
    from safetensors.numpy import save_file

    save_file(
        {
            "weights": np.ascontiguousarray(weights, np.float32),
            "bias": np.ascontiguousarray(bias, np.float32),
        },
        site.folder / "head.safetensors",
    )
    card = {
        "model": name,
        "task": "tags",
        "labels": [],
        "tags": list(tags),
        "predict": model.predict,
        "predicts": "tags",
        "inputs": list(model.inputs),
        "texts": list(model.inputs),
        "block": {},
        "max_length": model.max_length,
        "base": base.name,
        "licence": base.licence,
        "trunk": "trunk",
        "own_mb": own,
        "precision": "fp32",
        "method": model.tune.method,
        "head": "linear, Viterbi",
        "settings": {"strength": strength},
        "rows": {p: len(where[p]) for p in PARTS},
        "trials": [],
        "importance": {},
        "seed": model.seed,
    }
    write_json(site.folder / "card.json", card)
    quote.timer.end("export")
    metrics["price"] = quote.record_actual()
    metrics["seconds"] = round(time.perf_counter() - began, 2)
    return TrainResult(
        card | {"metrics": metrics},
        metrics,
        history,
        evaluation_metrics.check_gates(dict(model.require), metrics),
    )


def tagged(
    text: str, predict: str, rows: Mapping[str, Sequence[Any]], split: Sequence[str]
) -> tuple[dict[str, list[int]], dict[str, list[str]], dict[str, list[list[str]]], int]:
    """By part: the rows that have a tag a word, their texts and their tags; and how many rows have
    another number of tags.

    Raises:
        Wrong: none is there to learn from, or none to judge on.
    """
    able = [
        t is not None and w is not None and len(words_of(str(w))) == len(str(t).split())
        for t, w in zip(rows[predict], rows[text], strict=True)
    ]
    odd = sum(
        t is not None and w is not None and not a
        for t, w, a in zip(rows[predict], rows[text], able, strict=True)
    )
    where = {p: [i for i, s in enumerate(split) if s == p and able[i]] for p in PARTS}
    for part in ("train", "test"):
        if not where[part]:
            raise Wrong(
                "predict",
                f"no {part} row has as many tags in '{predict}' as words in '{text}'",
                "rows with a tag a word",
            )
    return (
        where,
        {p: [str(rows[text][i]) for i in where[p]] for p in PARTS},
        {p: [str(rows[predict][i]).split() for i in where[p]] for p in PARTS},
        odd,
    )


def _targets(
    ids: Sequence[Sequence[int]],
    first: Sequence[Sequence[int]],
    right: Sequence[Sequence[str]],
    number: Mapping[str, int],
) -> Array:
    from mesocosm.learning.tasks.tagging.net import OUT

    y = np.full((len(ids), max(map(len, ids), default=1)), OUT, np.int64)
    for row, (at, tags) in enumerate(zip(first, right, strict=True)):
        for token, tag in zip(at, tags, strict=True):
            if token >= 0:
                y[row, token] = number[tag]
    return y


def _head(
    seen: Sequence[Array],
    first: Sequence[Sequence[int]],
    right: Sequence[Sequence[str]],
    number: Mapping[str, int],
    seed: int,
    groups: Groups,
) -> tuple[Array, Array, float]:
    """A logistic regression over the states of words, its strength by left-out texts, or groups of
    them: weights (width, tags), bias, strength.
    """
    import warnings

    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_score

    x = np.stack([s[t] for s, at in zip(seen, first, strict=True) for t in at if t >= 0])
    y = np.array(
        [
            number[tag]
            for at, tags in zip(first, right, strict=True)
            for t, tag in zip(at, tags, strict=True)
            if t >= 0
        ]
    )
    if groups is None:
        groups = np.arange(len(first))
    group = np.array([groups[i] for i, at in enumerate(first) for t in at if t >= 0])
    scale = float(np.sqrt((x**2).mean())) or 1.0

    def made(strength: float) -> Any:
        return LogisticRegression(C=strength, max_iter=200, tol=1e-3, random_state=seed)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folds = min(3, len(np.unique(group)))
        few = len(x) > 20_000 or folds < 2
        strength = (
            STRENGTHS[1]
            if few
            else max(
                STRENGTHS,
                key=lambda s: float(
                    np.nanmean(
                        cross_val_score(
                            made(s),
                            x / scale,
                            y,
                            groups=group,
                            cv=GroupKFold(folds),
                            error_score=np.nan,
                        )
                    )
                ),
            )
        )
        net = made(strength).fit(x / scale, y)
    weights, bias = np.zeros((x.shape[1], len(number))), np.full(len(number), -10.0)
    if len(net.classes_) == 2:
        weights[:, net.classes_], bias[net.classes_] = (
            np.vstack([-net.coef_, net.coef_]).T / 2 / scale,
            np.r_[-net.intercept_, net.intercept_] / 2,
        )
    else:
        weights[:, net.classes_], bias[net.classes_] = net.coef_.T / scale, net.intercept_
    return weights.astype(np.float32), bias.astype(np.float32), strength


def logits_of(seen: Array, first: Sequence[int], weights: Array, bias: Array) -> Array:
    """Logits of words (words, tags); a word past the end of what was read is none."""
    out = np.zeros((len(first), len(bias)))
    out[:, 0] = 10.0
    for word, token in enumerate(first):
        if token >= 0:
            out[word] = seen[token] @ weights + bias
    return out
