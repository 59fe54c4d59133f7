"""A large table of a graph is stored in half the size where no number changes, and once for both
precisions; what a tuned graph shares with its base is still found.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from mesocosm.learning.export.lookup_tables import narrow_tables
from mesocosm.learning.export.quantization import quantize
from mesocosm.learning.export.reweighting import reweight
from mesocosm.learning.export.weight_sharing import extract_weights, share_weights

ROWS, WIDTH, OUT = 300, 16, 64
IDS = np.arange(2 * 7).reshape(2, 7)


class Net(torch.nn.Module):
    """Rows of a table times a matrix."""

    def __init__(self, table: np.ndarray) -> None:
        super().__init__()
        draw = np.random.default_rng(1).normal(size=(WIDTH, OUT))
        self.table = torch.nn.Parameter(torch.tensor(table.copy()))
        self.matrix = torch.nn.Parameter(torch.tensor(draw.astype(np.float32)))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.table[ids] @ self.matrix


def make_table(exact: bool) -> np.ndarray:
    table: np.ndarray = np.random.default_rng(2).normal(size=(ROWS, WIDTH)).astype(np.float32)
    return table.astype(np.float16).astype(np.float32) if exact else table


def write_graph(net: Net, folder: Path, read_twice: bool = False) -> Path:
    folder.mkdir(exist_ok=True)
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["rows"], axis=0),
        helper.make_node("MatMul", ["rows", "matrix"], ["features"]),
    ]
    outputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["a", "b", OUT])]
    if read_twice:
        nodes.append(helper.make_node("Identity", ["table"], ["all"]))
        outputs.append(helper.make_tensor_value_info("all", TensorProto.FLOAT, [ROWS, WIDTH]))
    weights = {name: tensor.detach().numpy() for name, tensor in net.state_dict().items()}
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["a", "b"])],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    # torch's exporter describes constants too, whose type changes
    described = helper.make_tensor_value_info("table", TensorProto.FLOAT, [ROWS, WIDTH])
    graph.value_info.append(described)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 9
    onnx.save(model, str(folder / "trunk.fp32.onnx"))
    return folder / "trunk.fp32.onnx"


def run(path: Path) -> np.ndarray:
    found: np.ndarray = onnxruntime.InferenceSession(str(path)).run(["features"], {"ids": IDS})[0]
    return found


def types(path: Path) -> dict[str, int]:
    model = onnx.load(str(path), load_external_data=False)
    return {tensor.name: tensor.data_type for tensor in model.graph.initializer}


@pytest.fixture(autouse=True)
def _small_tables_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mesocosm.learning.export.lookup_tables.MIN_NUMBERS", ROWS * WIDTH)


def test_an_exact_table_is_halved_and_gives_the_same(tmp_path: Path) -> None:
    path = write_graph(Net(make_table(exact=True)), tmp_path)
    before = run(path)
    narrow_tables(path)
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)
    assert types(path)["table"] == TensorProto.FLOAT16
    assert types(path)["matrix"] == TensorProto.FLOAT
    assert (run(path) == before).all()


@pytest.mark.parametrize("why", ["other numbers", "read elsewhere", "small"])
def test_other_tables_stay_as_they_are(
    tmp_path: Path, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = Net(make_table(exact=why != "other numbers"))
    path = write_graph(net, tmp_path, read_twice=why == "read elsewhere")
    if why == "small":
        monkeypatch.setattr("mesocosm.learning.export.lookup_tables.MIN_NUMBERS", ROWS * WIDTH + 1)
    before = path.read_bytes()
    narrow_tables(path)
    assert path.read_bytes() == before


def write_base(net: Net, folder: Path) -> None:
    narrow_tables(write_graph(net, folder))
    quantize(folder / "trunk.fp32.onnx", folder / "trunk.int8.onnx")


def test_both_precisions_share_the_table(tmp_path: Path) -> None:
    write_base(Net(make_table(exact=True)), tmp_path)
    before = {kind: run(tmp_path / f"trunk.{kind}.onnx") for kind in ("fp32", "int8")}
    extract_weights(tmp_path)
    assert (tmp_path / "trunk.fp32.weights").stat().st_size >= 2 * ROWS * WIDTH
    assert (tmp_path / "trunk.int8.weights").stat().st_size < ROWS * WIDTH
    for kind, features in before.items():
        assert (run(tmp_path / f"trunk.{kind}.onnx") == features).all()


@pytest.mark.parametrize("tuned", ["matrix", "table"])
def test_a_tuned_graph_shares_what_it_did_not_change(tmp_path: Path, tuned: str) -> None:
    untouched, trunk = Net(make_table(exact=True)), Net(make_table(exact=True))
    write_base(untouched, tmp_path / "base")
    extract_weights(tmp_path / "base")
    with torch.no_grad():
        getattr(trunk, tuned).add_(0.0123)
    own = tmp_path / "own"
    own.mkdir()
    source, target = tmp_path / "base" / "trunk.fp32.onnx", own / "trunk.fp32.onnx"
    assert reweight(trunk, untouched, source, target, {"ids": torch.tensor(IDS)})
    kept = tuned == "matrix"
    assert types(target)["table"] == (TensorProto.FLOAT16 if kept else TensorProto.FLOAT)
    quantize(target, own / "trunk.int8.onnx")
    sizes = share_weights(own, tmp_path / "base")
    assert ((own / "trunk.fp32.weights").stat().st_nlink == 2) and set(sizes) == {"fp32", "int8"}
    assert (own / "trunk.int8.onnx").stat().st_size < (8_000 if kept else 24_000)
    with torch.no_grad():
        wanted = trunk(torch.tensor(IDS)).numpy()
    assert np.abs(run(target) - wanted).max() < 1e-5
    assert np.abs(run(own / "trunk.int8.onnx") - wanted).max() < 0.5
