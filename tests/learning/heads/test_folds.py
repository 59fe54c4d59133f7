"""Folds, left-out losses and the choice of a head: rare classes, copies and noise do not decide
what goes into service.
"""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.learning.heads.folds import (
    comparable_rows,
    group_duplicates,
    make_folds,
    merge_groups,
)
from mesocosm.learning.heads.kernel import log_loss
from mesocosm.learning.heads.majority import Majority
from mesocosm.learning.heads.selection import TrainingRows, select_head


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=80), st.integers(0, 99), st.booleans())
def test_every_row_is_left_out_once_and_classes_are_spread_evenly(
    drawn: list[int], seed: int, grouped: bool
) -> None:
    y = np.unique(np.array(drawn), return_inverse=True)[1]
    classes = y.max() + 1
    groups = np.arange(len(y)) // 2 if grouped else None
    found = make_folds(y, classes, seed, 5, groups)
    if not found:
        assert (len(y) if groups is None else len(np.unique(groups))) < 2 or np.bincount(
            y
        ).max() < 2
        return
    assert sorted(np.concatenate([out for _, out in found]).tolist()) == list(range(len(y)))
    for rows, out in found:
        assert not set(rows) & set(out)
        if groups is not None:
            assert not set(groups[rows]) & set(groups[out])
    if groups is None:
        for k in range(classes):
            held = [int((y[out] == k).sum()) for _, out in found]
            assert max(held) - min(held) <= 1


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=40),
    st.lists(st.integers(0, 6), min_size=40, max_size=40),
)
def test_merged_groups_are_the_finest_that_hold_both(first: list[int], second: list[int]) -> None:
    a, b = np.array(first), np.array(second[: len(first)])
    both = merge_groups(a, b)
    for one in (a, b):
        assert all(len(np.unique(both[one == g])) == 1 for g in np.unique(one))
    assert len(np.unique(both)) >= len(np.unique(a)) + len(np.unique(b)) - len(a) or len(a) == 1


def noise(copies: int, jitter: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(150, 3)), rng.integers(0, 2, 150)
    x, y = np.repeat(x, copies, 0), np.repeat(y, copies)
    return x + rng.normal(size=x.shape) * jitter, y


@pytest.mark.parametrize("jitter", [0.0, 1e-7])
def test_copies_of_noise_choose_no_memoriser(jitter: float) -> None:
    x, y = noise(3, jitter)
    groups = group_duplicates([""] * len(y), [()] * len(y), x, None)
    assert groups is not None and len(np.unique(groups)) == 150
    for name in ("kernel", "linear"):
        assert (
            select_head(TrainingRows(np.zeros((len(y), 0)), x, y, 2, 7, groups=groups), name).loss
            > 0.68
        )
    head = select_head(
        TrainingRows(np.zeros((len(y), 0)), x, y, 2, 7, groups=groups), ["kernel", "linear"]
    )
    assert (
        head.loss > 0.68
        and log_loss(Majority().fit(np.zeros((450, 0)), x, y, 2, 7, groups).left_out, y) < 0.72
    )


def test_equal_rows_of_a_table_of_few_values_are_rows_of_their_own() -> None:
    few = np.random.default_rng(0).integers(0, 2, (300, 3)).astype(float)
    assert group_duplicates([""] * 300, [()] * 300, few, None) is None
    assert group_duplicates(["yes", "no"] * 150, [()] * 300, few[:, :0], None) is None
    texts = [f"text {i // 2}" for i in range(300)]
    found = group_duplicates(texts, [()] * 300, few[:, :0], None)
    assert found is not None and len(np.unique(found)) == 150
    assert (
        group_duplicates(
            [t.upper() + "!" if i % 2 else t for i, t in enumerate(texts)],
            [()] * 300,
            few[:, :0],
            None,
        )
        is not None
    )
    frequent = group_duplicates(
        [*texts, *[""] * 100], [()] * 400, np.zeros((400, 0)), None
    )  # many rows without a text drop no other group
    assert frequent is not None and len(np.unique(frequent)) == 250
    given = np.arange(300) % 7
    assert group_duplicates([""] * 300, [()] * 300, few, given) is given


def test_one_row_of_a_third_class_leaves_the_choice_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mesocosm.learning.heads.boosted_trees.SETTINGS", ((0.1, 8, 60),))
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (160, 2))
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    y[0] = 2
    assert comparable_rows(y, 3) is not None and comparable_rows(np.minimum(y, 1), 2) is None
    head = select_head(TrainingRows(np.zeros((160, 0)), x, y, 3, 7), ["linear", "boost"])
    assert head.name == "boost" and head.loss < 0.6
    many = np.array([0] * 159 + [1])  # nothing is left to compare classes by, and nothing crashes
    assert np.isfinite(
        select_head(TrainingRows(np.zeros((160, 0)), x, many, 2, 7), ["linear"]).loss
    )


@pytest.mark.parametrize("classes", [0, 2])
def test_no_signal_is_served_as_the_majority(classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "mesocosm.learning.heads.selection.candidate_heads", lambda *_: ["kernel", "linear"]
    )
    served = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(120, 6))
        y = rng.integers(0, 2, 120) if classes else rng.normal(size=120)
        served.append(select_head(TrainingRows(np.zeros((120, 0)), x, y, classes, 7)).name)
    assert served.count("majority") >= 9, served
    plain = Majority().fit(np.zeros((120, 0)), x, y, classes, 7)
    held = plain.tensors()[0]
    assert np.allclose(
        plain.logits(np.zeros((4, 0)), x[:4]), x[:4] @ held["weights"] + held["bias"]
    )


def test_trees_leave_out_rare_marks_and_export_the_right_columns(tmp_path: Path) -> None:
    import onnxruntime

    from mesocosm.learning.export.onnx_export import export_head
    from mesocosm.learning.heads.boosted_trees import Boost

    rng = np.random.default_rng(0)
    shops = np.eye(120)[rng.integers(0, 120, 400)]
    table = np.hstack([shops, rng.normal(size=(400, 2))]).astype(np.float32)
    y = (table[:, 120] > 0).astype(int)
    head = Boost((0.1, 4, 20)).fit(np.zeros((400, 0)), table, y, 2, 7)
    assert head.columns.tolist() == [120, 121]
    export_head(head.tensors(), tmp_path / "head.onnx")
    net = onnxruntime.InferenceSession(str(tmp_path / "head.onnx"))
    said = net.run(
        None,
        {
            i.name: table if i.name == "table" else np.zeros((400, 0), np.float32)
            for i in net.get_inputs()
        },
    )[0]
    assert (
        np.abs(
            said[:, 1] - 1 / (1 + np.exp(np.diff(-head.logits(table[:, :0], table), axis=1)[:, 0]))
        ).max()
        < 1e-5
    )


def test_a_kernel_tells_classes_among_vectors_that_crowd() -> None:
    from mesocosm.learning.heads.kernel import TEXT, KernelRidge, _text_widths

    draw = np.random.default_rng(5)
    text = draw.normal(size=(160, 24)).astype(np.float32)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    y = (text[:, 0] * text[:, 1] > 0).astype(np.int64)  # no plane tells them
    crowd = np.hstack([text * 0.2, np.full((160, 1), 1.0, np.float32)])
    crowd /= np.linalg.norm(crowd, axis=1, keepdims=True)
    table = np.zeros((160, 0), np.float32)
    assert _text_widths(text) == TEXT and _text_widths(crowd)[0] > TEXT[-1]
    apart = KernelRidge().fit(text, table, y, 2, 3)
    together = KernelRidge().fit(crowd, table, y, 2, 3)
    assert together.loss < apart.loss + 0.02
