"""Export to ONNX: the trunk once a base, the head as a small graph of its own, both precisions of a
trunk.

Knows torch's exporter and ONNX's helpers. A head's graph is written node by node, so that the same
head gives the same bytes.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.core.cache import copy_from_cache, copy_to_cache
from mesocosm.core.files import folder_appears
from mesocosm.core.hashing import digest
from mesocosm.learning.base_models import Base
from mesocosm.learning.export.quantization import quantize
from mesocosm.learning.export.reweighting import reweight
from mesocosm.learning.export.weight_sharing import extract_weights, link_or_copy, share_weights
from mesocosm.learning.features.pooling import pool_by_product

Array = np.ndarray[Any, Any]
REVISION = 5


def export_trunk(trunk: Any, folder: Path) -> None:
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
        with folder_appears(folder) as aside:
            export_trunk(load_trunk(base), aside)
            extract_weights(aside)
            shutil.copy(base.folder / "tokenizer.json", aside / "tokenizer.json")
        copy_to_cache(f"trunks/{folder.name}", folder)
    return folder


def tuned_trunk(trunk: Any, base: Base, folder: Path, store: Path) -> dict[str, float]:
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


class _GraphBuilder:
    """Nodes and constants of a graph, in the order in which they are added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, kind: str, inputs: list[str], out: str, **more: Any) -> str:
        """Add a node of one output; its name."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [out], **more))
        return out

    def const(self, name: str, value: Array) -> str:
        """Add a constant; its name."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name


def export_head(
    parts: list[dict[str, Array]],
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
    builder = _GraphBuilder()
    logits = [
        _shape(tensors)(f"h{i}", tensors, builder.node, builder.const)
        for i, tensors in enumerate(parts)
    ]
    outputs = [_activate(builder, f"h{i}", x, classes, many) for i, x in enumerate(logits)]
    out = "probabilities" if classes else "values"
    if len(set(shares)) > 1:
        weighted = [
            builder.node(
                "Mul",
                [output, builder.const(f"h{i}_share", np.array(share, np.float32))],
                f"h{i}_part",
            )
            for i, (output, share) in enumerate(zip(outputs, shares, strict=True))
        ]
        builder.node("Sum", weighted, out)
    else:
        builder.node("Mean", outputs, out)
    path.write_bytes(_head_model(builder, out).SerializeToString())


def _activate(builder: _GraphBuilder, name: str, logits: str, classes: int, many: bool) -> str:
    """Probabilities of logits; a number is its value."""
    if not classes:
        return logits
    if many:
        return builder.node("Sigmoid", [logits], f"{name}_p")
    return builder.node("Softmax", [logits], f"{name}_p", axis=1)


def _head_model(builder: _GraphBuilder, out: str) -> Any:
    """The checked model of a head's nodes."""
    import onnx
    from onnx import TensorProto, helper

    def table(name: str) -> Any:
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


def _shape(tensors: dict[str, Array]) -> Any:
    """What adds the nodes of a head, by its tensors."""
    if "net" in tensors:
        from mesocosm.learning.heads import attention, mlp

        return {"mlp": mlp, "attention": attention}[str(tensors["net"])].graph
    if "alpha" in tensors:
        return _kernel
    return _trees if "leaf" in tensors else _linear


def _trees(h: str, tensors: dict[str, Array], node: Any, const: Any) -> str:
    t = {k: v.tolist() for k, v in tensors.items()}
    leaves = [i for i, leaf in enumerate(t["leaf"]) if leaf]
    total = node(
        "TreeEnsembleRegressor",
        ["table"],
        f"{h}_trees",
        domain="ai.onnx.ml",
        n_targets=len(t["bias"]),
        aggregate_function="SUM",
        post_transform="NONE",
        nodes_treeids=t["tree"],
        nodes_nodeids=t["number"],
        nodes_featureids=t["feature"],
        nodes_values=t["threshold"],
        nodes_modes=["LEAF" if leaf else "BRANCH_LEQ" for leaf in t["leaf"]],
        nodes_truenodeids=t["left"],
        nodes_falsenodeids=t["right"],
        target_treeids=[t["tree"][i] for i in leaves],
        target_nodeids=[t["number"][i] for i in leaves],
        target_ids=[t["target"][i] for i in leaves],
        target_weights=[t["value"][i] for i in leaves],
    )
    biased = node("Add", [total, const(f"{h}_bias", tensors["bias"])], f"{h}_sums")
    return str(node("MatMul", [biased, const(f"{h}_spread", tensors["spread"])], f"{h}_logits"))


def _linear(h: str, tensors: dict[str, Array], node: Any, const: Any) -> str:
    joined = node("Concat", ["features", "table"], f"{h}_joined", axis=1)
    product = node("MatMul", [joined, const(f"{h}_weights", tensors["weights"])], f"{h}_sum")
    return str(node("Add", [product, const(f"{h}_bias", tensors["bias"])], f"{h}_logits"))


def _kernel(h: str, tensors: dict[str, Array], node: Any, const: Any) -> str:
    powers = []
    for i, (x, rows) in enumerate((("features", "text"), ("table", "table"))):
        gamma, kept, n = float(tensors["gammas"][i]), tensors[rows], f"{h}_{rows}"
        if not gamma or not kept.shape[1]:
            continue
        norm = node(
            "ReduceSum",
            [node("Mul", [x, x], f"{n}_sq"), const(f"{n}_axis", np.array([1]))],
            f"{n}_norm",
        )
        cross = node("MatMul", [x, const(f"{n}_rows", kept.T * np.float32(-2))], f"{n}_cross")
        total = node(
            "Add",
            [node("Add", [norm, cross], f"{n}_a"), const(f"{n}_own", (kept * kept).sum(1))],
            f"{n}_b",
        )
        powers.append(
            node(
                "Mul",
                [
                    node("Relu", [total], f"{n}_d"),
                    const(f"{n}_gamma", np.array(-gamma, np.float32)),
                ],
                f"{n}_g",
            )
        )
    power = powers[0] if len(powers) == 1 else node("Add", powers, f"{h}_power")
    product = node(
        "MatMul",
        [node("Exp", [power], f"{h}_kernel"), const(f"{h}_alpha", tensors["alpha"])],
        f"{h}_sum",
    )
    return str(node("Add", [product, const(f"{h}_bias", tensors["bias"])], f"{h}_logits"))
