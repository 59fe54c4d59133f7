"""A finder grown from a snapshot: questions brought to their answers, judged by where the right one
stands among all.

Knows the parts of retrieval. Knows nothing of catalogs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.core.errors import Wrong
from mesocosm.core.files import aside_name, write_json
from mesocosm.learning.base_models import Base
from mesocosm.learning.cost.estimate import track_estimate
from mesocosm.learning.cost.text import retrieval_job
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.features.splits import PARTS
from mesocosm.learning.features.word_pieces import terms
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.heads.folds import numbered
from mesocosm.learning.tasks.generation.prompt import paired
from mesocosm.learning.tasks.retrieval.query_projection import bridge, ranks, unit

if TYPE_CHECKING:
    from mesocosm.learning.model import Model
    from mesocosm.learning.training.context import TrainContext, TrainResult

Array = np.ndarray[Any, Any]
Say = Callable[[str], None]
MOST = 200_000  # different answers that are looked through for each question


def grow_finder(
    name: str,
    model: Model,
    base: Base,
    rows: Mapping[str, Sequence[Any]],
    split: Sequence[str],
    site: TrainContext,
    say: Say,
) -> TrainResult:
    """Fill the site's folder with a version that finds the field `predict`.

    Raises:
        Wrong: the data does not fit the settings.
    """
    from mesocosm.learning.export.onnx_export import shared_trunk, tuned_trunk
    from mesocosm.learning.features.embeddings import encode
    from mesocosm.learning.tasks.retrieval import continual
    from mesocosm.learning.training.context import TrainResult

    began = time.perf_counter()
    where, texts, told = paired(model.inputs, model.predict, rows, split)
    old = len(split) - (
        site.past.old if site.past else 0
    )  # rows from here on are seen again; what only they answer is not to be found any more
    known = list(
        dict.fromkeys(t for p in PARTS for i, t in zip(where[p], told[p], strict=True) if i < old)
    )
    gone = sorted(set(told["train"]) - set(known))
    if not 2 <= len(known) <= MOST:
        raise Wrong(
            "predict", f"'{model.predict}' holds {len(known)} different texts", f"2 to {MOST:,}"
        )
    quote = track_estimate(retrieval_job(model, base, texts, told, site.store), site.store)
    quote.announce(say)
    quote.import_libraries(base)
    number = {t: k for k, t in enumerate([*known, *gone])}
    right = {p: np.array([number[t] for t in told[p]], dtype=np.int64) for p in PARTS}
    read = _reader(base, model, site, say)
    as_it_is = {p: read(texts[p]) for p in PARTS if texts[p]}
    answers = read([*known, *gone])
    say(
        f"{sum(map(len, texts.values()))} questions and {len(known)} different answers through"
        f" {base.name}"
    )
    quote.timer.end("reading")
    untaught = ranks(as_it_is["test"], answers[: len(known)], right["test"])
    vectors, trunk, history = as_it_is, None, list[dict[str, Any]]()
    if not isinstance(model.tune, Frozen):
        trunk, tokens, history = _tuned(base, model, texts, [*known, *gone], right, site, say)
        vectors = {p: encode(trunk, tokens, texts[p], say) for p in PARTS if texts[p]}
        answers = encode(trunk, tokens, [*known, *gone], say)
        quote.timer.end("tuning")
    turn, chosen = bridge(
        vectors["train"],
        answers[right["train"]],
        answers,
        right["train"],
        numbered([site.groups[i] for i in where["train"]] if site.groups else []),
    )
    quote.timer.end("matrix")
    if chosen["pull"] is not None:
        say(
            f"a matrix from questions to answers is learnt too (pull {chosen['pull']:g}): left-out"
            f" mean reciprocal rank {chosen['left_out_mrr']:.3f}"
        )
    answers = answers[: len(known)]
    places = ranks(unit(vectors["test"] @ turn), answers, right["test"])
    metrics = report(places, model.seed)
    metrics["baselines"] = {
        "base": against(places, untaught),
        "linear": against(places, _words(texts["train"], texts["test"], known, right["test"])),
    }
    metrics |= {
        f"gain_over_{other}": found["gain"] for other, found in metrics["baselines"].items()
    } | {"answers": len(known)}
    shared = len(
        set(zip(texts["test"], told["test"], strict=True))
        & set(zip(texts["train"], told["train"], strict=True))
    )
    metrics["leaks"] = {"shared": shared, "telling": {}}
    say(
        f"{len(places)} test rows: the right one of {len(known)} first on"
        f" {metrics['recall_at_1']:.1%} {metrics['interval']['recall_at_1']}, mean reciprocal rank"
        f" {metrics['mrr']:.3f}"
    )
    if site.past and trunk is not None:
        metrics |= continual.known(
            site.past,
            model.inputs,
            model.predict,
            lambda said: encode(trunk, tokens, said),
            turn,
            say,
        )
    quote.timer.end("judging")
    if trunk is None:
        named = os.path.relpath(shared_trunk(base, site.store), site.store / "models" / "x" / "y")
    else:
        named = "trunk"
        tuned_trunk(trunk, base, site.folder / "trunk", site.store)
    from safetensors.numpy import save_file

    aside = site.folder / aside_name(site.folder / "answers.safetensors")
    save_file({"answers": np.ascontiguousarray(answers, np.float32), "turn": turn}, aside)
    os.replace(aside, site.folder / "answers.safetensors")
    of: list[list[int]] = [[] for _ in known]
    for p in PARTS:
        for i, k in zip(where[p], right[p], strict=True):
            if i < old:
                of[k].append(site.ids[i] if site.ids else -1)
    write_json(site.folder / "answers.json", {"answers": known, "rows": of})
    card = {
        "model": name,
        "task": "retrieval",
        "labels": [],
        "predict": model.predict,
        "predicts": "text",
        "inputs": list(model.inputs),
        "texts": list(model.inputs),
        "block": {},
        "max_length": model.max_length,
        "base": base.name,
        "licence": base.licence,
        "trunk": named,
        "precision": "fp32",
        "method": model.tune.method,
        "head": "matrix" if chosen["pull"] else "cosine",
        "settings": chosen,
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


def _reader(
    base: Base, model: Model, site: TrainContext, say: Say
) -> Callable[[Sequence[str]], Array]:
    from mesocosm.learning.features.embeddings import features

    return lambda texts: features(base, texts, model.max_length, site.store, say)


def _tuned(
    base: Base,
    model: Model,
    texts: Mapping[str, list[str]],
    known: list[str],
    right: Mapping[str, Array],
    site: TrainContext,
    say: Say,
) -> tuple[Any, Any, list[dict[str, Any]]]:
    """A trunk after training, its tokens and history."""
    import torch

    from mesocosm.learning.features.embeddings import load_trunk
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.tasks.retrieval import continual
    from mesocosm.learning.tasks.retrieval.net import Pairs
    from mesocosm.learning.training import trainer

    tune: Any = model.tune
    torch.manual_seed(model.seed)
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    tokens = Tokens(base.folder, model.max_length)
    said = tokens.ids(known)
    net = Pairs(trunk)
    if site.past:
        site.past.begin(net, base, tune.method, None, say)
    moving = sum(p.numel() for p in net.parameters() if p.requires_grad)
    say(
        f"{tune.method}: {moving:,} weights train,"
        f" {moving / sum(p.numel() for p in trunk.parameters()):.2%} of all"
    )
    data = {}
    for part in PARTS:
        ids = tokens.ids(texts[part]) if texts[part] else []
        ends = np.array([[len(i)] for i in ids], np.float32).reshape(len(ids), 1)
        data[part] = trainer.TrainingRows(
            [[*q, *said[k]] for q, k in zip(ids, right[part], strict=True)], ends, right[part]
        )

    history = trainer.train(
        net,
        tune,
        data["train"],
        data["validation"] if texts["validation"] else data["train"],
        model.seed,
        site.store / "work" / site.build_key,
        lambda r: say(trainer.as_progress(r)),
    )  # type: ignore[arg-type]
    net.float()
    if site.past:
        site.past.end(
            net,
            base,
            tune.method,
            None,
            lambda: continual.mattered(net, data["train"]),
            site.folder,
        )
    history[0] = history[0] | {"trained": moving}
    trunk.net = tune.merge(trunk.net)
    return trunk.eval(), tokens, history


def report(places: Array, seed: int) -> dict[str, Any]:
    """Figures of the places of right answers, with their intervals.

    Source: Voorhees 1999, TREC-8 (mean reciprocal rank).
    """
    of = {
        "mrr": 1 / places,
        "recall_at_1": (places <= 1).astype(float),
        "recall_at_5": (places <= 5).astype(float),
        "recall_at_10": (places <= 10).astype(float),
    }
    found: dict[str, Any] = {k: round(float(v.mean()), 4) for k, v in of.items()}
    found["interval"] = {
        k: evaluation_metrics.bootstrap_interval(
            partial(evaluation_metrics.mean_at, v), len(places), seed
        )
        for k, v in of.items()
    }
    return found | {"rows": len(places), "classes": {}}


def against(places: Array, other: Array) -> dict[str, Any]:
    """Another's figures on the same rows, the gain in mean reciprocal rank and Wilcoxon's p of
    it.
    """
    from scipy.stats import wilcoxon

    figures = {
        "mrr": float((1 / other).mean()),
        **{f"recall_at_{k}": float((other <= k).mean()) for k in (1, 5, 10)},
    }
    found: dict[str, Any] = {k: round(v, 4) for k, v in figures.items()}
    return found | {
        "gain": round(float((1 / places).mean() - (1 / other).mean()), 4),
        "p": (
            round(float(wilcoxon(1 / places, 1 / other).pvalue), 6)
            if np.any(places != other)
            else 1.0
        ),
    }


def _words(train: Sequence[str], test: Sequence[str], known: Sequence[str], right: Array) -> Array:
    """Places of the right answers by words in common, weighed by TF-IDF."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        net = TfidfVectorizer(sublinear_tf=True, tokenizer=terms, token_pattern=None).fit(
            [*train, *known]
        )
    except ValueError:  # no word in any text
        return np.full(len(test), (len(known) + 1) / 2)
    return ranks(
        (net.transform(test) @ net.transform(known).T).toarray(), np.eye(len(known)), right
    )
