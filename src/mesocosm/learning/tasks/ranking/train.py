"""Train a ranker on what people did: everybody's last item is held out for the test, the one before
it for the weights of the parts, the rest is trained on.

Knows the parts of ranking. Knows nothing of catalogs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import write_json
from mesocosm.core.timer import PhaseTimer
from mesocosm.learning.base_models import Base, resolve
from mesocosm.learning.cost.estimate import track_estimate
from mesocosm.learning.tasks.ranking.ann_index import MAX_EXACT_ITEMS
from mesocosm.learning.tasks.ranking.cost import ranking_job
from mesocosm.learning.tasks.ranking.features import NAMES
from mesocosm.learning.tasks.ranking.metrics import evaluate
from mesocosm.learning.tasks.ranking.scorer import Scorer
from mesocosm.learning.tasks.ranking.settings import Rank, Towers
from mesocosm.learning.tasks.ranking.stacking import choose_strength, fit_weights
from mesocosm.learning.tasks.ranking.towers.two_tower import TwoTowerModel

if TYPE_CHECKING:
    from mesocosm.learning.model import Model
from mesocosm.learning.tasks.train_result import assemble_result
from mesocosm.learning.training.context import TrainContext, TrainResult

Array = np.ndarray[Any, Any]
Say = Callable[[str], None]
MIN_PEOPLE = 20  # people with a test item
MAX_EVALUATED = 20_000  # people a version is evaluated on at most; fewer where items are many


@dataclass(frozen=True)
class _Histories:
    """Everybody's history, oldest item first, and those with a test and a validation item.

    Args:
        all: the item numbers of each person.
        evaluated: those of `all` whose last items are held out.
    """

    all: Sequence[list[int]]
    evaluated: Sequence[list[int]]

    def without_last(self, count: int) -> list[list[int]]:
        """All histories, those that are evaluated without their last items."""
        held_out = {id(history) for history in self.evaluated}
        return [h[:-count] if id(h) in held_out else h for h in self.all]

    def before_last(self, count: int) -> tuple[list[list[int]], Array]:
        """Of those that are evaluated, what came before the item `count` from the end, and it."""
        before = [h[:-count] for h in self.evaluated]
        return before, np.array([h[-count] for h in self.evaluated])


@dataclass(frozen=True)
class _Parts:
    """What every scorer of a version is fitted with.

    Args:
        items: how many items there are.
        vectors: of each item's texts, unit vectors (items, width), or of no width.
        strength: of the closed form.
        towers: settings of the vectors learned by gradient; None for none.
    """

    items: int
    vectors: Array
    strength: float
    towers: Towers | None
    seed: int

    def fit(
        self,
        histories: Sequence[list[int]],
        timer: PhaseTimer,
        say: Say,
        start: TwoTowerModel | None = None,
    ) -> tuple[Scorer, TwoTowerModel | None]:
        """A scorer of some histories, and its towers, which continue from `start`."""
        from mesocosm.learning.tasks.ranking.towers.tower_training import fit_towers

        towers = None
        if self.towers:
            towers = fit_towers(
                histories, self.items, self.vectors, self.towers, self.seed, say, start
            )
            timer.end("towers")
        else:
            timer.end("solving")
        scorer = Scorer.fit(histories, self.items, self.vectors, self.strength, towers)
        timer.end("solving")
        return scorer, towers


def train_ranker(
    name: str, model: Model, rows: Mapping[str, Sequence[Any]], site: TrainContext, say: Say
) -> TrainResult:
    """Fill the site's folder with a version that ranks the field `predict`.

    Raises:
        ConfigValueError: the data does not fit the settings.
    """

    began = time.perf_counter()
    draw = np.random.default_rng(model.seed)
    items, histories = _read_histories(model, rows, site, draw)
    base = resolve(str(model.base), site.root) if any(site.items.values()) else None
    texts = [site.items.get(item, "") for item in items]
    estimate = track_estimate(
        ranking_job(model, base, histories.all, len(histories.evaluated), texts, site.store),
        site.store,
    )
    estimate.announce(say)
    estimate.import_libraries(base)
    timer = estimate.timer
    say(
        f"{len(histories.all):,} of '{model.features[0]}' and {len(items):,} items; the last item"
        " of each is held out for the test"
    )
    vectors = _embed_items(model, base, texts, site, say)
    timer.end("reading")
    parts = _choose_parts(model, items, histories, vectors, timer)
    scorer, towers = _fit_scorer(parts, histories, draw, timer, say)
    metrics = evaluate(scorer, *histories.before_last(1), model.seed, _rank_settings(model).diverse)
    timer.end("judging")
    _announce_metrics(metrics, len(histories.evaluated), say)
    final, _ = parts.fit(histories.all, timer, say, towers)
    final.weights = scorer.weights
    final.save(site.folder)
    write_json(site.folder / "items.json", {"items": items, "says": site.items})
    card = _card(name, model, base, parts, scorer.weights, histories)
    write_json(site.folder / "card.json", card)
    timer.end("judging")
    return assemble_result(model, card, metrics, [], estimate, began)


def _read_histories(
    model: Model, rows: Mapping[str, Sequence[Any]], site: TrainContext, draw: np.random.Generator
) -> tuple[list[str], _Histories]:
    """All items, and everybody's history; refused where they are too few."""
    items, histories = build_histories(model, rows, site.items)
    if len(items) < 2:
        raise ConfigValueError(
            "target", f"'{model.target}' holds {len(items)} different items", "two or more"
        )
    evaluated = select_evaluated(histories, len(items), draw)
    if len(evaluated) < MIN_PEOPLE:
        raise ConfigValueError(
            "features",
            f"{len(evaluated)} of '{model.features[0]}' touched three items or more",
            f"at least {MIN_PEOPLE} to train on and to evaluate on",
        )
    return items, _Histories(histories, evaluated)


def _rank_settings(model: Model) -> Rank:
    assert model.rank is not None
    return model.rank


def _choose_parts(
    model: Model, items: Sequence[str], histories: _Histories, vectors: Array, timer: PhaseTimer
) -> _Parts:
    """The settings of the parts; the strength of the closed form is chosen on validation items."""
    many = len(items) > MAX_EXACT_ITEMS
    strength = 0.0
    if not many:
        known, right = histories.before_last(2)
        strength = choose_strength(histories.without_last(2), known, right, len(items))
    timer.end("solving")
    towers = _rank_settings(model).towers
    if towers is None and many:
        towers = Towers()
    return _Parts(len(items), vectors, strength, towers, model.seed)


def _fit_scorer(
    parts: _Parts, histories: _Histories, draw: np.random.Generator, timer: PhaseTimer, say: Say
) -> tuple[Scorer, TwoTowerModel | None]:
    """The scorer that is evaluated, its weights fitted on validation items, and its towers."""
    first, towers = parts.fit(histories.without_last(2), timer, say)
    weights = fit_weights(first, *histories.before_last(2), draw)
    _announce_weights(parts, weights, say)
    timer.end("weighing")
    scorer, towers = parts.fit(histories.without_last(1), timer, say, towers)
    scorer.weights = weights
    return scorer, towers


def build_histories(
    model: Model, rows: Mapping[str, Sequence[Any]], listed: Sequence[str] | Mapping[str, str]
) -> tuple[list[str], list[list[int]]]:
    """All items, those that are `listed` first, and the numbers of what each person touched, each
    item once, the oldest first.
    """
    settings = _rank_settings(model)
    who, what = rows[model.features[0]], rows[model.target]
    items = list(dict.fromkeys([*listed, *(str(v) for v in what if v is not None)]))
    number = {item: k for k, item in enumerate(items)}
    order: Sequence[int] = range(len(what))
    if settings.when:
        when = rows[settings.when]
        order = sorted((i for i in order if when[i] is not None), key=lambda i: (when[i], i))
    histories: dict[Any, dict[int, None]] = {}
    for i in order:
        if who[i] is not None and what[i] is not None:
            histories.setdefault(who[i], {}).setdefault(number[str(what[i])])
    return items, [list(history) for history in histories.values()]


def select_evaluated(
    histories: Sequence[list[int]], items: int, draw: np.random.Generator
) -> list[list[int]]:
    """The histories on whose last items a version is evaluated: those of three items or more, a
    sample of them where they are too many.
    """
    able = [history for history in histories if len(history) >= 3]
    most = max(MIN_PEOPLE, min(MAX_EVALUATED, MAX_EVALUATED * MAX_EXACT_ITEMS // max(1, items)))
    if len(able) <= most:
        return able
    return [able[i] for i in np.sort(draw.choice(len(able), most, replace=False))]


def _embed_items(
    model: Model, base: Base | None, texts: Sequence[str], site: TrainContext, say: Say
) -> Array:
    """The texts of each item as unit vectors; of no width where there are none."""
    if base is None:
        return np.zeros((len(texts), 0), np.float32)
    from mesocosm.learning.features.embeddings import embed_texts

    features = embed_texts(base, texts, model.max_length, site.store, say)
    say(f"embedded {len(texts):,} items with {base.name}")
    centred = features - features.mean(0)  # what all items share distinguishes none
    lengths = np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    return np.asarray(centred / lengths, np.float32)


def _announce_weights(parts: _Parts, weights: Array, say: Say) -> None:
    how = f"closed form of strength {parts.strength:g}"
    if parts.items > MAX_EXACT_ITEMS:
        how = f"approximate search over {parts.items:,} items"
    counted = [f"{n} {w:.2f}" for n, w in zip(NAMES, weights, strict=True) if w]
    say(f"{how}; weights of the parts: {', '.join(counted)}")


def _announce_metrics(metrics: Mapping[str, Any], people: int, say: Say) -> None:
    baselines = metrics["baselines"]
    say(
        f"{people:,} test items: hit rate at 10 {metrics['hit_rate_at_10']:.1%}"
        f" {metrics['interval']['hit_rate_at_10']} (baselines: popular"
        f" {baselines['popular']['hit_rate_at_10']:.1%}, item neighbours"
        f" {baselines['item_knn']['hit_rate_at_10']:.1%}), NDCG {metrics['ndcg_at_10']:.4f}"
    )


def _card(
    name: str,
    model: Model,
    base: Base | None,
    parts: _Parts,
    weights: Array,
    histories: _Histories,
) -> dict[str, Any]:
    """The version's card."""
    settings: dict[str, Any] = {"strength": parts.strength}
    if parts.towers:
        settings |= {f"towers.{k}": v for k, v in parts.towers.model_dump().items()}
    settings |= {n: round(float(w), 4) for n, w in zip(NAMES, weights, strict=True)}
    people = len(histories.evaluated)
    rank = _rank_settings(model)
    return {
        "model": name,
        "task": "ranking",
        "labels": [],
        "predict": model.target,
        "predicts": "ranking",
        "inputs": ["liked"],
        "texts": [],
        "block": {},
        "most": rank.max,
        "diverse": rank.diverse,
        "explore": rank.explore,
        "max_length": model.max_length,
        "base": base.name if base else None,
        "licence": base.licence if base else None,
        "trunk": None,
        "precision": "fp32",
        "method": "two towers" if parts.towers else "closed form",
        "head": "stacked",
        "settings": settings,
        "rows": {
            "train": sum(map(len, histories.without_last(1))),
            "validation": people,
            "test": people,
        },
        "trials": [],
        "importance": {},
        "seed": model.seed,
    }
