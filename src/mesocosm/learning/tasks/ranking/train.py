"""A ranker grown from what people did: each one's last item is judged by, the one before it tells
how much each part counts, the rest teaches.

Knows the parts of ranking. Knows nothing of catalogs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.core.errors import Wrong
from mesocosm.core.files import write_json
from mesocosm.learning.base_models import Base, resolve
from mesocosm.learning.cost.estimate import track_estimate
from mesocosm.learning.cost.ranking import ranking_job
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.tasks.ranking.ann_index import MOST
from mesocosm.learning.tasks.ranking.features import (
    FADES,
    NAMES,
    STRENGTHS,
    faded,
    ndcg,
    places,
    together,
    touched,
)
from mesocosm.learning.tasks.ranking.reranking import best
from mesocosm.learning.tasks.ranking.scorer import Scorer
from mesocosm.learning.tasks.ranking.settings import Towers
from mesocosm.learning.tasks.ranking.two_tower import Learnt, learn

if TYPE_CHECKING:
    from mesocosm.learning.model import Model
    from mesocosm.learning.training.context import TrainContext, TrainResult

Array = np.ndarray[Any, Any]
Say = Callable[[str], None]
LEAST = 20  # people to judge by
LOOKED = 200  # people by which the search is told from looking at all items
AGAINST = 100  # other items that each validation item is told from
JUDGED = 20_000  # people by which a version is judged at most; fewer where there are many items
HELD = 4_000_000  # scores held at a time


def grow_ranker(
    name: str, model: Model, rows: Mapping[str, Sequence[Any]], site: TrainContext, say: Say
) -> TrainResult:
    """Fill the site's folder with a version that ranks the field `predict`.

    Raises:
        Wrong: the data does not fit the settings.
    """
    from mesocosm.learning.training.context import TrainResult

    assert model.rank is not None
    began = time.perf_counter()
    items, histories = done(model, rows, site.items)
    if len(items) < 2:
        raise Wrong(
            "predict", f"'{model.predict}' holds {len(items)} different items", "two or more"
        )
    many = len(items) > MOST
    draw = np.random.default_rng(model.seed)
    able = judging(histories, len(items), draw)
    if len(able) < LEAST:
        raise Wrong(
            "inputs",
            f"{len(able)} of '{model.inputs[0]}' touched three items or more",
            f"at least {LEAST} to learn from and to be judged by",
        )
    base = resolve(str(model.base), site.root) if any(site.items.values()) else None
    quote = track_estimate(
        ranking_job(
            model, base, histories, len(able), [site.items.get(i, "") for i in items], site.store
        ),
        site.store,
    )
    quote.announce(say)
    quote.import_libraries(base)
    say(
        f"{len(histories):,} of '{model.inputs[0]}' and {len(items):,} items; each one's last item"
        " is kept to judge by"
    )
    vectors = _said(model, base, items, site, say)
    quote.timer.end("reading")
    chosen = {id(h) for h in able}
    taught = [h[:-2] if id(h) in chosen else h for h in histories]
    strength = (
        0.0
        if many
        else _strength(taught, [h[:-2] for h in able], np.array([h[-2] for h in able]), len(items))
    )
    quote.timer.end("solving")
    how = model.rank.towers or (Towers() if many else None)

    def fitted(of: Sequence[Sequence[int]], start: Learnt | None) -> tuple[Scorer, Learnt | None]:
        learnt = learn(of, len(items), vectors, how, model.seed, say, start) if how else None
        quote.timer.end("towers" if how else "solving")
        scorer = Scorer.fit(of, len(items), vectors, strength, learnt)
        quote.timer.end("solving")
        return scorer, learnt

    first, learnt = fitted(taught, None)
    weights = _weights(first, [h[:-2] for h in able], np.array([h[-2] for h in able]), draw)
    say(
        (
            f"{len(items):,} items are looked for by their vectors"
            if many
            else f"what was touched together is solved with strength {strength:g}"
        )
        + "; counted: "
        + ", ".join(f"{n} {w:.2f}" for n, w in zip(NAMES, weights, strict=True) if w)
    )
    quote.timer.end("weighing")
    upto = [h[:-1] if id(h) in chosen else h for h in histories]
    judged, learnt = fitted(upto, learnt)
    judged.weights = weights
    metrics = _judged(
        judged,
        [h[:-1] for h in able],
        np.array([h[-1] for h in able]),
        model.seed,
        model.rank.diverse,
    )
    quote.timer.end("judging")
    b = metrics["baselines"]
    say(
        f"{len(able):,} last items: among the first ten for {metrics['hit_rate_at_10']:.1%}"
        f" {metrics['interval']['hit_rate_at_10']} (popular {b['popular']['hit_rate_at_10']:.1%},"
        f" item neighbours {b['item_knn']['hit_rate_at_10']:.1%}), NDCG {metrics['ndcg_at_10']:.4f}"
    )
    whole, _ = fitted(histories, learnt)
    whole.weights = weights
    whole.save(site.folder)
    write_json(site.folder / "items.json", {"items": items, "says": site.items})
    card = {
        "model": name,
        "task": "ranking",
        "labels": [],
        "predict": model.predict,
        "predicts": "ranking",
        "inputs": ["liked"],
        "texts": [],
        "block": {},
        "most": model.rank.most,
        "diverse": model.rank.diverse,
        "explore": model.rank.explore,
        "max_length": model.max_length,
        "base": base.name if base else None,
        "licence": base.licence if base else None,
        "trunk": None,
        "precision": "fp32",
        "method": "two towers" if how else "closed form",
        "head": "stacked",
        "settings": {
            "strength": strength,
            **({f"towers.{k}": v for k, v in how.model_dump().items()} if how else {}),
            **{n: round(float(w), 4) for n, w in zip(NAMES, weights, strict=True)},
        },
        "rows": {"train": sum(map(len, upto)), "validation": len(able), "test": len(able)},
        "trials": [],
        "importance": {},
        "seed": model.seed,
    }
    write_json(site.folder / "card.json", card)
    quote.timer.end("judging")
    metrics["price"] = quote.record_actual()
    metrics["seconds"] = round(time.perf_counter() - began, 2)
    return TrainResult(
        card | {"metrics": metrics},
        metrics,
        [],
        evaluation_metrics.check_gates(dict(model.require), metrics),
    )


def done(
    model: Model, rows: Mapping[str, Sequence[Any]], listed: Sequence[str] | Mapping[str, str]
) -> tuple[list[str], list[list[int]]]:
    """All items, those that are `listed` first, and the numbers of what each one touched, each item
    once, the oldest first.
    """
    assert model.rank is not None
    items = list(dict.fromkeys([*listed, *(str(v) for v in rows[model.predict] if v is not None)]))
    number = {item: k for k, item in enumerate(items)}
    who, what = rows[model.inputs[0]], rows[model.predict]
    order = range(len(what))
    if model.rank.when:
        when = rows[model.rank.when]
        order = sorted((i for i in order if when[i] is not None), key=lambda i: (when[i], i))  # type: ignore[assignment]
    found: dict[Any, dict[int, None]] = {}
    for i in order:
        if who[i] is not None and what[i] is not None:
            found.setdefault(who[i], {}).setdefault(number[str(what[i])])
    return items, [list(h) for h in found.values()]


def judging(histories: Sequence[list[int]], items: int, draw: Any) -> list[list[int]]:
    """The histories by whose last items a version is judged: those of three items or more, some of
    them drawn where they are too many.
    """
    able = [h for h in histories if len(h) >= 3]
    most = max(LEAST, min(JUDGED, JUDGED * MOST // max(1, items)))
    return (
        [able[i] for i in np.sort(draw.choice(len(able), most, replace=False))]
        if len(able) > most
        else able
    )


def _said(
    model: Model, base: Base | None, items: Sequence[str], site: TrainContext, say: Say
) -> Array:
    """What is said of each item as unit vectors; of no width where nothing is."""
    texts = [site.items.get(item, "") for item in items]
    if base is None:
        return np.zeros((len(items), 0), np.float32)
    from mesocosm.learning.features.embeddings import features

    found = features(base, texts, model.max_length, site.store, say)
    say(f"{len(items):,} items read by {base.name}")
    less = found - found.mean(0)  # what all items share tells none from another
    return np.asarray(
        less / np.maximum(np.linalg.norm(less, axis=1, keepdims=True), 1e-9), np.float32
    )


def _strength(
    taught: Sequence[Sequence[int]], known: Sequence[Sequence[int]], right: Array, items: int
) -> float:
    """The strength of the closed form that puts validation items highest."""
    x, recent = touched(taught, items), faded(known, items, FADES["together"])
    return max(
        STRENGTHS,
        key=lambda s: float(ndcg(places(np.asarray(recent @ together(x, s)), known, right)).mean()),
    )


def _weights(scorer: Scorer, known: Sequence[Sequence[int]], right: Array, draw: Any) -> Array:
    """How much each part counts, by a logistic regression of validation items against others that
    were not touched.
    """
    from sklearn.linear_model import LogisticRegression

    rows, y = [], []
    if scorer.near is not None:
        for history, true in zip(known, right, strict=True):
            which, told = scorer.among(history)
            at = np.searchsorted(which, true)
            if at < len(which) and which[at] == true:
                left = np.flatnonzero(~np.isin(which, [*history, true]))
                left = draw.choice(left, min(AGAINST, len(left)), replace=False)
                rows += [told[:, at], *told[:, left].T]
                y += [1, *(0 for _ in left)]
        if not any(y):
            raise Wrong(
                "inputs",
                "nobody's next item is among those that are looked at",
                "more of what was done, or fewer items",
            )
    step = _step(scorer)
    for start in range(0, len(known) if scorer.near is None else 0, step):
        some, true = known[start : start + step], right[start : start + step]
        said = scorer.parts(some)
        for k, history in enumerate(some):
            seen = {*history, int(true[k])}
            others = [i for i in draw.integers(0, said.shape[2], AGAINST).tolist() if i not in seen]
            rows += [said[:, k, i] for i in (int(true[k]), *others)]
            y += [1, *(0 for _ in others)]
    found = LogisticRegression(C=1.0, max_iter=500).fit(np.asarray(rows), y)
    return np.where(np.asarray(rows).any(0), found.coef_[0], 0.0)


def _judged(
    scorer: Scorer, known: Sequence[Sequence[int]], right: Array, seed: int, diverse: float = 0.0
) -> dict[str, Any]:
    """Figures of everybody's last item among all items, beside what is popular, neighbours of
    items, and the closed form alone.
    """
    items, near, solved = len(scorer.counts), scorer.square["alike"], scorer.square.get("together")
    spots: dict[str, list[Array]] = {n: [] for n in ("", "popular", "item_knn", "ease", "plain")}
    shown: set[int] = set()
    apart: list[float] = []
    step = _step(scorer)
    for start in range(0, len(known), step):
        some, true = known[start : start + step], right[start : start + step]
        plain = touched(some, items)
        scores = scorer.scores(some)
        for n, s in (
            ("", scores),
            ("popular", np.tile(scorer.counts.astype(float), (len(some), 1))),
            ("item_knn", plain @ near),
            *([("ease", plain @ solved)] if solved is not None else []),
        ):
            spots[n].append(places(s if isinstance(s, np.ndarray) else s.toarray(), some, true))
        for row, history in enumerate(some):
            scores[row, list(history)] = -np.inf
        tops = best(scores, 10, scorer, diverse)
        if diverse:
            at = np.where(
                (hit := tops == true[:, None]).any(1),
                hit.argmax(1) + 1.0,
                np.maximum(spots[""][-1], tops.shape[1] + 1.0),
            )
            spots["plain"].append(spots[""][-1])
            spots[""][-1] = at
        shown |= set(tops.reshape(-1).tolist())
        if scorer.vectors.shape[1]:
            apart += [
                float(1 - (v @ v.T)[np.triu_indices(len(v), 1)].mean())
                for v in scorer.vectors[tops]
            ]
    told = {n: np.concatenate(s) for n, s in spots.items() if s}
    mine = told[""]
    of = {"hit_rate_at_10": (mine <= 10).astype(float), "ndcg_at_10": ndcg(mine), "mrr": 1 / mine}
    found: dict[str, Any] = {k: round(float(v.mean()), 4) for k, v in of.items()}
    found["interval"] = {
        k: evaluation_metrics.bootstrap_interval(
            partial(evaluation_metrics.mean_at, v), len(right), seed
        )
        for k, v in of.items()
    }
    found["baselines"] = {
        n: _against(mine, told[n]) for n in ("popular", "item_knn", "ease") if n in told
    }
    found |= {f"gain_over_{n}": b["gain"] for n, b in found["baselines"].items()}
    found |= {
        "coverage": round(len(shown) / items, 4),
        "rows": len(right),
        "classes": {},
        "items": items,
        "leaks": {"shared": 0, "telling": {}},
    }
    found["beside"] = {"ordered by score alone": _against(mine, told["plain"])} if diverse else {}
    if scorer.near is not None:
        found["search_recall"] = round(_recall(scorer, known[:LOOKED]), 4)
    return found | ({"diversity": round(float(np.mean(apart)), 4)} if apart else {})


def _step(scorer: Scorer) -> int:
    """People whose scores are held at a time."""
    return max(4, min(256, HELD // len(scorer.counts)))


def _recall(scorer: Scorer, known: Sequence[Sequence[int]]) -> float:
    """The share of the ten best of all items that is found where not all are looked at."""
    hit: list[float] = []
    for history in known:
        every = np.tensordot(scorer.weights, scorer.parts([history]), 1)
        some = scorer.scores([history])
        every[0, list(history)] = some[0, list(history)] = -np.inf
        hit.append(
            len(set(best(every, 10, scorer)[0].tolist()) & set(best(some, 10, scorer)[0].tolist()))
            / 10
        )
    return float(np.mean(hit))


def _against(mine: Array, other: Array) -> dict[str, Any]:
    """Another's figures on the same people, the gain in NDCG and Wilcoxon's p of it."""
    from scipy.stats import wilcoxon

    a, b = ndcg(mine), ndcg(other)
    found = {
        "hit_rate_at_10": float((other <= 10).mean()),
        "ndcg_at_10": float(b.mean()),
        "mrr": float((1 / other).mean()),
        "gain": float(a.mean() - b.mean()),
    }
    return {k: round(v, 4) for k, v in found.items()} | {
        "p": round(float(wilcoxon(a, b).pvalue), 6) if np.any(a != b) else 1.0
    }
