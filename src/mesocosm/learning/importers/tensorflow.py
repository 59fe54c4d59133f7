"""A SavedModel of TensorFlow as an ONNX graph: every operator that it names is looked at before it
is loaded, in a process of its own.

Knows TensorFlow and tf2onnx, in that process only. Numbers are reckoned with, nothing else: no
files, tables, text or code.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mesocosm.core.errors import Failure, Wrong
from mesocosm.core.files import write_json

KEY = "base.tensorflow"
MOST_BYTES = 2_000_000_000
MOST_SECONDS = 600
SIGNATURE = "serving_default"
WEIGHTS = ("variables.index", "variables.data-")
BESIDE = {"saved_model.pb", "fingerprint.pb", "keras_metadata.pb"}
HANDED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
    "TMPDIR",
    "SYSTEMROOT",
)  # no secret of ours is in it
OF_NUMBERS = {
    "Abs",
    "Add",
    "AddN",
    "AddV2",
    "ArgMax",
    "BatchMatMulV2",
    "BiasAdd",
    "Cast",
    "Ceil",
    "ClipByValue",
    "ConcatV2",
    "Const",
    "Div",
    "DivNoNan",
    "Elu",
    "Equal",
    "Erf",
    "Exp",
    "ExpandDims",
    "Expm1",
    "Fill",
    "Floor",
    "FusedBatchNormV3",
    "GatherV2",
    "Greater",
    "GreaterEqual",
    "Identity",
    "IdentityN",
    "LeakyRelu",
    "Less",
    "LessEqual",
    "Log",
    "Log1p",
    "LogSoftmax",
    "LogicalAnd",
    "LogicalNot",
    "LogicalOr",
    "MatMul",
    "Max",
    "Maximum",
    "Mean",
    "Min",
    "Minimum",
    "Mul",
    "Neg",
    "NoOp",
    "NotEqual",
    "OneHot",
    "Pack",
    "Pad",
    "PadV2",
    "PartitionedCall",
    "Placeholder",
    "Pow",
    "Prod",
    "Range",
    "RealDiv",
    "Relu",
    "Relu6",
    "Reshape",
    "Round",
    "Rsqrt",
    "Select",
    "SelectV2",
    "Selu",
    "Shape",
    "Sigmoid",
    "Sign",
    "Slice",
    "Softmax",
    "Softplus",
    "Softsign",
    "Split",
    "SplitV",
    "Sqrt",
    "Square",
    "SquaredDifference",
    "Squeeze",
    "StatefulPartitionedCall",
    "StopGradient",
    "StridedSlice",
    "Sub",
    "Sum",
    "Tanh",
    "Tile",
    "Transpose",
    "Unpack",
}
OF_WEIGHTS = {
    "AssignVariableOp",
    "DisableCopyOnRead",
    "MergeV2Checkpoints",
    "ReadVariableOp",
    "RestoreV2",
    "SaveV2",
    "ShardedFilename",
    "StaticRegexFullMatch",
    "StringJoin",
    "VarHandleOp",
    "VarIsInitializedOp",
}
KEPT = {
    "user_object",
    "function",
    "bare_concrete_function",
    "variable",
    "constant",
    "captured_tensor",
}


def convert_to_onnx(folder: Path, named: str) -> bytes:
    """The folder's net as a serialised ONNX graph.

    Raises:
        Wrong: it is no whole SavedModel, or names what is not taken.
        Failure: TensorFlow is not installed, or took too long.

    Source: https://www.tensorflow.org/guide/saved_model
    """
    _looked_at(folder, named)
    with tempfile.TemporaryDirectory(prefix="mesocosm-") as home:
        words = [
            sys.executable,
            "-m",
            "mesocosm.learning.importers.tensorflow",
            str(folder.resolve()),
            home,
            named,
        ]
        quiet = {
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "-1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "KERAS_HOME": home,
        }
        try:
            done = subprocess.run(
                words,
                env={k: os.environ[k] for k in HANDED if k in os.environ} | quiet,
                capture_output=True,
                timeout=MOST_SECONDS,
                cwd=home,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Failure(
                f"'{named}' was not read within {MOST_SECONDS} s; bring it as an ONNX file"
            ) from error
        told = Path(home, "told.json")
        if not told.is_file():
            raise Wrong(
                KEY,
                f"'{named}' ended the process that read it (exit code {done.returncode})",
                "a whole folder saved by tf.saved_model.save or Keras' export",
            )
        said = json.loads(told.read_text(encoding="utf-8"))
        if "failure" in said:
            raise Failure(said["failure"])
        if "wrong" in said:
            raise Wrong(*said["wrong"])
        return Path(home, "made.onnx").read_bytes()


def _looked_at(folder: Path, named: str) -> None:
    """Refuse a folder that holds anything but a graph and its weights."""
    size = 0
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).as_posix()
        weights = inner.startswith("variables/") and path.name.startswith(WEIGHTS)
        if path.is_symlink() or not (
            path.is_dir()
            and inner in ("variables", "assets")
            or path.is_file()
            and (inner in BESIDE or weights)
        ):
            raise Wrong(
                KEY,
                f"'{named}' holds '{inner[:80]}'",
                "a SavedModel with its variables, and no assets or links",
            )
        size += path.stat().st_size if path.is_file() else 0
    if not (folder / "saved_model.pb").is_file():
        raise Wrong(
            KEY,
            f"'{named}' holds no saved_model.pb",
            "a folder saved by tf.saved_model.save or Keras' export",
        )
    if size > MOST_BYTES:
        raise Wrong(KEY, f"its files have more than {MOST_BYTES} bytes", "a smaller one")


def _operators(graph: Any) -> Iterator[str]:
    """The operators of a graph and of the functions in it."""
    for node in graph.node:
        yield node.op
    for function in graph.library.function:
        for node in function.node_def:
            yield node.op


def _known(graph: Any, taken: set[str], named: str) -> None:
    unknown = sorted(set(_operators(graph)) - taken)
    if unknown:
        raise Wrong(
            KEY,
            f"'{named}' uses the operator '{unknown[0][:60]}'",
            "operators that reckon with numbers only",
        )


def _read(folder: Path, named: str, out: Path) -> None:
    """Write the ONNX graph; run in a process of its own."""
    try:
        import tensorflow as tf
        import tf2onnx
        from google.protobuf.message import DecodeError
        from tensorflow.core.protobuf import saved_model_pb2
        from tensorflow.python.framework.convert_to_constants import (
            convert_variables_to_constants_v2,
        )
    except ImportError as error:
        raise Failure(
            f"a SavedModel needs TensorFlow and tf2onnx ({error}); install mesocosm with its extra"
            " 'tensorflow'"
        ) from error
    whole = saved_model_pb2.SavedModel()
    try:
        whole.ParseFromString((folder / "saved_model.pb").read_bytes())
    except DecodeError as error:
        raise Wrong(
            KEY,
            f"'{named}' is no whole SavedModel",
            "a folder saved by tf.saved_model.save or Keras' export",
        ) from error
    if len(whole.meta_graphs) != 1 or not whole.meta_graphs[0].object_graph_def.nodes:
        raise Wrong(
            KEY,
            f"'{named}' holds {len(whole.meta_graphs)} graphs of TensorFlow 1",
            "one graph, saved by TensorFlow 2",
        )
    (meta,) = whole.meta_graphs
    _known(meta.graph_def, OF_NUMBERS | OF_WEIGHTS, named)
    kinds = {str(n.WhichOneof("kind")) for n in meta.object_graph_def.nodes} - KEPT
    if kinds or meta.asset_file_def:
        raise Wrong(
            KEY,
            f"'{named}' keeps {', '.join(sorted(kinds)) or 'assets'}",
            "variables and functions only",
        )
    if SIGNATURE not in meta.signature_def:
        raise Wrong(
            KEY,
            f"'{named}' has the signatures {', '.join(sorted(meta.signature_def)) or 'none'}",
            f"one called '{SIGNATURE}'",
        )
    signature = meta.signature_def[SIGNATURE]
    if len(signature.inputs) != 1 or len(signature.outputs) != 1:
        raise Wrong(
            KEY,
            f"'{named}' takes {len(signature.inputs)} inputs and gives {len(signature.outputs)}"
            " outputs",
            "one of each: (rows, inputs) to (rows, classes), or to (rows, 1)",
        )
    loaded = tf.saved_model.load(str(folder))
    asked = loaded.signatures[SIGNATURE]
    _known(
        asked.graph.as_graph_def(), OF_NUMBERS | {"ReadVariableOp"}, named
    )  # what keeps weights has no place in what answers
    frozen = convert_variables_to_constants_v2(asked)
    made, _ = tf2onnx.convert.from_graph_def(
        frozen.graph.as_graph_def(),
        input_names=[t.name for t in frozen.inputs],
        output_names=[t.name for t in frozen.outputs],
        opset=17,
    )
    (out / "made.onnx").write_bytes(made.SerializeToString())


def main(folder: str, out: str, named: str) -> None:
    """Write `made.onnx` to a folder, and `told.json` with what went wrong, if anything did."""
    told: dict[str, Any] = {}
    try:
        _read(Path(folder), named, Path(out))
    except Wrong as wrong:
        told = {"wrong": [wrong.key, wrong.found, wrong.wanted]}
    except Failure as failure:
        told = {"failure": str(failure)}
    except Exception as error:  # TensorFlow and tf2onnx each have their own kinds
        told = {
            "wrong": [
                KEY,
                (
                    f"'{named}' cannot be read by TensorFlow"
                    f" ({str(error).splitlines()[0][:160] if str(error) else type(error).__name__})"
                ),
                "a whole folder saved by tf.saved_model.save or Keras' export",
            ]
        }
    write_json(Path(out) / "told.json", told)


if __name__ == "__main__":
    main(*sys.argv[1:])
