"""Parts are a seeded draw of rows: representative also in tables of few different rows; copies of
texts and of continuous rows are together.
"""

from collections import defaultdict

import duckdb
import numpy as np
import pandas as pd
import pytest

from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.split import split_sql

CON = duckdb.connect(config={"threads": 1})
SQL = {"category": "varchar", "text": "varchar", "number": "double", "integer": "bigint"}


def parts(
    columns: dict[str, tuple[str, list[object]]], order: np.ndarray | None = None, **more: object
) -> list[str]:
    """The part of each row; rows are laid into the table in this order."""
    data = Dataset.model_validate(
        {
            "from": "s",
            "fields": {
                n: {"type": "number" if t == "integer" else t} for n, (t, _) in columns.items()
            },
            **more,
        }
    )
    count = len(next(iter(columns.values()))[1])
    order = np.arange(count) if order is None else order
    frame = pd.DataFrame({n: [v[i] for i in order] for n, (_, v) in columns.items()})
    CON.register("frame", frame)
    casts = ", ".join(f'"{n}"::{SQL[t]} as "{n}"' for n, (t, _) in columns.items())
    CON.execute(
        "create or replace temp table still as select row_number() over () as _row, null::varchar"
        f" as _why, {casts} from frame"
    )
    found = dict(CON.execute(split_sql("still", data, None)).fetchall())
    said = [""] * count
    for place, i in enumerate(order):
        said[i] = found[place + 1]
    return said


def test_tables_of_few_categories_are_split_as_a_random_draw_is() -> None:
    far = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        n, keyed = int(rng.integers(40, 400)), seed % 3 == 0
        columns: dict[str, tuple[str, list[object]]] = {
            f"c{k}": ("category", [f"v{v}" for v in rng.integers(0, rng.integers(2, 5), n)])
            for k in range(rng.integers(1, 4))
        }
        if keyed:
            columns["id"] = ("category", [f"k{i}" for i in range(n)])
        said = np.array(parts(columns, **({"key": "id"} if keyed else {})))
        size = round(n * 0.2)
        assert (
            abs((said == "test").sum() - size) <= 1
            and abs((said == "validation").sum() - round((n - size) * 0.1)) <= 1
        )
        values = np.array(columns["c0"][1])
        for value in np.unique(values):
            share = float((values == value).mean())
            expected = (share * (1 - share) / size * (n - size) / (n - 1)) ** 0.5
            far.append(
                (float((values[said == "test"] == value).mean()) - share) / max(expected, 1e-9)
            )
    z = np.array([f for f in far if np.isfinite(f)])
    assert abs(z).max() < 5 and 0.75 < z.std() < 1.25 and abs(z.mean()) < 0.2, (
        abs(z).max(),
        z.std(),
        z.mean(),
    )


def test_each_class_keeps_its_share_and_the_parts_their_sizes() -> None:
    far, sizes, rare = [], [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, share = int(rng.integers(40, 400)), float(rng.choice([0.1, 0.2, 0.3]))
        y = rng.choice(
            [f"c{k}" for k in range(30)],
            n,
            p=(p := rng.dirichlet(np.full(30, rng.choice([0.1, 1.0, 10.0])))) / p.sum(),
        )
        columns: dict[str, tuple[str, list[object]]] = {
            "id": ("category", [f"k{i}" for i in range(n)]),
            "y": ("category", y.tolist()),
        }
        said = np.array(
            parts(
                columns,
                key="id",
                split={"test": share, "validation": 0.1, "stratify": "y", "seed": seed},
            )
        )
        sizes.append(float((said == "test").sum() - n * share) / n**0.5)
        for one in np.unique(y):
            mine = said[y == one]
            assert (mine == "train").any(), (
                "the only row of a class teaches, and no class has all its rows in another part"
            )
            off = (mine == "test").sum() - len(mine) * share
            assert abs(off) < 1 or len(mine) == 1
            (rare if 1 < len(mine) < 3 / share else far).append(float(off))
    assert max(map(abs, far)) <= 0.5 + 1e-9, (
        "where a class has enough rows only rounding moves its share"
    )
    assert abs(np.mean(rare)) < 3 * np.std(rare) / len(rare) ** 0.5, (
        "where it has few, chance decides without favour"
    )
    assert np.abs(np.mean(sizes)) < 0.15 and np.std(sizes) < 0.2, (np.mean(sizes), np.std(sizes))


def test_equal_texts_of_different_classes_stay_together() -> None:
    texts = [f"text {i // 4}" for i in range(400)]
    columns: dict[str, tuple[str, list[object]]] = {
        "t": ("text", texts),
        "y": ("category", np.random.default_rng(2).choice(["a", "b", "c"], 400).tolist()),
    }
    said = parts(columns, split={"stratify": "y"})
    assert all(
        len({p for p, t in zip(said, texts, strict=True) if t == text}) == 1 for text in set(texts)
    )
    assert abs(said.count("test") / 400 - 0.2) < 0.03


def test_copies_are_together_and_the_order_of_rows_tells_nothing() -> None:
    rng = np.random.default_rng(0)
    texts = [f"text {i // 3}" for i in range(300)]
    labels = rng.choice(["a", "b"], 300).tolist()
    numbers = np.repeat(rng.normal(size=(150, 3)), 3, 0)
    cases: list[tuple[dict[str, tuple[str, list[object]]], list[object], dict[str, object]]] = [
        ({"t": ("text", texts), "y": ("category", labels)}, texts, {}),
        (
            {
                "id": ("category", [f"k{i}" for i in range(300)]),
                "t": ("text", texts),
                "y": ("category", labels),
            },
            texts,
            {"key": "id"},
        ),
        (
            {f"x{k}": ("number", numbers[:, k].tolist()) for k in range(3)}
            | {"y": ("category", np.repeat(rng.choice(["a", "b"], 150), 3).tolist())},
            numbers[:, 0].tolist(),
            {},
        ),
    ]
    for columns, same, more in cases:
        said = parts(columns, **more)
        seen = defaultdict(set)
        for value, part in zip(same, said, strict=True):
            seen[value].add(part)
        assert all(len(s) == 1 for s in seen.values())
        assert abs(said.count("test") / len(said) - 0.2) < 0.02
        assert parts(columns, rng.permutation(len(said)), **more) == said
    flat: dict[str, tuple[str, list[object]]] = {
        "c": ("category", rng.choice(["a", "b"], 200).tolist())
    }
    moved = parts(flat, rng.permutation(200))
    for value in (
        "a",
        "b",
    ):  # which of two equal rows teaches makes no difference; how many do is the same
        assert sum(
            p == "test" for p, v in zip(moved, flat["c"][1], strict=True) if v == value
        ) == sum(p == "test" for p, v in zip(parts(flat), flat["c"][1], strict=True) if v == value)


def test_a_text_that_half_of_the_rows_share_is_no_copy() -> None:
    columns: dict[str, tuple[str, list[object]]] = {
        "id": ("category", [f"k{i}" for i in range(200)]),
        "t": ("text", ["yes" if i % 2 else "no" for i in range(200)]),
    }
    said = parts(columns, key="id")
    assert {p for p, t in zip(said, columns["t"][1], strict=True) if t == "yes"} == {
        "train",
        "validation",
        "test",
    }


@pytest.mark.parametrize("key", [None, "id"])
def test_rows_that_come_later_move_few_of_those_that_were_there(key: str | None) -> None:
    rng = np.random.default_rng(1)
    columns: dict[str, tuple[str, list[object]]] = {
        "id": ("category", [f"k{i}" for i in range(600)]),
        "x": ("number", rng.normal(size=600).tolist()),
    }
    before = parts(
        {n: (t, v[:500]) for n, (t, v) in columns.items()}, **({"key": key} if key else {})
    )
    after = parts(columns, **({"key": key} if key else {}))
    assert sum(a != b for a, b in zip(before, after[:500], strict=True)) < 30
