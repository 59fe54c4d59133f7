"""Cards say what a reader must know without asking; intervals are as wide as the row asks and hold their level."""

from pathlib import Path

import numpy as np
import pytest

from mesocosm.learn import warn
from mesocosm.learn.model import Model
from mesocosm.learn.train import Site, grow
from mesocosm.learn.widths import ends, fitted, quantile

KINDS = {"day": "date", "shop_id": "category", "x": "number", "y": "category", "n": "number"}


def columns(count: int, seed: int = 0) -> dict[str, list[object]]:
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(size=count))
    x = rng.normal(size=count)
    return {
        "day": [f"{2000 + i // 336}-{1 + i // 28 % 12:02}-{1 + i % 28:02}" for i in range(count)], "shop_id": [f"s{i % 40}" for i in range(count)], "x": x.tolist(),
        "y": [None if i < 7 else "rare" if i < 9 else "up" if w > np.median(walk) else "down" for i, w in enumerate(walk)], "n": np.maximum(0, 1 + rng.normal(size=count) * np.where(x > 0, 3, 0.2)).tolist(),
    }  # fmt: skip


def grown(folder: Path, predict: str, inputs: list[str], rows: dict[str, list[object]], **site: object) -> tuple[dict, dict, list[str]]:
    split = ["test" if i % 4 == 3 else "train" for i in range(len(rows["x"]))]
    folder.mkdir(parents=True)
    found = grow("m", Model(learns="d", predict=predict, inputs=inputs, tune={"method": "frozen", "head": "linear"}), rows, split, KINDS, Site(folder, folder, folder, "m", **site), lambda _: None)  # type: ignore[arg-type]
    return found.card, found.metrics, found.missed


def test_a_card_says_what_is_wrong_with_its_data(tmp_path: Path) -> None:
    rows = columns(400)
    _, metrics, missed = grown(tmp_path / "a", "y", ["day", "shop_id", "x"], rows)
    said = "\n".join(metrics["warnings"])
    for words in ("'day' looks like time", "rows next to each other in time", "'shop_id' looks like a group", "7 of 400 rows have no value of 'y'", "imbalanced"):
        assert words in said, (words, said)
    _, apart, _ = grown(tmp_path / "b", "y", ["day", "shop_id", "x"], rows, drawn=False)
    assert not [w for w in apart["warnings"] if "looks like" in w]
    noise = rows | {"y": ["a" if i % 10 else "b" for i in np.random.default_rng(1).integers(0, 30, 400)]}
    _, level, missed = grown(tmp_path / "c", "y", ["x"], noise)
    assert level["warnings"][0].startswith("not significantly better than the majority baseline") and "never predicted on the test rows: 'b'" in level["warnings"] and not missed


def test_a_version_that_a_baseline_beats_is_refused() -> None:
    other = {"accuracy": 0.9, "log_loss": 0.3, "gain": -0.2, "p": 0.001}
    metrics = {"accuracy": 0.7, "log_loss": 0.6, "baselines": {"linear": other, "majority": other | {"p": 0.3}}}
    assert len(warn.worse(metrics)) == 1 and "linear" in warn.worse(metrics)[0]
    assert not warn.worse(metrics | {"log_loss": 0.2})
    assert [w.split(":")[0] for w in warn.against(metrics)] == ["significantly worse than the linear baseline", "not significantly better than the majority baseline"]


def test_intervals_hold_in_every_part_and_have_no_end_under_nothing(tmp_path: Path) -> None:
    card, metrics, _ = grown(tmp_path / "a", "n", ["x"], columns(1600))
    low, high = ends(card["scale"], np.zeros((3, 1)), np.array([-5.0, 0.0, 5.0])) or (np.zeros(0),) * 2
    assert (low >= 0).all() and (low <= high).all() and card["scale"]["widths"]
    assert abs(metrics["interval_coverage"] - 0.9) < 0.04
    assert all(s["covered"] > 0.8 for s in metrics["coverage_by_slice"]), metrics["coverage_by_slice"]


@pytest.mark.parametrize("uneven", [False, True])
def test_the_tree_of_widths_keeps_the_level_in_each_part(uneven: bool) -> None:
    inside, tried = [], 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.uniform(-1, 1, (1800, 2))
        y = rng.normal(size=1800) * (np.where(x[:, 0] > 0, 3, 0.2) if uneven else 1.0)
        tree = fitted(x[:900], np.zeros(900), np.abs(y[:900]), 0.9, seed)
        tried += tree is not None
        scale = {"spread": quantile(np.abs(y[:900]), 0.9), "widths": tree}
        both = ends(scale, x[900:], np.zeros(900))
        assert both is not None
        held = (both[0] <= y[900:]) & (y[900:] <= both[1])
        inside += [held[x[900:, 0] > 0].mean(), held[x[900:, 0] <= 0].mean()]
        one = [ends(scale, x[i : i + 1], np.zeros(1)) for i in range(900, 905)]
        assert all(o is not None and o[0][0] == both[0][k] for k, o in enumerate(one))
    assert (tried == 20) == uneven and tried in (0, 1, 2, 20) and abs(np.mean(inside) - 0.9) < 0.02 and min(inside) > 0.82
