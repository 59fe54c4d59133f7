"""Export to ONNX: the trunk once a base, the head as a small graph of its own, both precisions of a
trunk.

Knows torch's exporter and ONNX's helpers. A head's graph is written node by node, so that the same
head gives the same bytes.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.core.cache import copy_from_cache, copy_to_cache
from mesocosm.core.files import folder_appears
from mesocosm.core.hashing import digest
from mesocosm.learning.arrays import Array
from mesocosm.learning.base_models import Base
from mesocosm.learning.export.graph_builder import GraphBuilder
from mesocosm.learning.export.lookup_tables import narrow_tables
from mesocosm.learning.export.quantization import quantize
from mesocosm.learning.export.reweighting import reweight
from mesocosm.learning.export.weight_sharing import extract_weights, link_or_copy, share_weights
from mesocosm.learning.features.pooling import pool_by_product
from mesocosm.learning.heads.centered import SHORTEST
from mesocosm.learning.heads.head import Tensors

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto
    from torch import nn


REVISION = 5
Shape = Callable[[str, Tensors, GraphBuilder], str]  # adds a head's nodes; the name of its logits
TREE_NUMBERS = ("tree", "number", "feature", "left", "right", "target")


def export_trunk(trunk: nn.Module, folder: Path) -> None:
    """Write `trunk.fp32.onnx` and `trunk.int8.onnx` of a trunk into a folder."""
    import torch

    ids = torch.arange(14, dtype=torch.int64).reshape(2, 7)
    # one tensor for both inputs would be traced as one input
    mask = torch.ones(2, 7, dtype=torch.int64)
    axes = {0: torch.export.Dim("rows"), 1: torch.export.Dim("length", max=512)}
    for name in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            trunk.eval(),
            (ids, mask),
            dynamo=True,
            verbose=False,
            optimize=True,
            input_names=["input_ids", "attention_mask"],
            output_names=["features"],
            dynamic_shapes={"input_ids": axes, "attention_mask": axes},
        )
        assert program is not None
        program.save(str(folder / "trunk.fp32.onnx"))
        pool_by_product(folder / "trunk.fp32.onnx")
        narrow_tables(folder / "trunk.fp32.onnx")
        quantize(folder / "trunk.fp32.onnx", folder / "trunk.int8.onnx")


def trunk_folder(base: Base, store: Path) -> Path:
    """The folder of an untouched base's graphs."""
    return (
        store / "trunks" / digest(base.weights, REVISION, version("torch"), version("onnxruntime"))
    )


def shared_trunk(base: Base, store: Path) -> Path:
    """The folder of an untouched base's graphs and tokenizer, exported once a store, or once for
    all stores of a user where there is a cache.
    """
    import shutil

    from mesocosm.learning.features.embeddings import load_trunk

    folder = trunk_folder(base, store)
    if not (folder / "trunk.int8.onnx").is_file() and not copy_from_cache(
        f"trunks/{folder.name}", folder
    ):
        with folder_appears(folder, "trunk.int8.onnx") as aside:
            export_trunk(load_trunk(base), aside)
            extract_weights(aside)
            shutil.copy(base.folder / "tokenizer.json", aside / "tokenizer.json")
        copy_to_cache(f"trunks/{folder.name}", folder)
    return folder


def tuned_trunk(trunk: nn.Module, base: Base, folder: Path, store: Path) -> dict[str, float]:
    """Write a fine-tuned trunk's graphs and tokenizer into a new folder; weights that were not
    changed are shared with the base.

    Returns:
        Megabytes of each precision's graph that are its own.
    """
    from mesocosm.learning.features.embeddings import load_trunk

    shared = shared_trunk(base, store)
    folder.mkdir()
    if reweight(trunk, load_trunk(base), shared / "trunk.fp32.onnx", folder / "trunk.fp32.onnx"):
        quantize(folder / "trunk.fp32.onnx", folder / "trunk.int8.onnx")
    else:
        export_trunk(trunk, folder)
    link_or_copy(shared / "tokenizer.json", folder / "tokenizer.json")
    return share_weights(folder, shared)


def export_head(
    parts: list[Tensors],
    path: Path,
    classes: int = 2,
    many: bool = False,
    shares: Sequence[float] = (),
) -> None:
    """Write a head's graph: inputs `features` and `table`, output `probabilities`, or `values`
    (rows, 1) with `classes` 0.

    Args:
        parts: the tensors of each head; several are averaged.
        many: whether several classes may apply, so that each has a probability of its own.
        shares: the weight of each head in the average, where they differ.
    """
    builder = GraphBuilder()
    logits = [_add_head(f"h{i}", t, builder) for i, t in enumerate(parts)]
    outputs = [_activate(builder, f"h{i}", x, classes, many) for i, x in enumerate(logits)]
    out = "values"
    if classes:
        out = "probabilities"
    if len(set(shares)) > 1:
        builder.node("Sum", _weigh_outputs(builder, outputs, shares), out)
    else:
        builder.node("Mean", outputs, out)
    path.write_bytes(_head_model(builder, out).SerializeToString())


def _weigh_outputs(
    builder: GraphBuilder, outputs: Sequence[str], shares: Sequence[float]
) -> list[str]:
    """The outputs of heads, each times its weight in the average."""
    weighted = []
    for i, (output, share) in enumerate(zip(outputs, shares, strict=True)):
        weight = builder.const(f"h{i}_share", np.array(share, np.float32))
        weighted.append(builder.node("Mul", [output, weight], f"h{i}_part"))
    return weighted


def _activate(builder: GraphBuilder, name: str, logits: str, classes: int, many: bool) -> str:
    """Probabilities of logits; a number is its value."""
    if not classes:
        return logits
    if many:
        return builder.node("Sigmoid", [logits], f"{name}_p")
    return builder.node("Softmax", [logits], f"{name}_p", axis=1)


def _head_model(builder: GraphBuilder, out: str) -> ModelProto:
    """The checked model of a head's nodes."""
    import onnx
    from onnx import TensorProto, helper

    def table(name: str) -> ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", None])

    graph = helper.make_graph(
        builder.nodes, "head", [table("features"), table("table")], [table(out)], builder.constants
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
        producer_name="mesocosm",
    )
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model


def _add_head(h: str, tensors: Tensors, builder: GraphBuilder) -> str:
    """The nodes of a head, over features that are centered first where it has a center."""
    builder.features = "features"
    if "center" in tensors:
        builder.features = _add_centering(h, tensors["center"], builder)
    return _choose_shape(tensors)(h, tensors, builder)


def _add_centering(h: str, center: Array, builder: GraphBuilder) -> str:
    """The nodes of `heads.centered.center_features`."""
    node, const = builder.node, builder.const
    left = node("Sub", ["features", const(f"{h}_center", center)], f"{h}_left")
    squares = node("Mul", [left, left], f"{h}_left_squares")
    total = node("ReduceSum", [squares, const(f"{h}_left_axis", np.array([1]))], f"{h}_left_total")
    length = node("Sqrt", [total], f"{h}_left_length")
    shortest = const(f"{h}_shortest", np.array(SHORTEST))
    return node("Div", [left, node("Max", [length, shortest], f"{h}_left_most")], f"{h}_centered")


def _choose_shape(tensors: Tensors) -> Shape:
    """What adds the nodes of a head, by its tensors."""
    if "net" in tensors:
        from mesocosm.learning.heads.nets import attention, mlp

        return {"mlp": mlp.graph, "attention": attention.graph}[str(tensors["net"])]
    if "alpha" in tensors:
        return _add_kernel
    if "leaf" in tensors:
        return _add_trees
    return _add_linear


def _add_trees(h: str, tensors: Tensors, builder: GraphBuilder) -> str:
    """The nodes of boosted trees, which read the table only."""
    leaves = np.flatnonzero(tensors["leaf"])
    numbers: dict[str, list[int]] = {k: tensors[k].tolist() for k in TREE_NUMBERS}
    at_leaves: dict[str, list[int]] = {k: tensors[k][leaves].tolist() for k in TREE_NUMBERS}
    thresholds: list[float] = tensors["threshold"].tolist()
    values: list[float] = tensors["value"][leaves].tolist()
    total = builder.node(
        "TreeEnsembleRegressor",
        ["table"],
        f"{h}_trees",
        domain="ai.onnx.ml",
        n_targets=len(tensors["bias"]),
        aggregate_function="SUM",
        post_transform="NONE",
        nodes_treeids=numbers["tree"],
        nodes_nodeids=numbers["number"],
        nodes_featureids=numbers["feature"],
        nodes_values=thresholds,
        nodes_modes=np.where(tensors["leaf"], "LEAF", "BRANCH_LEQ").tolist(),
        nodes_truenodeids=numbers["left"],
        nodes_falsenodeids=numbers["right"],
        target_treeids=at_leaves["tree"],
        target_nodeids=at_leaves["number"],
        target_ids=at_leaves["target"],
        target_weights=values,
    )
    biased = builder.node("Add", [total, builder.const(f"{h}_bias", tensors["bias"])], f"{h}_sums")
    spread = builder.const(f"{h}_spread", tensors["spread"])
    return builder.node("MatMul", [biased, spread], f"{h}_logits")


def _add_linear(h: str, tensors: Tensors, builder: GraphBuilder) -> str:
    """The nodes of a linear head."""
    joined = builder.node("Concat", [builder.features, "table"], f"{h}_joined", axis=1)
    weights = builder.const(f"{h}_weights", tensors["weights"])
    product = builder.node("MatMul", [joined, weights], f"{h}_sum")
    bias = builder.const(f"{h}_bias", tensors["bias"])
    return builder.node("Add", [product, bias], f"{h}_logits")


def _add_kernel(h: str, tensors: Tensors, builder: GraphBuilder) -> str:
    """The nodes of a kernel head: a product of two kernels, where both read something."""
    powers = []
    for i, (x, rows) in enumerate(((builder.features, "text"), ("table", "table"))):
        gamma, kept = float(tensors["gammas"][i]), tensors[rows]
        if gamma and kept.shape[1]:
            powers.append(_add_power(f"{h}_{rows}", x, gamma, kept, builder))
    power = powers[0]
    if len(powers) > 1:
        power = builder.node("Add", powers, f"{h}_power")
    kernel = builder.node("Exp", [power], f"{h}_kernel")
    alpha = builder.const(f"{h}_alpha", tensors["alpha"])
    product = builder.node("MatMul", [kernel, alpha], f"{h}_sum")
    bias = builder.const(f"{h}_bias", tensors["bias"])
    return builder.node("Add", [product, bias], f"{h}_logits")


def _add_power(n: str, x: str, gamma: float, kept: Array, builder: GraphBuilder) -> str:
    """The nodes of a kernel's exponent: minus gamma times the squared distances to the rows."""
    node, const = builder.node, builder.const
    squares = node("Mul", [x, x], f"{n}_sq")
    norm = node("ReduceSum", [squares, const(f"{n}_axis", np.array([1]))], f"{n}_norm")
    cross = node("MatMul", [x, const(f"{n}_rows", kept.T * np.float32(-2))], f"{n}_cross")
    less = node("Add", [norm, cross], f"{n}_a")
    total = node("Add", [less, const(f"{n}_own", (kept * kept).sum(1))], f"{n}_b")
    distances = node("Relu", [total], f"{n}_d")
    scale = const(f"{n}_gamma", np.array(-gamma, np.float32))
    return node("Mul", [distances, scale], f"{n}_g")
