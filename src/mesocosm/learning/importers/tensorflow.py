"""A SavedModel of TensorFlow as an ONNX graph: every operator that it names is checked before it is
loaded, in a process of its own.

Knows TensorFlow and tf2onnx, in that process only. Operators that compute with numbers are taken,
nothing else: no files, tables, text or code.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.files import write_json
from mesocosm.learning.importers.onnx_safety import shorten_error
from mesocosm.learning.importers.tensorflow_graphs import (
    ConcreteFunction,
    Converted,
    Graph,
    MetaGraph,
    SavedModel,
    Signature,
)

KEY = "base.tensorflow"
EXPECTED = "a complete folder saved by tf.saved_model.save or Keras' export"
MAX_BYTES = 2_000_000_000
CONVERTED, REPORT = "made.onnx", "told.json"  # what the converter writes
MAX_SECONDS = 600
SIGNATURE = "serving_default"
WEIGHTS = ("variables.index", "variables.data-")
METADATA = {"saved_model.pb", "fingerprint.pb", "keras_metadata.pb"}
PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
    "TMPDIR",
    "SYSTEMROOT",
)  # environment variables that hold no secret
NUMERIC_OPERATORS = {
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
WEIGHT_OPERATORS = {
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
OBJECTS = {
    "user_object",
    "function",
    "bare_concrete_function",
    "variable",
    "constant",
    "captured_tensor",
}


def convert_to_onnx(folder: Path, named: str) -> bytes:
    """The folder's net as a serialized ONNX graph.

    Args:
        named: the folder as messages name it.

    Raises:
        ConfigValueError: it is not a complete SavedModel, or names what is not taken.
        MesocosmError: TensorFlow is not installed, or took too long.

    Source: https://www.tensorflow.org/guide/saved_model
    """
    _check_folder(folder, named)
    with tempfile.TemporaryDirectory(prefix="mesocosm-") as home:
        returncode = _run_converter(folder, home, named)
        report = Path(home, REPORT)
        if not report.is_file():
            raise ConfigValueError(
                KEY,
                f"'{named}' ended the process that read it (exit code {returncode})",
                EXPECTED,
            )
        _raise_reported(json.loads(report.read_text(encoding="utf-8")))
        return Path(home, CONVERTED).read_bytes()


class Report(TypedDict, total=False):
    """What went wrong: a failure, or the key, what was found and what is expected."""

    failure: str
    wrong: list[str]


def _raise_reported(report: Report) -> None:
    """Raise the error that the converter reports, if there was one."""
    if "failure" in report:
        raise MesocosmError(report["failure"])
    if "wrong" in report:
        key, found, expected = report["wrong"]
        raise ConfigValueError(key, found, expected)


def _run_converter(folder: Path, home: str, named: str) -> int:
    """Convert in a process of its own, with a bare environment; its exit code."""
    command = [
        sys.executable,
        "-m",
        "mesocosm.learning.importers.tensorflow",
        str(folder.resolve()),
        home,
        named,
    ]
    env = {k: os.environ[k] for k in PASSED_ON if k in os.environ} | {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "KERAS_HOME": home,
    }
    try:
        done = subprocess.run(
            command, env=env, capture_output=True, timeout=MAX_SECONDS, cwd=home, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise MesocosmError(
            f"'{named}' was not read within {MAX_SECONDS} s; import it as an ONNX file"
        ) from error
    return done.returncode


def _check_folder(folder: Path, named: str) -> None:
    """Refuse a folder that holds anything but a graph and its weights."""
    size = 0
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).as_posix()
        if not _is_expected(path, inner):
            raise ConfigValueError(
                KEY,
                f"'{named}' holds '{inner[:80]}'",
                "a SavedModel with its variables, and no assets or links",
            )
        if path.is_file():
            size += path.stat().st_size
    if not (folder / "saved_model.pb").is_file():
        raise ConfigValueError(KEY, f"'{named}' holds no saved_model.pb", EXPECTED)
    if size > MAX_BYTES:
        raise ConfigValueError(KEY, f"its files have more than {MAX_BYTES} bytes", "a smaller one")


def _is_expected(path: Path, inner: str) -> bool:
    """Whether a file or folder has a place in a SavedModel of a net alone."""
    if path.is_symlink():
        return False
    if path.is_dir():
        return inner in ("variables", "assets")
    weights = inner.startswith("variables/") and path.name.startswith(WEIGHTS)
    return path.is_file() and (inner in METADATA or weights)


def _operators(graph: Graph) -> Iterator[str]:
    """The operators of a graph and of the functions in it."""
    for node in graph.node:
        yield node.op
    for function in graph.library.function:
        for node in function.node_def:
            yield node.op


def _check_operators(graph: Graph, known: set[str], named: str) -> None:
    unknown = sorted(set(_operators(graph)) - known)
    if unknown:
        raise ConfigValueError(
            KEY,
            f"'{named}' uses the operator '{unknown[0][:60]}'",
            "operators that compute with numbers only",
        )


def _convert(folder: Path, named: str, out: Path) -> None:
    """Write the ONNX graph; run in a process of its own."""
    try:
        import tensorflow as tf
        import tf2onnx
        from tensorflow.python.framework.convert_to_constants import (
            convert_variables_to_constants_v2,
        )
    except ImportError as error:
        raise MesocosmError(
            f"a SavedModel needs TensorFlow and tf2onnx ({error}); install mesocosm with its extra"
            " 'tensorflow'"
        ) from error
    _check_graph(_read_graph(folder, named), named)
    loaded = tf.saved_model.load(str(folder))
    signature: ConcreteFunction = loaded.signatures[SIGNATURE]
    # operators that write weights have no place in a prediction
    _check_operators(signature.graph.as_graph_def(), NUMERIC_OPERATORS | {"ReadVariableOp"}, named)
    frozen: ConcreteFunction = convert_variables_to_constants_v2(signature)
    converted: Converted
    converted, _ = tf2onnx.convert.from_graph_def(
        frozen.graph.as_graph_def(),
        input_names=[t.name for t in frozen.inputs],
        output_names=[t.name for t in frozen.outputs],
        opset=17,
    )
    (out / CONVERTED).write_bytes(converted.SerializeToString())


def _read_graph(folder: Path, named: str) -> MetaGraph:
    """The one graph of the folder, parsed and not loaded."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    parsed = saved_model_pb2.SavedModel()
    try:
        parsed.ParseFromString((folder / "saved_model.pb").read_bytes())
    except DecodeError as error:
        raise ConfigValueError(KEY, f"'{named}' is not a complete SavedModel", EXPECTED) from error
    model: SavedModel = parsed
    if len(model.meta_graphs) != 1 or not model.meta_graphs[0].object_graph_def.nodes:
        raise ConfigValueError(
            KEY,
            f"'{named}' holds {len(model.meta_graphs)} graphs of TensorFlow 1",
            "one graph, saved by TensorFlow 2",
        )
    return model.meta_graphs[0]


def _check_graph(meta: MetaGraph, named: str) -> None:
    """Refuse operators, objects and signatures that are not taken."""
    _check_operators(meta.graph_def, NUMERIC_OPERATORS | WEIGHT_OPERATORS, named)
    kinds = {str(n.WhichOneof("kind")) for n in meta.object_graph_def.nodes} - OBJECTS
    if kinds or meta.asset_file_def:
        raise ConfigValueError(
            KEY,
            f"'{named}' keeps {', '.join(sorted(kinds)) or 'assets'}",
            "variables and functions only",
        )
    _check_signature(meta.signature_def, named)


def _check_signature(signatures: Mapping[str, Signature], named: str) -> None:
    """Refuse a model that is not called with one input for one output."""
    if SIGNATURE not in signatures:
        raise ConfigValueError(
            KEY,
            f"'{named}' has the signatures {', '.join(sorted(signatures)) or 'none'}",
            f"one called '{SIGNATURE}'",
        )
    signature = signatures[SIGNATURE]
    if len(signature.inputs) != 1 or len(signature.outputs) != 1:
        raise ConfigValueError(
            KEY,
            f"'{named}' takes {len(signature.inputs)} inputs and gives {len(signature.outputs)}"
            " outputs",
            "one of each: (rows, inputs) to (rows, classes), or to (rows, 1)",
        )


def main(folder: str, out: str, named: str) -> None:
    """Write the ONNX graph to a folder, and a report of the error, if there was one."""
    report: Report = {}
    try:
        _convert(Path(folder), named, Path(out))
    except ConfigValueError as wrong:
        report = {"wrong": [wrong.key, str(wrong.found), str(wrong.expected)]}
    except MesocosmError as failure:
        report = {"failure": str(failure)}
    except Exception as error:  # TensorFlow and tf2onnx each have their own kinds
        found = f"'{named}' cannot be read by TensorFlow ({shorten_error(error)})"
        report = {"wrong": [KEY, found, EXPECTED]}
    write_json(Path(out) / REPORT, report)


if __name__ == "__main__":
    main(*sys.argv[1:])
