"""Items ranked by what people did before: the closed form is the one it claims, ties share places,
and a shop is built, gated and asked.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import said_of
from little_base import little_base

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.progress import say_as_text
from mesocosm.learning.tasks.ranking import scorer, train
from mesocosm.learning.tasks.ranking.features import (
    cold_start_matrix,
    fit_ease,
    interaction_matrix,
    rank_targets,
    recency_matrix,
    standardize_rows,
    transition_matrix,
)
from mesocosm.learning.tasks.ranking.reranking import explore_items, select_top
from mesocosm.learning.tasks.ranking.scorer import Scorer
from mesocosm.learning.tasks.ranking.settings import Towers
from mesocosm.learning.tasks.ranking.towers.tower_training import fit_towers
from mesocosm.learning.tasks.ranking.towers.two_tower import TwoTowerModel

pytestmark = pytest.mark.slow

SHOP = """grammar: 2
ecosystem: shop
sources:
  clicks: {type: csv, path: clicks.csv}
  goods: {type: csv, path: goods.csv}
datasets:
  views: {from: clicks, fields: {who: {type: text, private: pseudonymise}, item: {type: text}, at: integer, note: {type: text}}, split: none}
  things: {from: goods, key: item, fields: {item: {type: text}, title: {type: text}}, split: none}
models:
  taste: {base: minilm, dataset: views, target: item, features: [who], rank: {when: at, items: things, texts: [title], max: 5}, track: [], require: {gain_over_popular: "> 0.05"}}
services:
  shelf: {model: taste}
""".replace("base: minilm", f"base: {little_base()}")
TEA = [
    "green tea",
    "black tea",
    "mint tea",
    "tea pot",
    "tea cup",
    "white tea",
    "oolong tea",
    "tea strainer",
    "herbal tea",
    "chai tea",
]
BIKE = [
    "bike tyre",
    "bicycle lamp",
    "bike bell",
    "bicycle saddle",
    "bike lock",
    "bicycle pump",
    "bike chain",
    "cycling helmet",
    "bike pedal",
    "bicycle rack",
]


def shop(home: Path, people: int = 60) -> None:
    """People who like tea or bikes, and go through their ten things from a place of their own in
    the same order; one new thing of each that nobody touched.
    """
    draw = random.Random(3)
    lines = ["who,item,at,note"]
    for person in range(people):
        kind, start = ("tea", "bike")[person % 2], draw.randrange(10)
        some = [f"{kind}{(start + k) % 10}" for k in range(6)]
        lines += [f"p{person},{item},{1000 + k},x" for k, item in enumerate(some)]
    draw.shuffle(rest := lines[1:])
    (home / "clicks.csv").write_text("\n".join([lines[0], *rest]) + "\n")
    goods = (
        [(f"tea{i}", t) for i, t in enumerate(TEA)]
        + [(f"bike{i}", t) for i, t in enumerate(BIKE)]
        + [("teanew", "jasmine tea"), ("bikenew", "bicycle basket")]
    )
    (home / "goods.csv").write_text(
        "\n".join(["item,title", *(f"{a},{b}" for a, b in goods)]) + "\n"
    )
    (home / "ecosystem.yaml").write_text(SHOP)


def test_the_closed_form_is_a_ridge_regression_of_each_item_on_the_others() -> None:
    x = interaction_matrix([[0, 1, 2], [1, 2], [0, 3], [2, 3, 1], [0, 2]], 4)
    weights, plain = fit_ease(x, 2.0), x.toarray().astype(float)
    for item in range(4):
        others = [k for k in range(4) if k != item]
        a = plain[:, others]
        wanted = np.linalg.solve(a.T @ a + 2.0 * np.eye(3), a.T @ plain[:, item])
        assert np.allclose(weights[others, item], wanted, atol=1e-5) and weights[item, item] == 0


def test_places_order_and_time() -> None:
    assert rank_targets(np.array([[3.0, 2.0, 2.0, 1.0]]), [[0]], np.array([1])).tolist() == [
        1.5
    ]  # the touched one is out, equals share
    assert rank_targets(np.zeros((1, 5)), [[]], np.array([3])).tolist() == [3.0]
    after = transition_matrix([[0, 1, 2]] * 30, 3).toarray()
    assert after[0, 1] > after[0, 2] > after[2, 0] == 0
    assert recency_matrix([[2, 0]], 3, 0.5).toarray().tolist() == [[1.0, 0.0, 0.5]]
    assert not standardize_rows(np.zeros((2, 3))).any()
    vectors = np.array([[1.0, 0], [0, 1], [1, 0]], np.float32)
    filled = np.array([[5.0, 1.0, 0.0]]) @ cold_start_matrix(
        vectors, np.array([False, False, True])
    )
    assert filled[0, 2] == pytest.approx(
        5.0, abs=0.01
    )  # the untouched third is said to be as the first


def test_a_shop_ranks_what_comes_next_and_what_nobody_touched(
    tmp_path: Path, cli: Callable[..., Any]
) -> None:
    shop(tmp_path)
    file = tmp_path / "ecosystem.yaml"
    done = cli("build", "-f", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    version = open_ecosystem(tmp_path).catalog.versions("taste")[-1]
    m = version["metrics"]
    assert (
        m["hit_rate_at_10"] > 0.95
        and m["ndcg_at_10"] > m["baselines"]["popular"]["ndcg_at_10"] + 0.2
        and m["rows"] == 60
    )
    assert m["mrr"] > m["baselines"]["ease"]["mrr"]  # order is known too
    out = json.loads(
        cli(
            "predict",
            "shelf",
            "--input",
            '{"liked": "tea2; tea3; nothing"}',
            "-f",
            str(file),
            "--json",
        ).stdout
    )
    names = [x["item"] for x in out["items"]]
    assert (
        out["label"] == "tea4" == names[0]
        and len(names) == 5
        and not {"tea2", "tea3"} & set(names)
        and out["unknown"] == ["nothing"]
    )
    assert out["items"][0]["because"] in ("tea2", "tea3") and out["items"][0]["said"] == "tea cup"
    every = open_ecosystem(tmp_path)
    from mesocosm.lifecycle.access.model_access import load_version

    net = load_version(every.spec, version)
    net.card["most"] = 22
    order = [x["item"] for x in net.predict([{"liked": "tea2; tea3"}])[0]["items"]]
    assert order.index("teanew") < order.index(
        "bikenew"
    )  # nobody touched either; what is said of them tells
    assert len(net.predict([{"liked": None}])[0]["items"]) == 22
    shown = cli("predict", "shelf", "--input", '{"liked": "bike1"}', "-f", str(file)).stdout
    assert "because of bike1" in shown and "bike bell  (bike2)" in shown
    card = cli("model", "card", "taste", "-f", str(file)).stdout
    assert (
        "Ranks 'item' from: liked" in card
        and "hit_rate_at_10" in card
        and "p0" not in json.dumps(version["recipe"])
    )
    again = cli("model", "retrain", "shelf", "-f", str(file))
    assert again.returncode != 0 and "is fitted on all interactions at once" in " ".join(
        (again.stdout + again.stderr).split()
    )


@pytest.mark.parametrize(
    "old, new, wanted",
    [
        ("when: at", "when: note", "'note' is a text"),
        ("when: at", "when: who", "'who' is a text"),
        ("features: [who]", "features: [who, note]", "ranking needs only who did something"),
        ("items: things", "items: nothing", "no dataset is named 'nothing'"),
        ("texts: [title]", "texts: [name]", "'things' has no field 'name'"),
        (
            f"base: {little_base()}, dataset",
            "dataset",
            "'base' is missing, and items have texts",
        ),
        ("rank:", "fine_tune: lora, rank:", "trains as 'rank' says"),
        ("rank:", "continual: 1, rank:", "no 'continual' here"),
        ("gain_over_popular", "accuracy", "'accuracy' is not a ranking metric"),
        ("key: item, ", "", "has no key that names an item"),
    ],
)
def test_what_does_not_fit_is_a_sentence(tmp_path: Path, old: str, new: str, wanted: str) -> None:
    shop(tmp_path, 4)
    (tmp_path / "ecosystem.yaml").write_text(SHOP.replace(old, new, 1))
    assert any(wanted in line for line in said_of(tmp_path))


def test_too_few_people_and_a_gate_that_is_missed_are_told(tmp_path: Path) -> None:
    shop(tmp_path, 10)
    (fault,) = open_ecosystem(tmp_path).build().failed
    assert "10 of 'who' touched three items or more" in fault.text()
    shop(tmp_path)
    (tmp_path / "ecosystem.yaml").write_text(SHOP.replace('"> 0.05"', '"> 0.99"'))
    (fault,) = open_ecosystem(tmp_path).build().failed
    assert "refused" in fault.text() and "gain_over_popular" in fault.text()


def plain_scorer(vectors: np.ndarray, counts: np.ndarray) -> Scorer:
    return Scorer({}, counts, vectors.astype(np.float32), np.ones(6))


def test_unlike_things_come_before_likes_of_what_is_shown() -> None:
    vectors = np.array([[1.0, 0], [1, 0], [0, 1], [0.6, 0.8]])
    scorer, scores = plain_scorer(vectors, np.ones(4)), np.array([[5.0, 4.9, 4.0, 1.0]])
    assert select_top(scores, 3, scorer).tolist() == [[0, 1, 2]]
    assert select_top(scores, 3, scorer, 0.4).tolist() == [[0, 2, 1]], (
        "the second is the first again"
    )
    assert select_top(np.array([[5.0, -np.inf, 4.0, 1.0]]), 4, scorer, 0.4)[0, -1] == 1, (
        "what was touched stands last"
    )
    draw = np.random.default_rng(4)
    vectors = draw.normal(size=(80, 6))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scorer, scores = plain_scorer(vectors, np.ones(80)), draw.normal(size=(30, 80))

    def apart(tops: np.ndarray) -> float:
        return float(np.mean([1 - (v @ v.T)[np.triu_indices(10, 1)].mean() for v in vectors[tops]]))

    found = [apart(select_top(scores, 10, scorer, share)) for share in (0.0, 0.3, 0.7)]
    assert found[0] < found[1] < found[2]
    assert all(len(set(row)) == 10 for row in select_top(scores, 10, scorer, 0.7).tolist())


def test_what_few_have_touched_is_drawn_with_the_chance_it_tells() -> None:
    counts = np.array([9.0, 9, 9, 9, 9, 9, 0, 0])
    scores, draw = np.array([5.0, 4, 3, 2, 1, 0, 1.0, 0.0]), np.random.default_rng(1)
    drawn = [explore_items(scores, np.array([0, 1]), counts, 1, draw)[0] for _ in range(3000)]
    told = dict(drawn)
    assert set(told) == {6, 7} and sum(told.values()) == pytest.approx(1)
    assert np.mean([item == 6 for item, _ in drawn]) == pytest.approx(told[6], abs=0.03)
    both = explore_items(scores, np.array([0]), counts, 5, draw)
    assert {item for item, _ in both} == {6, 7} and both[1][1] == 1.0
    assert not explore_items(scores, np.array([6, 7]), counts, 2, draw), (
        "nothing is left to learn of"
    )


def rounds(people: int, items: int, seed: int = 2) -> list[list[int]]:
    """Everybody goes round the items from a place of their own, now and then by chance."""
    draw = random.Random(seed)
    found = []
    for _ in range(people):
        at, seen = draw.randrange(items), {}
        for _ in range(8):
            seen[at] = None
            at = (at + 1) % items if draw.random() < 0.9 else draw.randrange(items)
        found.append(list(seen))
    return found


@pytest.mark.parametrize("all_of", [20_000, 10])
def test_towers_learn_what_comes_next_and_the_same_seed_gives_the_same(
    monkeypatch: pytest.MonkeyPatch, all_of: int
) -> None:
    monkeypatch.setattr(
        "mesocosm.learning.tasks.ranking.towers.two_tower.FULL_SOFTMAX_ITEMS", all_of
    )  # beyond, each next item is told from some that are drawn
    histories = rounds(300, 40)
    vectors, how = np.eye(40, dtype=np.float32)[:, :8], Towers(epochs=30, width=16)
    told: list[str] = []
    made = fit_towers(histories, 40, vectors, how, 7, say_as_text(told.append))
    known, right = [h[:-1] for h in histories], np.array([h[-1] for h in histories])

    def found(towers: TwoTowerModel) -> float:
        return float(
            (rank_targets(towers.people(known) @ towers.items.T, known, right) <= 3).mean()
        )

    assert found(made) > 0.8
    again = fit_towers(histories, 40, vectors, how, 7, say_as_text(told.append))
    assert np.array_equal(made.items, again.items) and all(
        np.array_equal(made.net[k], again.net[k]) for k in made.net
    )
    on = fit_towers(histories, 40, vectors, how, 7, say_as_text(told.append), made)
    assert found(on) > 0.8, "learning on keeps what was known"
    assert np.isfinite(made.people([[]])).all()


def test_where_there_are_many_items_what_is_looked_at_is_scored_as_if_all_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scorer, "MAX_EXACT_ITEMS", 100)
    monkeypatch.setattr(scorer, "MAX_NEIGHBOURS", 400)
    monkeypatch.setattr("mesocosm.learning.tasks.ranking.ann_index.CANDIDATES", 40)
    histories = [h for h in rounds(400, 380)]
    vectors = (
        np.random.default_rng(0).normal(size=(400, 12)).astype(np.float32)
    )  # the last twenty are touched by nobody
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    made = Scorer.fit(
        histories,
        400,
        vectors,
        0.0,
        fit_towers(histories, 400, vectors, Towers(epochs=4, width=8), 3, lambda _: None),
    )
    made.weights = np.array([0.0, 1, 1, 0.3, 0.5, 1])
    assert made.near is not None and "together" not in made.square
    made.near.each = 40
    for history in histories[:20]:
        which, said = made.among(history)
        assert len(which) < 400 and np.allclose(said, made.parts([history])[:, 0, which], atol=1e-4)
        every = np.tensordot(made.weights, made.parts([history]), 1)[0]
        some = made.scores([history])[0]
        assert (
            np.isinf(some).any()
            and len(set(np.argsort(-every)[:5]) & set(np.argsort(-some)[:5])) >= 4
        )
    assert made.because(histories[0][:-1], histories[0][-1]) in histories[0]


@pytest.mark.parametrize("many", [False, True])
def test_a_shop_with_towers_knows_order_and_what_nobody_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: bool
) -> None:
    shop(tmp_path)
    file = tmp_path / "ecosystem.yaml"
    if many:
        monkeypatch.setattr(scorer, "MAX_EXACT_ITEMS", 10)
        monkeypatch.setattr(train, "MAX_EXACT_ITEMS", 10)
    file.write_text(
        SHOP if many else SHOP.replace("max: 5", "max: 5, towers: {epochs: 20, width: 16}")
    )
    eco = open_ecosystem(tmp_path)
    assert not eco.build().failed
    version = eco.catalog.versions("taste")[-1]
    m = version["metrics"]
    assert (
        m["hit_rate_at_10"] > 0.95
        and version["recipe"]["method"] == "two towers"
        and version["recipe"]["settings"]["towers"]
    )
    assert (
        ("ease" in m["baselines"]) is not many
        and ("search_recall" in m) is many
        and m.get("search_recall", 1) > 0.9
    )
    from mesocosm.lifecycle.access.model_access import load_version

    net = load_version(eco.spec, version)
    assert (net.scorer.near is not None) is many
    net.card["most"] = 22

    def order_after(kind: str, start: int) -> list[str]:
        liked = f"{kind}{start}; {kind}{(start + 1) % 10}"
        return [x["item"] for x in net.predict([{"liked": liked}])[0]["items"]]

    assert order_after("tea", 2).index("tea4") < 3
    # one new item of each kind that nobody touched: its own kind's people see it first
    own_kind_first = [
        (order := order_after(kind, start)).index(f"{kind}new") < order.index(f"{other}new")
        for kind, other in (("tea", "bike"), ("bike", "tea"))
        for start in range(10)
    ]
    assert sum(own_kind_first) >= 17
