"""Late fusion: the kind of input that tells more is believed more, the graph says what the heads
say, and it is built and served.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL, said_of

from mesocosm.learning.evaluation.batch_invariance import GraphProbe
from mesocosm.learning.heads.blend import sigmoid, softmax
from mesocosm.learning.heads.late_fusion import output_weights
from mesocosm.learning.heads.selection import TrainingRows, select_head

pytestmark = pytest.mark.slow


def both(text_tells: float, table_tells: float, rows: int = 260) -> tuple[Any, Any, Any]:
    draw = np.random.default_rng(3)
    y = draw.integers(0, 2, rows)
    text, table = draw.normal(size=(rows, 8)), draw.normal(size=(rows, 4))
    text[:, 0] += text_tells * (2 * y - 1)
    table[:, 0] += table_tells * (2 * y - 1)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    return text.astype(np.float32), table.astype(np.float32), y


def test_what_tells_more_is_believed_more() -> None:
    beliefs = [
        select_head(TrainingRows(*both(*tells), 2, 7), "linear", fusion="late").belief
        for tells in ((3.0, 0.2), (1.2, 1.2), (0.0, 2.0))
    ]
    assert beliefs[0] > 0.7 > 0.5 > beliefs[2] and beliefs[0] > beliefs[1] > beliefs[2]
    head = select_head(TrainingRows(*both(1.2, 1.2), 2, 7), "linear", fusion="late")
    assert head.loss < min(part.loss for part in head.parts)


@pytest.mark.parametrize("kind", ["classes", "number", "labels"])
def test_the_graph_says_what_the_heads_say(tmp_path: Path, kind: str) -> None:
    import onnxruntime

    from mesocosm.learning.export.onnx_export import export_head

    text, table, y = both(1.5, 1.0)
    target: Any = {
        "classes": y,
        "number": (y + 0.1 * table[:, 1]).astype(float),
        "labels": np.stack([y, table[:, 1] > 0], 1).astype(np.int8),
    }[kind]
    classes = {"classes": 2, "number": 0, "labels": 2}[kind]
    head = select_head(TrainingRows(text, table, target, classes, 7), "auto", fusion="late")
    assert abs(sum(output_weights(head)) - 1) < 1e-12 and len(output_weights(head)) == len(
        head.tensors()
    )
    export_head(
        head.tensors(), tmp_path / "head.onnx", classes, kind == "labels", output_weights(head)
    )
    (out,) = onnxruntime.InferenceSession(str(tmp_path / "head.onnx")).run(
        None, {"features": text[:40], "table": table[:40]}
    )
    said = head.logits(text[:40], table[:40])
    wanted = {"classes": softmax, "number": lambda x: x, "labels": sigmoid}[kind](said)
    assert np.abs(out - wanted).max() < 2e-4
    asked = GraphProbe(
        tmp_path / "head.onnx",
        [""] * len(table),
        lambda texts: np.zeros((len(texts), 0), np.float32),
        text,
        table,
    )
    assert asked.measure_invariance(lambda a, b: float((a.argmax(1) == b.argmax(1)).mean()), text)[
        "invariant"
    ]
    fewer = head.again(text[:150], table[:150], target[:150], classes, 7)
    assert fewer.belief == head.belief and fewer.logits(text[150:], table[150:]).shape == (
        110,
        max(1, classes),
    )


def test_it_is_built_beside_its_parts_and_served(pond: Path, cli: Callable[..., Any]) -> None:
    file = pond / "ecosystem.yaml"
    file.write_text(SMALL.replace("fine_tune: {method: frozen, head: kernel}", "fusion: late"))
    done = cli("build", "-f", str(file))
    assert done.returncode == 0 and "late fusion: weight of the texts" in done.stderr, (
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
    assert "text alone" in cli("report", "judge", "-f", str(file)).stdout


def test_it_wants_texts_and_others_over_a_base_that_stays(pond: Path) -> None:
    for old, new in (
        ("features: [text, amount]", "features: [text], fusion: late"),
        ("fine_tune: {method: frozen, head: kernel}", "fine_tune: lora, fusion: late"),
    ):
        (pond / "ecosystem.yaml").write_text(SMALL.replace(old, new))
        assert any("late fusion combines" in line for line in said_of(pond))
