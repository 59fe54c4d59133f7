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

from mesocosm.core.errors import ConfigValueError, MesocosmError, text_of
from mesocosm.core.files import write_json
from mesocosm.core.messages import Message, text_as_json, text_of_json
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
EXPECTED = Message("learning.complete_saved_model")
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
                Message("learning.ended_the_process", file=named, code=returncode),
                EXPECTED,
            )
        _raise_reported(json.loads(report.read_text(encoding="utf-8")))
        return Path(home, CONVERTED).read_bytes()


class Report(TypedDict, total=False):
    """What went wrong: a failure, or the key, what was found and what is expected."""

    failure: object
    wrong: list[object]


def _raise_reported(report: Report) -> None:
    """Raise the error that the converter reports, if there was one."""
    if "failure" in report:
        raise MesocosmError(text_of_json(report["failure"]))
    if "wrong" in report:
        key, found, expected = report["wrong"]
        raise ConfigValueError(str(key), text_of_json(found), text_of_json(expected))


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
            Message("learning.not_read_in_time", file=named, seconds=MAX_SECONDS)
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
                Message("learning.holds_file", file=named, inner=inner[:80]),
                Message("learning.saved_model_alone"),
            )
        if path.is_file():
            size += path.stat().st_size
    if not (folder / "saved_model.pb").is_file():
        raise ConfigValueError(KEY, Message("learning.no_saved_model", file=named), EXPECTED)
    if size > MAX_BYTES:
        raise ConfigValueError(
            KEY,
            Message("learning.files_too_large", bytes=MAX_BYTES),
            Message("learning.smaller_one"),
        )


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
            Message("learning.uses_operator", file=named, operator=unknown[0][:60]),
            Message("learning.numeric_operators"),
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
            Message("learning.tensorflow_not_installed", error=str(error))
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
        raise ConfigValueError(
            KEY, Message("learning.not_saved_model", file=named), EXPECTED
        ) from error
    model: SavedModel = parsed
    if len(model.meta_graphs) != 1 or not model.meta_graphs[0].object_graph_def.nodes:
        raise ConfigValueError(
            KEY,
            Message("learning.tensorflow_1", file=named, graphs=len(model.meta_graphs)),
            Message("learning.tensorflow_2"),
        )
    return model.meta_graphs[0]


def _check_graph(meta: MetaGraph, named: str) -> None:
    """Refuse operators, objects and signatures that are not taken."""
    _check_operators(meta.graph_def, NUMERIC_OPERATORS | WEIGHT_OPERATORS, named)
    kinds = {str(n.WhichOneof("kind")) for n in meta.object_graph_def.nodes} - OBJECTS
    if kinds or meta.asset_file_def:
        raise ConfigValueError(
            KEY,
            Message(
                "learning.keeps_objects",
                file=named,
                kinds=tuple(sorted(kinds)) or Message("learning.assets"),
            ),
            Message("learning.variables_and_functions"),
        )
    _check_signature(meta.signature_def, named)


def _check_signature(signatures: Mapping[str, Signature], named: str) -> None:
    """Refuse a model that is not called with one input for one output."""
    if SIGNATURE not in signatures:
        raise ConfigValueError(
            KEY,
            Message(
                "learning.has_signatures",
                file=named,
                signatures=tuple(sorted(signatures)) or Message("learning.none"),
            ),
            Message("learning.signature_called", name=SIGNATURE),
        )
    signature = signatures[SIGNATURE]
    if len(signature.inputs) != 1 or len(signature.outputs) != 1:
        raise ConfigValueError(
            KEY,
            Message(
                "learning.inputs_and_outputs",
                file=named,
                inputs=len(signature.inputs),
                outputs=len(signature.outputs),
            ),
            Message("learning.one_of_each"),
        )


def main(folder: str, out: str, named: str) -> None:
    """Write the ONNX graph to a folder, and a report of the error, if there was one."""
    report: Report = {}
    try:
        _convert(Path(folder), named, Path(out))
    except ConfigValueError as wrong:
        report = {"wrong": [wrong.key, text_as_json(wrong.found), text_as_json(wrong.expected)]}
    except MesocosmError as failure:
        report = {"failure": text_as_json(text_of(failure))}
    except Exception as error:  # TensorFlow and tf2onnx each have their own kinds
        found = Message("learning.tensorflow_unreadable", file=named, reason=shorten_error(error))
        report = {"wrong": [KEY, found.as_json(), EXPECTED.as_json()]}
    write_json(Path(out) / REPORT, report)


if __name__ == "__main__":
    main(*sys.argv[1:])
