"""Requests of a kind that no class explains are found as groups, and nothing is where all is
known.
"""

from __future__ import annotations

import numpy as np
import pytest

from mesocosm.learning.strategies.class_discovery import (
    KnownClasses,
    name_groups,
    propose_classes,
    sample_balanced,
)

WIDTH = 32


def kinds(seed: int, count: int, each: int, spread: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Directions, as many rows about each as asked."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(count, WIDTH))
    x = np.repeat(middles, each, axis=0) + spread * rng.normal(size=(count * each, WIDTH))
    return x.astype(np.float32), np.repeat(np.arange(count), each)


@pytest.mark.parametrize("seed", range(5))
def test_new_kinds_are_found_and_known_ones_are_not(seed: int) -> None:
    x, y = kinds(seed, 10, 60)
    taught = np.arange(600) % 2 == 0
    old, new = ~taught & (y < 8), ~taught & (y >= 8)
    known = KnownClasses(x[taught & (y < 8)], y[taught & (y < 8)], 8)
    asked = np.flatnonzero(old | new)
    rng = np.random.default_rng(seed)
    unsure = np.where(new[asked], rng.random(len(asked)) < 0.7, rng.random(len(asked)) < 0.1)
    found = propose_classes(x[asked], unsure, known)
    assert len(found) == 2, [len(g.rows) for g in found]
    for g in found:
        told = y[asked][g.rows]
        assert set(told) <= {8, 9} and len(set(told)) == 1 and len(told) >= 24, (
            "sure rows of the kind are taken in"
        )
        assert g.outliers == int(unsure[g.rows].sum()) and g.alike < g.close
    assert propose_classes(x[old], rng.random(old.sum()) < 0.1, known) == []


def test_few_rows_or_none_make_no_group() -> None:
    x, y = kinds(1, 4, 20)
    known = KnownClasses(x[y < 3], y[y < 3], 3)
    four = x[y == 3][:4]
    assert (
        propose_classes(four, np.ones(4, bool), known) == []
        and propose_classes(x[:0], np.zeros(0, bool), known) == []
    )
    assert propose_classes(np.tile(known.middle, (9, 1)), np.ones(9, bool), known) == [], (
        "what has no direction is like nothing"
    )
    assert propose_classes(np.tile(four, (5, 1)), np.ones(20, bool), known) == [], (
        "four that are asked again and again are four"
    )
    six = x[y == 3][:6]
    assert [sorted(g.rows) for g in propose_classes(six, np.ones(6, bool), known)] == [
        [0, 1, 2, 3, 4, 5]
    ]


def test_rows_that_are_all_the_same_have_no_direction() -> None:
    same = np.ones((12, 4), np.float32)
    known = KnownClasses(same, np.arange(12) % 2, 2)
    assert known.height == 1.0 and propose_classes(same, np.ones(12, bool), known) == []


def test_the_height_follows_how_fine_the_classes_are() -> None:
    middles, _ = kinds(3, 4, 15, 1.0)
    rng = np.random.default_rng(0)
    x = np.repeat(middles, 4, axis=0) + 0.2 * rng.normal(size=(240, WIDTH))
    coarse, fine = (
        KnownClasses(x, np.repeat(np.arange(4), 60), 4),
        KnownClasses(x, np.repeat(np.arange(60), 4), 60),
    )
    assert coarse.height > 1.5 * fine.height


def test_names_are_of_the_words_that_tell_a_group() -> None:
    said = name_groups(
        [["我要礼品包装", "请用礼品纸", "礼品卡片可以吗"], ["roof", "the roof"]],
        [
            "我的包裹在哪里",
            "the parcel",
            "the order",
            "the shop is open",
            "where is the one I sent",
        ],
    )
    assert said[0].split(", ")[0] == "礼品" and said[1] == "roof"
    assert name_groups([], ["x"]) == [] and name_groups([["7", "?"]], []) == [""]


def test_rows_are_drawn_of_every_class() -> None:
    y = np.array([0] * 5000 + [1] * 3)
    at = sample_balanced(y, 100)
    assert sum(y[i] == 1 for i in at) == 3 and len(at) == 53 and at == sample_balanced(y, 100)
