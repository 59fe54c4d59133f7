"""Rows of one group are left out together, by every head, so a copy in other words never vouches
for its like.
"""

from __future__ import annotations

import csv
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.progress import say_as_text
from mesocosm.learning.heads import HEADS
from mesocosm.learning.heads.folds import count_held_out, make_folds, shuffle_rows
from mesocosm.learning.heads.kernel import KernelRidge, log_loss
from mesocosm.learning.heads.linear import Linear
from mesocosm.learning.heads.selection import TrainingRows, select_head
from mesocosm.learning.tasks.retrieval.query_projection import (
    fit_projection,
    normalize_rows,
    rank_answers,
)

pytestmark = pytest.mark.slow

FILE = """grammar: 2
ecosystem: pond
sources: {notes: {type: csv, path: notes.csv}}
datasets:
  mail:
    from: notes
    fields: {size: {type: number}, weight: {type: number}, maker: {type: text}, mood: {type: category, values: ["good", "bad"]}}
    split: {test: 0.3, validation: 0.1, group: maker}
models: {mood: {dataset: mail, target: mood, features: [size, weight], track: []}}
"""


def copies(groups: int, each: int, seed: int = 3, tell: float = 0.6) -> tuple[Any, Any, Any]:
    """Rows that are near copies of their group's first, whose label hardly shows in them: x (rows,
    6), y, groups.
    """
    draw = np.random.default_rng(seed)
    y = draw.permutation(np.arange(groups) % 2)
    seeds = draw.normal(size=(groups, 6))
    seeds[:, 0] += np.where(y, tell, -tell)
    x = np.repeat(seeds, each, 0) + draw.normal(scale=0.02, size=(groups * each, 6))
    order = draw.permutation(len(x))
    return (
        x[order].astype(np.float32),
        np.repeat(y, each)[order],
        np.repeat(np.arange(groups), each)[order],
    )


@pytest.mark.parametrize("name", sorted(HEADS))
def test_no_head_thinks_better_of_itself_because_of_copies(name: str) -> None:
    x, y, groups = copies(60, 5, tell=0.0)  # the label is a coin's
    none = np.zeros((len(x), 0), np.float32)
    fooled = HEADS[name]().fit(none, x, y, 2, 7)
    honest = HEADS[name]().fit(none, x, y, 2, 7, groups)
    assert honest.left_out.shape == (len(y), 2) and fooled.loss < 0.68 < honest.loss + 0.05
    assert name == "linear" or fooled.loss < 0.45  # six weights cannot learn sixty coins by heart
    again = honest.again(none, x, y, 2, 7, groups)
    assert np.allclose(again.logits(none, x), honest.logits(none, x), atol=1e-4)


def test_a_group_left_out_of_the_kernel_is_a_fit_without_it() -> None:
    x, y, groups = copies(12, 4)
    groups = np.where(
        groups > 8, groups - np.arange(len(groups)) % 2 * 3, groups
    )  # of several sizes
    none = np.zeros((len(x), 0), np.float32)
    head = KernelRidge().fit(none, x, y, 2, 7, groups)
    for group in np.unique(groups):
        out, rest = groups == group, groups != group
        kernel = np.exp(-head.gamma_table * ((x[:, None].astype(float) - x[None]) ** 2).sum(-1))
        alpha = np.linalg.solve(
            kernel[np.ix_(rest, rest)] + head.settings["strength"] * np.eye(rest.sum()),
            np.eye(2)[y[rest]] - head.mean,
        )
        assert np.allclose(
            (kernel[np.ix_(out, rest)] @ alpha + head.mean) * head.heat,
            head.left_out[out],
            atol=2e-3 * head.heat,
        )


def test_a_group_left_out_of_a_ridge_is_a_fit_without_it() -> None:
    x, _, groups = copies(15, 3)
    y = (x @ np.arange(6.0) + np.random.default_rng(0).normal(size=len(x))).astype(float)
    head = Linear().fit(np.zeros((len(x), 0), np.float32), x, y, 0, 7, groups)
    strength = head.settings["strength"]
    for group in np.unique(groups):
        out, rest = groups == group, groups != group
        kept = x[rest].astype(float)
        centred = np.hstack([kept, np.ones((len(kept), 1))])
        pull = np.diag([strength] * 6 + [0.0])
        # the whole's mean is the centre of the pull, which is on the slopes alone, so the level is
        # free in both
        weights = np.linalg.solve(centred.T @ centred + pull, centred.T @ y[rest])
        assert np.allclose(
            x[out] @ weights[:6] + weights[6], head.left_out[out, 0], atol=1e-3 * abs(y).max()
        )


def test_a_group_left_out_of_the_matrix_of_a_finder_is_a_matrix_without_it() -> None:
    draw = np.random.default_rng(2)
    answers = normalize_rows(draw.normal(size=(8, 5)))
    right = np.arange(40) % 8
    turned = np.linalg.qr(draw.normal(size=(5, 5)))[0]
    groups = np.arange(40) // 4
    asked = normalize_rows(answers[right] @ turned + draw.normal(scale=0.3, size=(40, 5)))
    made, chosen = fit_projection(asked, answers[right], answers, right, groups)
    pull, places = chosen["pull"], np.zeros(40)
    assert pull is not None
    for group in np.unique(groups):
        out, rest = groups == group, groups != group
        own = np.linalg.solve(
            asked[rest].T @ asked[rest] + pull * np.eye(5),
            asked[rest].T @ answers[right[rest]] + pull * np.eye(5),
        )
        places[out] = rank_answers(normalize_rows(asked[out] @ own), answers, right[out])
    assert abs((1 / places).mean() - chosen["left_out_mrr"]) < 1e-3
    assert (
        rank_answers(normalize_rows(asked @ made), answers, right)
        <= rank_answers(asked, answers, right)
    ).mean() > 0.5


@pytest.mark.parametrize("classes", [0, 2, 7])
def test_folds_and_held_parts_never_cut_a_group(classes: int) -> None:
    draw = np.random.default_rng(classes)
    for _ in range(40):
        rows = int(draw.integers(1, 60))
        groups = draw.integers(0, draw.integers(1, 12), rows)
        y = draw.integers(0, classes, rows) if classes else draw.normal(size=rows)
        parts = make_folds(y, classes, 7, 5, groups)
        assert bool(parts) == (len(np.unique(groups)) > 1)
        assert not parts or sorted(np.concatenate([out for _, out in parts]).tolist()) == list(
            range(rows)
        )
        assert not any(set(groups[a]) & set(groups[b]) for a, b in parts)
        order = shuffle_rows(rows, draw, groups)
        held = count_held_out(order, rows // 5, groups)
        assert sorted(order.tolist()) == list(range(rows)) and not set(groups[order[:held]]) & set(
            groups[order[held:]]
        )
        assert held >= rows // 5 or len(np.unique(groups)) == 1 or not held


def test_the_choice_is_by_what_holds_on_rows_of_other_groups() -> None:
    x, y, groups = copies(60, 5, tell=1.5)
    none = np.zeros((len(x), 0), np.float32)
    said: list[str] = []
    fooled, honest = (
        select_head(TrainingRows(none, x, y, 2, 7)),
        select_head(TrainingRows(none, x, y, 2, 7, groups=groups), say=say_as_text(said.append)),
    )
    judged, answers, _ = copies(400, 1, seed=9, tell=1.5)
    many = np.zeros((len(judged), 0), np.float32)
    assert log_loss(honest.logits(many, judged), answers) < log_loss(
        fooled.logits(many, judged), answers
    )
    one = select_head(
        TrainingRows(none, x, y, 2, 7, groups=np.zeros(len(x), int)),
        "linear",
        say=say_as_text(said.append),
    )
    assert np.isfinite(one.loss) and any(
        "of one group, so they are left out one by one" in s for s in said
    )


def pond(home: Path, groups: int = 80, text: str = FILE) -> Path:
    draw = random.Random(1)
    with (home / "notes.csv").open("w", newline="") as out:
        write = csv.writer(out)
        write.writerow(("size", "weight", "maker", "mood"))
        for group in range(groups):
            mood, size, weight = draw.choice(["good", "bad"]), draw.gauss(0, 1), draw.gauss(0, 1)
            for _ in range(5):
                write.writerow(
                    (
                        round(size + draw.gauss(0, 0.01), 4),
                        round(weight + draw.gauss(0, 0.01), 4),
                        f"maker {group}",
                        mood,
                    )
                )
    (home / "ecosystem.yaml").write_text(text)
    return home


def losses(said: list[str]) -> dict[str, float]:
    found = (re.match(r"(.+) head: cross-validated log-loss ([\d.]+)", line) for line in said)
    return {told[1]: float(told[2]) for told in found if told}


def test_a_build_heeds_the_group_of_the_split(tmp_path: Path) -> None:
    best = {}
    for heeded, text in ((True, FILE), (False, FILE.replace(", group: maker", ""))):
        (tmp_path / str(heeded)).mkdir()
        eco, said = open_ecosystem(pond(tmp_path / str(heeded), text=text)), []
        assert not eco.build(say=lambda _, line, said=said: said.append(line)).failed  # type: ignore[misc]
        best[heeded] = min(losses(said).values())
    # the label is a coin's: a head that says much better than a coin has seen the row's like
    assert best[False] < 0.35 and best[True] > 0.55, best


def test_a_build_tells_where_groups_cannot_be_told_apart(tmp_path: Path) -> None:
    eco = open_ecosystem(
        pond(
            tmp_path,
            12,
            FILE.replace("maker: {type: text}", "maker: {type: text, private: {method: encrypt}}"),
        )
    )
    said: list[str] = []
    assert not eco.build(say=lambda _, text: said.append(text)).failed
    assert any("is encrypted, and equal values of it differ" in s for s in said)
