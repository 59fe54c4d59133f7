"""An answer does not depend on the rows beside it: by law over shuffles and paddings, for quantised
products, texts, tables and both together.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from mesocosm.core.hashing import digest_folder
from mesocosm.learning.base_models import resolve
from mesocosm.learning.evaluation.batch_invariance import TOLERANCE, GraphProbe
from mesocosm.learning.export.onnx_export import shared_trunk
from mesocosm.learning.export.onnx_sessions import session
from mesocosm.learning.export.predictor import Reader, Version
from mesocosm.learning.export.quantization import quantize

TEXTS = [
    "new car",
    "radio / television",
    "a",
    "",
    "9" * 40,
    "radio " * 30,
    "I lost my card and someone is using it",
    "repairs, education and a business " * 4,
    "😀 中文",
    "used car",
    "furniture",
    "???",
]


def products(path: Path, rows: int = 24) -> Any:
    """A small net with a product by a weight, one with a bias and a turned weight, and one of two
    activations, which stays.
    """
    draw = np.random.default_rng(0)
    held = {
        "w": draw.normal(size=(rows, 16)),
        "v": draw.normal(size=(8, 16)),
        "b": draw.normal(size=8),
    }
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "v", "b"], ["y"], transB=1),
        helper.make_node("Transpose", ["y"], ["t"]),
        helper.make_node("MatMul", ["y", "t"], ["z"]),
    ]
    told = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, s)
        for n, s in (("x", ["n", rows]), ("y", ["n", 8]), ("z", ["n", "n"]))
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        told[:1],
        told[1:],
        [numpy_helper.from_array(v.astype(np.float32), n) for n, v in held.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 9
    onnx.save(model, str(path))
    return held


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    home = tmp_path_factory.mktemp("nets")
    products(home / "a.onnx")
    quantize(home / "a.onnx", home / "q.onnx")
    return session(home / "a.onnx"), session(home / "q.onnx")


@given(st.lists(st.integers(-4, 6), min_size=1, max_size=9), st.integers(0, 2**20))
def test_a_quantised_row_is_the_same_beside_any_other(
    nets: tuple[Any, Any], sizes: list[int], seed: int
) -> None:
    x = (
        np.random.default_rng(seed).normal(size=(len(sizes), 24)).astype(np.float32)
        * (10.0 ** np.array(sizes, np.float32))[:, None]
    )
    whole, quantised = (net.run(["y"], {"x": x})[0] for net in nets)
    for i, row in enumerate(x):
        assert np.array_equal(nets[1].run(["y"], {"x": row[None]})[0][0], quantised[i])
    assert np.all(np.abs(whole - quantised).max(1) <= 0.1 * np.linalg.norm(whole, axis=1) + 1e-6)


def test_only_products_by_weights_are_quantised(nets: tuple[Any, Any], tmp_path: Path) -> None:
    products(tmp_path / "a.onnx")
    quantize(tmp_path / "a.onnx", tmp_path / "q.onnx")
    graph = onnx.load(str(tmp_path / "q.onnx")).graph
    kinds = [n.op_type for n in graph.node]
    assert (
        kinds.count("MatMulIntegerToFloat") == 2
        and kinds.count("MatMul") == 1
        and "Gemm" not in kinds
    )
    assert not {"w", "v"} & {i.name for i in graph.initializer} and "b" in {
        i.name for i in graph.initializer
    }
    assert np.array_equal(
        nets[1].run(["y"], {"x": np.zeros((2, 24), np.float32)})[0],
        nets[0].run(["y"], {"x": np.zeros((2, 24), np.float32)})[0],
    )


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Any]]:
    where = shared_trunk(resolve("minilm", Path(".")), tmp_path_factory.mktemp("store"))
    found = {}
    for precision in ("int8", "fp32"):
        reader = Reader(where, precision, 128, session)
        found[precision] = reader, np.vstack([reader.features([text]) for text in TEXTS])
    return found


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_a_text_has_the_same_features_beside_any_other(
    readers: dict[str, tuple[Any, Any]], precision: str
) -> None:
    reader, alone = readers[precision]

    @given(st.lists(st.integers(0, len(TEXTS) - 1), min_size=2, max_size=8, unique=True))
    def law(pick: list[int]) -> None:
        assert np.abs(reader.features([TEXTS[i] for i in pick]) - alone[pick]).max() <= TOLERANCE

    law()
    near = (readers["int8"][1] * readers["fp32"][1]).sum(1)
    assert near.min() > 0.97, near


def centred(path: Path) -> None:
    """A head that takes the mean of its batch off: what no answer may depend on."""
    mean = helper.make_node("ReduceMean", ["table", "axes"], ["mean"], keepdims=1)
    nodes = [
        mean,
        helper.make_node("Sub", ["table", "mean"], ["off"]),
        helper.make_node("Softmax", ["off"], ["probabilities"], axis=1),
    ]
    told = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", None])
        for n in ("features", "table", "probabilities")
    ]
    graph = helper.make_graph(
        nodes, "g", told[:2], told[2:], [numpy_helper.from_array(np.array([0]), "axes")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 9
    onnx.save(model, str(path))


def test_a_graph_that_depends_on_its_batch_is_found_and_answers_row_by_row(tmp_path: Path) -> None:
    folder = tmp_path / "v"
    folder.mkdir()
    centred(folder / "head.onnx")
    table = np.random.default_rng(1).normal(size=(12, 2)).astype(np.float32)
    asked = GraphProbe(
        folder / "head.onnx",
        [""] * 12,
        lambda texts: np.zeros((len(texts), 0), np.float32),
        np.zeros((12, 0), np.float32),
        table,
    )
    found = asked.measure_invariance(lambda a, b: float((a.argmax(1) == b.argmax(1)).mean()))
    assert not found["invariant"] and found["difference"] > 0.1 and found["moved"] > 0
    facts = {
        n: {"kind": "number", "mean": 0.0, "sd": 1.0, "low": -9.0, "high": 9.0, "gaps": False}
        for n in "ab"
    }
    card = {
        "labels": ["n", "y"],
        "inputs": ["a", "b"],
        "precision": "fp32",
        "trunk": None,
        "block": facts,
        "invariance": {"fp32": found},
    }
    (folder / "card.json").write_text(json.dumps(card))
    version = Version(folder, digest_folder(folder), session)
    rows = [{"a": float(a), "b": float(b)} for a, b in table]
    assert version.predict(rows) == [version.predict([row])[0] for row in rows]
    assert "row by row" in batches_line(card | {"invariance": {"fp32": found}})


def batches_line(recipe: dict[str, Any]) -> str:
    from mesocosm.learning.card_of_recipe import _render_batches

    return "".join(_render_batches(recipe))
