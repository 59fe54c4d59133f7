"""Small nets as heads: they tell what a line cannot, their graph says what they say, and attention
fuses texts and table.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL, said_of

from mesocosm.learning.heads.blend import sigmoid, softmax
from mesocosm.learning.heads.late_fusion import output_weights
from mesocosm.learning.heads.selection import TrainingRows, select_head

pytestmark = pytest.mark.slow


def crossed(rows: int = 600) -> tuple[Any, Any, Any]:
    """A class that hangs on whether a text's sign and a value of the table agree: each alone tells
    nothing.
    """
    draw = np.random.default_rng(5)
    text = draw.normal(size=(rows, 6)).astype(np.float32)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    value = draw.integers(0, 3, rows)
    table = np.hstack(
        [np.eye(3, dtype=np.float32)[value], draw.normal(size=(rows, 2)).astype(np.float32)]
    )
    return text, table, ((text[:, 0] > 0) == (value == 1)).astype(int)


@pytest.mark.parametrize("name", ["mlp", "attention"])
def test_a_net_tells_what_a_line_cannot(name: str) -> None:
    text, table, y = crossed()
    line = select_head(TrainingRows(text, table, y, 2, 7), "linear")
    head = select_head(TrainingRows(text, table, y, 2, 7, spans=(3, 1, 1)), name)
    assert head.name == name and head.loss < 0.75 * line.loss
    new_text, new_table, new = crossed(900)
    right = float((head.logits(new_text[600:], new_table[600:]).argmax(1) == new[600:]).mean())
    left = float((head.left_out.argmax(1) == y).mean())
    assert right > 0.8 and abs(right - left) < 0.08  # what was left out tells what is to come
    same = head.again(text, table, y, 2, 7)
    assert np.array_equal(same.logits(text[:9], table[:9]), head.logits(text[:9], table[:9]))


@pytest.mark.parametrize("name", ["mlp", "attention"])
@pytest.mark.parametrize("kind", ["classes", "number", "labels", "no text"])
def test_the_graph_says_what_the_nets_say(tmp_path: Path, name: str, kind: str) -> None:
    import onnxruntime

    from mesocosm.learning.export.onnx_export import export_head

    text, table, y = crossed(160)
    if kind == "no text":
        text = text[:, :0]
    target: Any = {
        "number": (y + 0.1 * table[:, 4]).astype(float),
        "labels": np.stack([y, table[:, 4] > 0], 1).astype(np.int8),
    }.get(kind, y)
    classes = {"number": 0}.get(kind, 2)
    head = select_head(TrainingRows(text, table, target, classes, 7, spans=(3, 1, 1)), name)
    export_head(
        head.tensors(), tmp_path / "head.onnx", classes, kind == "labels", output_weights(head)
    )
    session = onnxruntime.InferenceSession(str(tmp_path / "head.onnx"))
    wanted: Any = {"number": lambda x: x, "labels": sigmoid}.get(kind, softmax)
    for rows in (1, 40):
        (out,) = session.run(None, {"features": text[:rows], "table": table[:rows]})
        assert np.abs(out - wanted(head.logits(text[:rows], table[:rows]))).max() < 1e-5


def test_attention_is_built_beside_its_parts_and_served(
    pond: Path, cli: Callable[..., Any]
) -> None:
    file = pond / "ecosystem.yaml"
    file.write_text(SMALL.replace("fine_tune: {method: frozen, head: kernel}", "fusion: attention"))
    done = cli("build", "-f", str(file))
    assert done.returncode == 0 and "attention head: cross-validated log-loss" in done.stderr, (
        done.stdout + done.stderr
    )
    out = json.loads(
        cli(
            "predict",
            "desk",
            "--input",
            '{"text": "please send more, lovely", "amount": "150 EUR"}',
            "-f",
            str(file),
            "--json",
        ).stdout
    )
    assert out["label"] == "yes please"
    card = cli("model", "card", "judge", "-f", str(file)).stdout
    assert "text only" in card and "attention" in card
    file.write_text(
        SMALL.replace(
            "fine_tune: {method: frozen, head: kernel}", "fine_tune: lora, fusion: attention"
        )
    )
    assert any("attention fuses the embeddings of a frozen base" in line for line in said_of(pond))
