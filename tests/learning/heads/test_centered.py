"""Features that crowd are centered: what the head computes is what its graph computes, and a head
over features that do not crowd is left as it was.
"""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from mesocosm.learning.arrays import Floats, Ints
from mesocosm.learning.export.onnx_export import export_head
from mesocosm.learning.heads.blend import softmax
from mesocosm.learning.heads.centered import CenteredHead, center_features, features_crowd
from mesocosm.learning.heads.late_fusion import output_weights
from mesocosm.learning.heads.selection import TrainingRows, select_head


def crowded_rows(count: int, seed: int = 1) -> tuple[Floats, Ints]:
    """Unit vectors near one direction, whose class is a small part of them."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 2
    text = rng.normal(size=(count, 16)) * 0.1
    text[:, 0] += 2.0
    text[:, 1] += 0.15 * (2 * y - 1)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    return text.astype(np.float32), y


@pytest.mark.parametrize("only", ["auto", ["kernel", "linear"], "mlp"])
@pytest.mark.parametrize("fusion", ["early", "late"])
def test_the_graph_of_a_centered_head_computes_what_the_head_computes(
    tmp_path: Path, only: str | list[str], fusion: str
) -> None:
    text, y = crowded_rows(120)
    table = np.random.default_rng(2).normal(size=(120, 2)).astype(np.float32)
    head = select_head(TrainingRows(text, table, y, 2, 7, (1, 1)), only, fusion=fusion)
    assert any("center" in tensors for tensors in head.tensors())
    export_head(head.tensors(), tmp_path / "head.onnx", 2, False, output_weights(head))
    graph = onnxruntime.InferenceSession(tmp_path / "head.onnx")
    found = graph.run(None, {"features": text, "table": table})[0]
    assert np.allclose(found, softmax(head.logits(text, table)), atol=1e-5)


def test_a_centered_head_finds_more_than_chance_and_again_centers_by_its_own_rows() -> None:
    text, y = crowded_rows(200)
    none = np.zeros((200, 0), np.float32)
    head = select_head(TrainingRows(text, none, y, 2, 7))
    assert isinstance(head, CenteredHead)
    other, labels = crowded_rows(400, 5)
    scores = head.logits(other, np.zeros((400, 0), np.float32))
    assert (scores.argmax(1) == labels).mean() > 0.8
    again = head.again(text[:50], none[:50], y[:50], 2, 7)
    assert np.allclose(again.center, text[:50].mean(0), atol=1e-6)


def test_features_that_spread_and_a_start_for_fine_tuning_stay_as_they_are() -> None:
    rng = np.random.default_rng(3)
    spread = rng.normal(size=(60, 16)).astype(np.float32)
    spread /= np.linalg.norm(spread, axis=1, keepdims=True)
    y = (spread[:, 0] > 0).astype(int)
    none = np.zeros((60, 0), np.float32)
    assert not features_crowd(spread) and not features_crowd(np.ones((5, 4)))
    assert not isinstance(select_head(TrainingRows(spread, none, y, 2, 7)), CenteredHead)
    text, labels = crowded_rows(60)
    linear = select_head(TrainingRows(text, none, labels, 2, 7), "linear")
    assert not isinstance(linear, CenteredHead)


def test_a_vector_at_the_center_stays_finite() -> None:
    text, _ = crowded_rows(10)
    center = text[0]
    assert np.array_equal(center_features(text[:1], center), np.zeros((1, 16), np.float32))
