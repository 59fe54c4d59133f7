"""Cards say what a reader must know without asking; intervals are as wide as the row asks and hold
their level.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binomtest
from tokenizers import Tokenizer
from tokenizers.models import Unigram

from mesocosm.core.errors import ConfigValueError
from mesocosm.learning.base_models import Base, resolve
from mesocosm.learning.base_models.language_coverage import measure_coverage
from mesocosm.learning.evaluation import model_warnings
from mesocosm.learning.evaluation.interval_widths import fit_widths, interval_ends, quantile
from mesocosm.learning.evaluation.split_structure import find_group, find_time
from mesocosm.learning.features.near_texts import group_near_duplicates
from mesocosm.learning.features.sentence_pairs import APART
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.regression.outcome import NumberOutcome
from mesocosm.learning.training.context import TrainContext
from mesocosm.learning.training.train import train_version

KINDS = {"day": "date", "shop_id": "category", "x": "number", "y": "category", "n": "number"}


def columns(count: int, seed: int = 0) -> dict[str, list[object]]:
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(size=count))
    x = rng.normal(size=count)
    return {
        "day": [f"{2000 + i // 336}-{1 + i // 28 % 12:02}-{1 + i % 28:02}" for i in range(count)],
        "shop_id": [f"s{i % 40}" for i in range(count)],
        "x": x.tolist(),
        "y": [
            None if i < 7 else "rare" if i < 9 else "up" if w > np.median(walk) else "down"
            for i, w in enumerate(walk)
        ],
        "n": np.maximum(0, 1 + rng.normal(size=count) * np.where(x > 0, 3, 0.2)).tolist(),
    }


def grown(
    folder: Path, predict: str, inputs: list[str], rows: dict[str, list[object]], **site: object
) -> tuple[dict, dict, list[str]]:
    split = ["test" if i % 4 == 3 else "train" for i in range(len(rows["x"]))]
    folder.mkdir(parents=True)
    found = train_version(
        "m",
        Model(
            dataset="d",
            target=predict,
            features=inputs,
            fine_tune={"method": "frozen", "head": "linear"},
        ),
        rows,
        split,
        KINDS,
        TrainContext(folder, folder, folder, "m", **site),
        lambda _: None,
    )  # type: ignore[arg-type]
    return found.card, found.metrics, found.failed_gates


def test_a_card_says_what_is_wrong_with_its_data(tmp_path: Path) -> None:
    rows = columns(400)
    _, metrics, missed = grown(tmp_path / "a", "y", ["day", "shop_id", "x"], rows)
    said = "\n".join(metrics["warnings"])
    for words in (
        "'day' looks like time",
        "consecutive rows have similar values",
        "'shop_id' looks like a group",
        "7 of 400 rows have no value of 'y'",
        "imbalanced",
    ):
        assert words in said, (words, said)
    _, apart, _ = grown(tmp_path / "b", "y", ["day", "shop_id", "x"], rows, random_split=False)
    assert not [w for w in apart["warnings"] if "looks like" in w]
    noise = rows | {
        "y": ["a" if i % 10 else "b" for i in np.random.default_rng(1).integers(0, 30, 400)]
    }
    _, level, missed = grown(tmp_path / "c", "y", ["x"], noise)
    assert (
        level["warnings"][0].startswith("not significantly better than the majority baseline")
        and "never predicted on the test rows: 'b'" in level["warnings"]
        and not missed
    )


def test_a_version_that_a_baseline_beats_is_refused() -> None:
    other = {"accuracy": 0.9, "log_loss": 0.3, "gain": -0.2, "p": 0.001}
    metrics = {
        "accuracy": 0.7,
        "log_loss": 0.6,
        "baselines": {"linear": other, "majority": other | {"p": 0.3}},
    }
    assert (
        len(model_warnings.find_better_baselines(metrics)) == 1
        and "linear" in model_warnings.find_better_baselines(metrics)[0]
    )
    assert not model_warnings.find_better_baselines(metrics | {"log_loss": 0.2})
    assert [str(w).split(":")[0] for w in model_warnings.compare_with_baselines(metrics)] == [
        "significantly worse than the linear baseline",
        "not significantly better than the majority baseline",
    ]


def test_intervals_hold_in_every_part_and_have_no_end_under_nothing(tmp_path: Path) -> None:
    card, metrics, _ = grown(tmp_path / "a", "n", ["x"], columns(1600))
    low, high = (
        interval_ends(card["scale"], np.zeros((3, 1)), np.array([-5.0, 0.0, 5.0]))
        or (np.zeros(0),) * 2
    )
    assert (low >= 0).all() and (low <= high).all() and card["scale"]["widths"]
    assert abs(metrics["interval_coverage"] - 0.9) < 0.04
    assert all(s["covered"] > 0.8 for s in metrics["coverage_by_slice"]), metrics[
        "coverage_by_slice"
    ]


@pytest.mark.parametrize("uneven", [False, True])
def test_the_tree_of_widths_keeps_the_level_in_each_part(uneven: bool) -> None:
    inside, tried = [], 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.uniform(-1, 1, (1800, 2))
        y = rng.normal(size=1800) * (np.where(x[:, 0] > 0, 3, 0.2) if uneven else 1.0)
        tree = fit_widths(x[:900], np.zeros(900), np.abs(y[:900]), 0.9, seed)
        tried += tree is not None
        scale = {"spread": quantile(np.abs(y[:900]), 0.9), "widths": tree}
        both = interval_ends(scale, x[900:], np.zeros(900))
        assert both is not None
        held = (both[0] <= y[900:]) & (y[900:] <= both[1])
        inside += [held[x[900:, 0] > 0].mean(), held[x[900:, 0] <= 0].mean()]
        one = [interval_ends(scale, x[i : i + 1], np.zeros(1)) for i in range(900, 905)]
        assert all(o is not None and o[0][0] == both[0][k] for k, o in enumerate(one))
    assert (
        (tried == 20) == uneven
        and tried in (0, 1, 2, 20)
        and abs(np.mean(inside) - 0.9) < 0.02
        and min(inside) > 0.82
    )


def test_columns_that_look_like_time_or_a_group_are_found_by_what_they_tell() -> None:
    rng = np.random.default_rng(3)
    walk = np.cumsum(rng.normal(size=400))
    late = ["up" if w > np.median(walk) else "down" for w in walk]
    coin = rng.choice(["up", "down"], 400).tolist()
    day, order = (
        [f"2024-{1 + i // 28 % 12:02}-{1 + i % 28:02}" for i in range(336)] * 2,
        rng.permutation(400),
    )
    times: list[tuple[str, str, list[object], list[object], bool, bool]] = [
        ("at", "time", [f"{d}T00:00:00" for d in day[:336]], walk[:336].tolist(), False, True),
        ("day", "date", day[:336], coin[:336], False, False),
        ("day", "date", day[:336], coin[:336], True, True),
        ("nr", "integer", [int(i) for i in order], [late[i] for i in order], True, True),
        ("nr", "integer", list(range(400)), coin, True, False),
        ("year", "integer", [1990 + i // 20 for i in range(400)], late, False, True),
        ("月", "integer", [i // 40 for i in range(400)], walk.tolist(), True, True),
        ("income", "number", walk.tolist(), late, True, False),
        ("size", "integer", [i // 4 for i in range(400)], late, True, False),
    ]
    for name, kind, values, target, read, said in times:
        assert bool(find_time(name, kind, values, target, read)) == said, (name, kind, read)
    who = [i // 8 for i in range(400)]
    told = rng.choice(["sick", "well"], 50)
    level = rng.normal(size=50)
    groups: list[tuple[str, str, list[object], list[object], bool, bool]] = [
        ("who", "category", [f"p{w}" for w in who], [str(told[w]) for w in who], False, True),
        (
            "pid",
            "integer",
            list(who),
            [float(level[w] + rng.normal() * 0.3) for w in who],
            False,
            True,
        ),
        ("who", "category", [f"p{w}" for w in who], coin, False, False),
        ("job", "category", [f"j{w}" for w in who], [str(told[w]) for w in who], True, False),
        ("patient", "category", [f"p{w}" for w in who], coin, True, True),
        ("nr", "category", [f"k{i}" for i in range(400)], coin, False, False),
        ("note", "text", [f"note {w}" for w in who], [str(told[w]) for w in who], False, True),
    ]
    for name, kind, values, target, read, said in groups:
        assert bool(find_group(name, kind, values, target, read)) == said, (name, kind, read)


def test_nearly_equal_texts_are_one_and_other_numbers_are_others() -> None:
    base = [
        "please refund my transfer of last week",
        "where is the card that you sent me",
        "the app does not open on my phone",
        "order 12 came late",
        "order 13 came late",
        "好",
    ]
    more = [
        *base,
        "Please refund my transfer of last week!",
        "where is the card you sent me",
        "the app does not open on my phones",
    ]
    number = group_near_duplicates(more).tolist()
    assert len(set(number[:6])) == 6 and number[6:] == number[:3]
    assert group_near_duplicates(["", "", "a"]).tolist() == [0, 0, 1]


def test_copies_among_the_test_rows_are_told_with_the_figure_of_the_others(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=100).tolist()
    x = [base[i // 2] for i in range(200)] + rng.normal(size=200).tolist()
    rows = columns(400) | {"x": x, "y": [("a", "b")[i // 2 * 7 % 3 % 2] for i in range(400)]}
    _, metrics, _ = grown(tmp_path / "a", "y", ["x"], rows)
    said = [w for w in metrics["warnings"] if "near-duplicates of a training row" in w]
    assert said and said[0].startswith("50 of 100 test rows") and "on the other 50" in said[0]


def test_a_base_that_does_not_know_a_script_or_a_language_is_told() -> None:
    base = resolve("minilm", Path())
    known = [
        "my card was lost on the way and I would like to have a new one, please",
        "the transfer has not arrived yet",
    ] * 2
    assert measure_coverage(known, base, 128) == ({"cut": 0.0, "unknown": 0.0}, [])
    other = {
        "Cyrillic": "Я вчера потерял карту и мне нужна новая, помогите с переводом",
        "Arabic": "فقدت بطاقتي أمس وأحتاج إلى بطاقة جديدة",
        "Hangul": "어제 카드를 잃어버려서 새 카드가 필요합니다",
        "Latin": (
            "Ich habe gestern meine Karte verloren und brauche eine Ersatzkarte, bitte helfen"
            " Sie mir"
        ),
        "tokens": "我昨天丢了银行卡，需要一张新的",
        "of the tokens": "😀😁😍",
    }
    for word, text in other.items():
        found = measure_coverage(
            [f"{text} {'abc'[i]}" for i in range(3)] + [" ".join([text] * 9)], base, 1000
        )[1]
        assert len(found) == 1 and word in str(found[0]), (word, found)
    assert str(measure_coverage(["one two " * 200], base, 128)[1][0]).startswith(
        "100.0% of the texts are longer than max_length (128 tokens)"
    )


def test_what_cannot_be_judged_is_a_sentence_or_not_known(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigValueError, match="no test row has a value of 'y' that a training row has"
    ):
        grown(tmp_path / "a", "y", ["x"], columns(60) | {"y": [f"c{i}" for i in range(60)]})
    _, metrics, _ = grown(tmp_path / "b", "n", ["x"], {n: v[:6] for n, v in columns(60).items()})
    assert (
        metrics["r2"] is None
        and "r2" not in metrics["interval"]
        and str(NumberOutcome().summarize(metrics)).startswith("R2 not known")
    )
    level = NumberOutcome()
    level.mean, level.sd = 1.0, 2.0
    served = np.full((40, 1), np.float32(0.1)).astype(float)
    assert level.compare(served, np.full((40, 1), 0.1), np.linspace(-1, 1, 40))["p"] == 1.0, (
        "what float32 leaves of a value is no difference"
    )


def test_targets_with_ties_look_like_no_time() -> None:
    rng = np.random.default_rng(0)
    for target in (
        np.where(rng.random(1000) < 0.9, 0.0, rng.random(1000) * 100),
        rng.integers(1, 4, 1000).astype(float),
    ):
        assert not find_time("year", "integer", list(range(1000)), target.tolist(), True)
    walk = np.cumsum(rng.normal(size=1000)).round()
    assert find_time("year", "integer", list(range(1000)), walk.tolist(), True)


def test_test_rows_of_one_value_have_no_r2() -> None:
    outcome = NumberOutcome()
    outcome.fit("y", [1.0, 2.0, 3.0])
    assert (
        str(outcome.summarize({"r2": None, "mae": 0.5, "interval": {}}))
        == "R2 not known (all test rows have one value), mean error 0.5"
    )


def test_coverage_of_slices_is_corrected_for_all_that_were_tested() -> None:
    outcome, rng = NumberOutcome(), np.random.default_rng(1)
    outcome.fit("y", [-1.0, 1.0])
    y = rng.normal(size=3000)
    parts = SimpleNamespace(y={"test": y}, table={"test": np.zeros((3000, 1))})
    found = outcome.measure_coverage(
        {"scale": {"spread": 1.645}},
        np.zeros((3000, 1)),
        parts,
        {"c": [f"k{i % 60}" for i in range(3000)]},
        {"c": "category"},
    )
    slices = found["coverage_by_slice"]
    assert (
        len(slices) == 12
        and slices[0]["p"]
        > 20 * binomtest(round(slices[0]["covered"] * 50), 50, 0.9, alternative="less").pvalue
        or slices[0]["p"] == 1.0
    )
    assert not model_warnings.warn_of_predictions(
        np.zeros((3000, 1)), SimpleNamespace(outcome=outcome, y={"test": y}), found | {"rows": 3000}
    )  # type: ignore[arg-type]


def test_an_unknown_token_is_found_by_its_number_and_a_pair_is_two_texts(tmp_path: Path) -> None:
    for name, unk in (("known", 0), ("none", None)):
        (tmp_path / name).mkdir()
        made = Tokenizer(Unigram([("<unk>", -9.0), ("a", -1.0)], unk, False))
        made.save(str(tmp_path / name / "tokenizer.json"))
    read = {
        n: measure_coverage(
            ["aaa汉", APART.join(["aaaaa", "aaaa"])], Base(n, tmp_path / n, "", ""), 6
        )[0]
        for n in ("known",)
    }
    assert read["known"]["cut"] == 0 and (read["known"]["unknown"] or 0) > 0
    assert measure_coverage(["aaa"], Base("none", tmp_path / "none", "", ""), 6)[0] == {
        "cut": 0.0,
        "unknown": None,
    }
