"""Export to ONNX: the trunk once a base, the head as a small graph of its own, int8 where it agrees.

Knows torch's exporter and ONNX's helpers. A head's graph is written node by node, so that the same
head gives the same bytes.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.base.digest import digest
from mesocosm.base.files import folder_appears
from mesocosm.learn.bases import Base

Array = np.ndarray[Any, Any]
REVISION = 2


def export_trunk(trunk: Any, folder: Path) -> None:
    """Write `trunk.fp32.onnx` and `trunk.int8.onnx` of a trunk into a folder."""
    import torch

    ids = torch.arange(14, dtype=torch.int64).reshape(2, 7)
    mask = torch.ones(2, 7, dtype=torch.int64)  # one tensor for both inputs would be traced as one input
    axes = {0: torch.export.Dim("rows"), 1: torch.export.Dim("length", max=512)}
    for name in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            trunk.eval(), (ids, mask), dynamo=True, verbose=False, optimize=True,
            input_names=["input_ids", "attention_mask"], output_names=["features"],
            dynamic_shapes={"input_ids": axes, "attention_mask": axes},
        )  # fmt: skip
        assert program is not None
        program.save(str(folder / "trunk.fp32.onnx"))
        quantise(folder / "trunk.fp32.onnx", folder / "trunk.int8.onnx")


def quantise(source: Path, target: Path) -> None:
    """Write a graph with its matrix products in int8, scales chosen per row at run time."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gemm"])
    finally:
        root.setLevel(level)


def shared_trunk(base: Base, store: Path) -> Path:
    """The folder of an untouched base's graphs and tokenizer, exported once a store."""
    import shutil

    import onnxruntime
    import torch

    from mesocosm.learn.encode import load_trunk

    made = digest(base.weights, REVISION, torch.__version__, onnxruntime.__version__)
    folder = store / "trunks" / made
    if not (folder / "trunk.int8.onnx").is_file():
        with folder_appears(folder) as aside:
            export_trunk(load_trunk(base), aside)
            shutil.copy(base.folder / "tokenizer.json", aside / "tokenizer.json")
    return folder


def export_head(tensors: dict[str, Array], path: Path) -> None:
    """Write a head's graph: inputs `features` and `table`, output `probabilities`."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Any] = []
    consts = {n: numpy_helper.from_array(np.ascontiguousarray(v), n) for n, v in tensors.items() if n != "gammas"}

    def node(kind: str, inputs: list[str], out: str, **more: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [out], **more))
        return out

    def const(name: str, value: Array) -> str:
        consts[name] = numpy_helper.from_array(value, name)
        return name

    if "alpha" in tensors:
        parts = []
        for i, (x, rows) in enumerate((("features", "text"), ("table", "table"))):
            gamma = float(tensors["gammas"][i])
            kept = tensors[rows]
            consts.pop(rows)
            if not gamma or not kept.shape[1]:
                continue
            square = node("ReduceSum", [node("Mul", [x, x], f"{x}_sq"), const(f"{x}_axis", np.array([1]))], f"{x}_norm")
            cross = node("MatMul", [x, const(f"{x}_rows", np.ascontiguousarray(kept.T * np.float32(-2)))], f"{x}_cross")
            total = node("Add", [node("Add", [square, cross], f"{x}_a"), const(f"{x}_own", (kept * kept).sum(1))], f"{x}_b")
            floor = node("Relu", [total], f"{x}_d")
            parts.append(node("Mul", [floor, const(f"{x}_gamma", np.array(-gamma, np.float32))], f"{x}_g"))
        power = parts[0] if len(parts) == 1 else node("Add", parts, "power")
        logits = node("Add", [node("MatMul", [node("Exp", [power], "kernel"), "alpha"], "sum"), "bias"], "logits")
    else:
        joined = node("Concat", ["features", "table"], "joined", axis=1)
        logits = node("Add", [node("MatMul", [joined, "weights"], "sum"), "bias"], "logits")
    node("Softmax", [logits], "probabilities", axis=1)
    graph = helper.make_graph(
        nodes, "head",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", None]) for n in ("features", "table")],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", None])],
        list(consts.values()),
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="mesocosm")
    model.ir_version = 9
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
