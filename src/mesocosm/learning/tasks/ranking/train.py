"""Train a ranker on what people did: everybody's last item is held out for the test, the one before
it for the weights of the parts, the rest is trained on.

Knows the parts of ranking. Knows nothing of catalogs.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import write_json
from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.core.records import Json
from mesocosm.core.timer import PhaseTimer
from mesocosm.learning.arrays import Floats, Ints
from mesocosm.learning.base_models import Base, resolve
from mesocosm.learning.cost.estimate import track_estimate
from mesocosm.learning.tasks.outcome import read_interval
from mesocosm.learning.tasks.ranking.ann_index import MAX_EXACT_ITEMS
from mesocosm.learning.tasks.ranking.card import make_card
from mesocosm.learning.tasks.ranking.cost import ranking_job
from mesocosm.learning.tasks.ranking.features import NAMES
from mesocosm.learning.tasks.ranking.metrics import evaluate
from mesocosm.learning.tasks.ranking.scorer import Scorer
from mesocosm.learning.tasks.ranking.settings import Rank, Towers
from mesocosm.learning.tasks.ranking.stacking import choose_strength, fit_weights
from mesocosm.learning.tasks.ranking.towers.two_tower import TwoTowerModel
from mesocosm.learning.tasks.train_result import assemble_result
from mesocosm.learning.training.context import TrainContext, TrainResult

if TYPE_CHECKING:
    from mesocosm.learning.model import Model

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

    def before_last(self, count: int) -> tuple[list[list[int]], Ints]:
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
    vectors: Floats
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
    name: str, model: Model, rows: Mapping[str, Sequence[object]], site: TrainContext, say: Say
) -> TrainResult:
    """Fill the site's folder with a version that ranks the field `predict`.

    Raises:
        ConfigValueError: the data does not fit the settings.
    """

    began = time.perf_counter()
    draw = np.random.default_rng(model.seed)
    items, histories = _read_histories(model, rows, site, draw)
    base = None
    if any(site.items.values()):
        base = resolve(str(model.base), site.root)
    texts = [site.items.get(item, "") for item in items]
    estimate = track_estimate(
        ranking_job(model, base, histories.all, len(histories.evaluated), texts, site.store),
        site.store,
    )
    estimate.announce(say)
    estimate.import_libraries(base)
    timer = estimate.timer
    say(
        Message(
            "progress.ranking_data",
            people=len(histories.all),
            field=model.features[0],
            items=len(items),
        )
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
    chosen = _chosen_settings(parts, scorer.weights)
    card = make_card(name, model, base, parts.towers, chosen, _count_rows(histories))
    write_json(site.folder / "card.json", card)
    timer.end("judging")
    return assemble_result(model, card, metrics, [], estimate, began)


def _read_histories(
    model: Model,
    rows: Mapping[str, Sequence[object]],
    site: TrainContext,
    draw: np.random.Generator,
) -> tuple[list[str], _Histories]:
    """All items, and everybody's history; refused where they are too few."""
    items, histories = build_histories(model, rows, site.items)
    if len(items) < 2:
        raise ConfigValueError(
            "target",
            Message("learning.different_items", name=model.target, items=len(items)),
            Message("learning.two_or_more"),
        )
    evaluated = select_evaluated(histories, len(items), draw)
    if len(evaluated) < MIN_PEOPLE:
        raise ConfigValueError(
            "features",
            Message("learning.touched_three", users=len(evaluated), name=model.features[0]),
            Message("learning.least_people", least=MIN_PEOPLE),
        )
    return items, _Histories(histories, evaluated)


def _rank_settings(model: Model) -> Rank:
    assert model.rank is not None
    return model.rank


def _choose_parts(
    model: Model, items: Sequence[str], histories: _Histories, vectors: Floats, timer: PhaseTimer
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
    model: Model, rows: Mapping[str, Sequence[object]], listed: Sequence[str] | Mapping[str, str]
) -> tuple[list[str], list[list[int]]]:
    """All items, those that are `listed` first, and the numbers of what each person touched, each
    item once, the oldest first.
    """
    who, what = rows[model.features[0]], rows[model.target]
    items = _all_items(listed, what)
    number = {item: k for k, item in enumerate(items)}
    histories: dict[object, dict[int, None]] = {}
    for i in _order_rows(rows, len(what), _rank_settings(model).when):
        if who[i] is not None and what[i] is not None:
            histories.setdefault(who[i], {}).setdefault(number[str(what[i])])
    return items, [list(history) for history in histories.values()]


def _all_items(listed: Iterable[str], touched: Sequence[object]) -> list[str]:
    """The items that are listed, then all others that somebody touched, each once."""
    others = [str(value) for value in touched if value is not None]
    return list(dict.fromkeys([*listed, *others]))


def _order_rows(
    rows: Mapping[str, Sequence[object]], count: int, field: str | None
) -> Sequence[int]:
    """The numbers of the rows in the order of a field, those without a value left out; in their
    own order without a field.
    """
    if not field:
        return range(count)
    when = cast("Sequence[float | None]", rows[field])  # or dates, or times: of one type
    moments = [(moment, i) for i, moment in enumerate(when) if moment is not None]
    return [i for _, i in sorted(moments)]


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
) -> Floats:
    """The texts of each item as unit vectors; of no width where there are none."""
    if base is None:
        return np.zeros((len(texts), 0), np.float32)
    from mesocosm.learning.features.embeddings import embed_texts

    features: Floats = embed_texts(base, texts, model.max_length, site.store, say)
    say(Message("progress.embedded_items", items=len(texts), base=base.name))
    shared: Floats = features.mean(0)  # what all items share distinguishes none
    centred: Floats = features - shared
    lengths: Floats = np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    return np.asarray(centred / lengths, np.float32)


def _announce_weights(parts: _Parts, weights: Floats, say: Say) -> None:
    how = Message("progress.closed_form", strength=parts.strength)
    if parts.items > MAX_EXACT_ITEMS:
        how = Message("progress.approximate_search", items=parts.items)
    counted = tuple(f"{n} {w:.2f}" for n, w in zip(NAMES, weights, strict=True) if w)
    say(Message("progress.ranking_weights", how=how, weights=counted))


def _announce_metrics(metrics: Mapping[str, object], people: int, say: Say) -> None:
    baselines = cast("Mapping[str, Mapping[str, float]]", metrics["baselines"])
    say(
        Message(
            "progress.ranking_metrics",
            people=people,
            hit_rate=f"{metrics['hit_rate_at_10']:.1%}",
            interval=str(read_interval(metrics, "hit_rate_at_10")),
            popular=f"{baselines['popular']['hit_rate_at_10']:.1%}",
            neighbours=f"{baselines['item_knn']['hit_rate_at_10']:.1%}",
            ndcg=f"{metrics['ndcg_at_10']:.4f}",
        )
    )


def _chosen_settings(parts: _Parts, weights: Floats) -> dict[str, Json]:
    """The strength of the closed form, the settings of the towers, and the weight of each part."""
    settings: dict[str, Json] = {"strength": parts.strength}
    if parts.towers:
        for name, value in parts.towers.model_dump().items():
            settings[f"towers.{name}"] = value
    for name, weight in zip(NAMES, weights.tolist(), strict=True):
        settings[name] = round(weight, 4)
    return settings


def _count_rows(histories: _Histories) -> dict[str, int]:
    """Interactions that are trained on, and people that are evaluated, by part."""
    people = len(histories.evaluated)
    train = sum(map(len, histories.without_last(1)))
    return {"train": train, "validation": people, "test": people}
