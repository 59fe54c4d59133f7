"""A model that was made elsewhere, brought in as an ONNX graph: looked at before it is run, judged
and served as our own.

Knows ONNX graphs. Only operators of the standard are taken, and no file beside the graph is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import model_validator

from mesocosm.core.errors import Failure, Wrong
from mesocosm.core.files import inside
from mesocosm.core.settings import Kind

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
FLOAT = 1  # onnx.TensorProto.FLOAT
FAR = 1e30
MOST_BYTES = 2_000_000_000


class ImportedModel(Kind):
    """A model of numbers in one row each, made elsewhere.

    Args:
        onnx: the file, inside the project. Its one input takes (rows, inputs) in float32 in the
            order of `inputs`; an output gives probabilities (rows, classes), or values (rows, 1)
            where a number is predicted.
        keras: a `.keras` file in its place, of Keras 3; needs the extra `keras`.
        tensorflow: a SavedModel's folder in its place, of TensorFlow 2; needs the extra
            `tensorflow`.
        labels: the classes in the order of its output; the alphabet's where it is not given.

    Source: https://onnx.ai/onnx/repo-docs/IR.html

    >>> Brought(onnx="models/old.onnx").labels
    ()
    """

    short: ClassVar[str] = "onnx"
    onnx: str | None = None
    keras: str | None = None
    tensorflow: str | None = None
    labels: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one(self) -> ImportedModel:
        if sum(one is not None for one in (self.onnx, self.keras, self.tensorflow)) != 1:
            raise ValueError(
                "'onnx' or 'keras' with a file or 'tensorflow' with a folder, and one of them"
            )
        return self

    @property
    def extras(self) -> tuple[str, ...]:
        """Keras' or TensorFlow's own, where it is of them."""
        return ("keras",) if self.keras else ("tensorflow",) if self.tensorflow else ()

    @property
    def file(self) -> str:
        """The file's name, or the folder's."""
        return self.onnx or self.keras or self.tensorflow or ""

    @property
    def key(self) -> str:
        """Where it stands in the file, for messages."""
        return "base.onnx" if self.onnx else "base.keras" if self.keras else "base.tensorflow"

    def path(self, root: Path) -> Path:
        """Where the file is, or the folder.

        Raises:
            Wrong: it leaves the project, or is not there.
        """
        found = inside(root, self.file, self.key)
        if self.tensorflow and not found.is_dir():
            raise Wrong(self.key, f"no folder is at '{self.file}'", "a SavedModel")
        if not self.tensorflow and not found.is_file():
            raise Wrong(
                self.key,
                f"no file is at '{self.file}'",
                "an ONNX file" if self.onnx else "a Keras file",
            )
        return found

    def content(self, root: Path) -> str:
        """What tells its bytes from others.

        Raises:
            Wrong: as `path`.
        """
        from mesocosm.core.hashing import digest_file, digest_folder

        found = self.path(root)
        return digest_folder(found) if self.tensorflow else digest_file(found)


def wrap_as_head(
    setting: ImportedModel,
    root: Path,
    inputs: int,
    order: Sequence[int],
    scale: tuple[float, float] | None,
) -> Any:
    """The graph as a head: inputs `features` (not looked at) and `table`, output `probabilities` or
    `values`.

    Args:
        inputs: how many numbers a row has.
        order: for each of our classes its place in the graph's output; one 0 for a number.
        scale: mean and deviation by which a number is standardised, as our heads say it; None for
            classes.

    Raises:
        Wrong: the file is no ONNX, brings operators or files of its own, or its input or output has
            another shape.
    """
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    from mesocosm.learning.importers import keras as importers_keras
    from mesocosm.learning.importers import tensorflow as importers_tensorflow

    path = setting.path(root)
    if path.stat().st_size > MOST_BYTES:
        raise Wrong(setting.key, f"the file has more than {MOST_BYTES} bytes", "a smaller one")
    try:
        read = (
            importers_keras.convert_to_onnx
            if setting.keras
            else importers_tensorflow.convert_to_onnx
            if setting.tensorflow
            else None
        )
        model = (
            onnx.load_from_string(read(path, setting.file))
            if read
            else onnx.load(str(path), load_external_data=False)
        )
        _safe(model, setting.file)
        onnx.checker.check_model(model)
    except (Wrong, Failure):
        raise
    except Exception as error:  # protobuf and the checker each have their own kinds
        raise Wrong(
            "base.onnx",
            f"'{setting.file}' is no whole ONNX graph",
            "a file that onnx.checker passes",
        ) from error
    graph = model.graph
    weights = {w.name for w in graph.initializer}
    taken = [i for i in graph.input if i.name not in weights]
    if len(taken) != 1 or taken[0].type.tensor_type.elem_type != FLOAT:
        raise Wrong(
            "base.onnx",
            f"its inputs are {', '.join(i.name for i in taken) or 'none'}",
            "one input of float32 (rows, inputs)",
        )
    if _width(taken[0]) not in (None, inputs):
        raise Wrong(
            "base.onnx",
            f"its input '{taken[0].name}' takes {_width(taken[0])} numbers, and the model has"
            f" {inputs} inputs",
            f"{inputs}",
        )
    given = [
        o
        for o in graph.output
        if o.type.HasField("tensor_type") and o.type.tensor_type.elem_type == FLOAT
    ]
    if not given:
        raise Wrong(
            "base.onnx",
            "no output of it is a table of float32",
            "an output of probabilities (rows, classes), as scikit-learn's converters give without"
            " zipmap",
        )
    name = "values" if scale else "probabilities"
    swap = {taken[0].name: "table", given[-1].name: "brought_raw"}
    for node in graph.node:
        node.input[:] = [swap.get(n, n) for n in node.input]
        node.output[:] = [swap.get(n, n) for n in node.output]
    mean, sd = scale or (0.0, 1.0)
    consts = {
        "brought_shape": np.array([-1, _columns(given[-1]) or len(order)]),
        "brought_order": np.array(order),
        "brought_mean": np.float32(mean),
        "brought_sd": np.float32(sd),
    }
    more = [
        helper.make_node("Reshape", ["brought_raw", "brought_shape"], ["brought_table"]),
        helper.make_node("Gather", ["brought_table", "brought_order"], ["brought_said"], axis=1),
        helper.make_node("Sub", ["brought_said", "brought_mean"], ["brought_less"]),
        helper.make_node("Div", ["brought_less", "brought_sd"], [name]),
    ]
    shape = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", None])
        for n in ("features", "table")
    ]
    held = [
        *graph.initializer,
        *(numpy_helper.from_array(np.asarray(v), n) for n, v in consts.items()),
    ]
    made = helper.make_graph(
        [*graph.node, *more],
        "brought",
        shape,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", None])],
        held,
    )
    return helper.make_model(
        made,
        opset_imports=model.opset_import,
        producer_name=model.producer_name,
        ir_version=model.ir_version,
    )


def _safe(model: Any, name: str) -> None:
    from onnx import AttributeProto

    if model.functions:
        raise Wrong(
            "base.onnx", f"'{name}' brings functions of its own", "operators of the standard only"
        )

    def look(graph: Any) -> None:
        for tensor in graph.initializer:
            if tensor.external_data or tensor.data_location:
                raise Wrong(
                    "base.onnx",
                    f"'{name}' keeps its weights in another file",
                    "one file that holds all of it",
                )
        for node in graph.node:
            if node.domain not in DOMAINS:
                raise Wrong(
                    "base.onnx",
                    f"'{name}' uses the operator '{node.op_type}' of '{node.domain}'",
                    "operators of the standard only",
                )
            for attribute in node.attribute:
                if attribute.type == AttributeProto.GRAPH:
                    look(attribute.g)
                for one in attribute.graphs:
                    look(one)
                if attribute.type == AttributeProto.TENSOR and (
                    attribute.t.external_data or attribute.t.data_location
                ):
                    raise Wrong(
                        "base.onnx",
                        f"'{name}' keeps its weights in another file",
                        "one file that holds all of it",
                    )

    look(model.graph)


def _columns(value: Any) -> int | None:
    """How many columns an output says it gives, or None where it does not say."""
    dims = value.type.tensor_type.shape.dim
    return (int(dims[-1].dim_value) or None if len(dims) == 2 else 1) if len(dims) else None


def _width(value: Any) -> int | None:
    """How many columns an input says it takes, or None where it does not say."""
    dims = value.type.tensor_type.shape.dim
    return int(dims[-1].dim_value) or None if len(dims) == 2 else None


def plain_facts(inputs: Sequence[str]) -> dict[str, Any]:
    """Facts of a block that holds numbers as they are; a gap is 0."""
    return {
        n: {"kind": "number", "mean": 0.0, "sd": 1.0, "low": -FAR, "high": FAR, "gaps": False}
        for n in inputs
    }


def load_head(
    setting: ImportedModel,
    root: Path,
    inputs: int,
    labels: Sequence[str],
    scale: tuple[float, float] | None,
) -> ImportedHead:
    """The graph as a head that is fitted already.

    Args:
        labels: our classes in their order; none for a number.

    Raises:
        Wrong: its classes are not those of the training rows, or the graph cannot be taken
            (`wrapped`).
    """
    theirs = list(setting.labels or labels)
    unknown = [label for label in labels if label not in theirs]
    if unknown:
        raise Wrong(
            "base.labels",
            f"the class '{unknown[0]}' of the training rows is not among them",
            "every class, in the order of the output",
            theirs,
            unknown[0],
        )
    order = [theirs.index(label) for label in labels] or [0]
    return ImportedHead(wrap_as_head(setting, root, inputs, order, scale), len(labels))


class ImportedHead:
    """A graph of probabilities, or of standardised values, as our heads are."""

    name = "brought"
    loss = float("nan")

    def __init__(self, model: Any, classes: int) -> None:
        import numpy as np
        import onnxruntime

        self.model, self.classes = model, classes
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what goes wrong is a sentence of ours
        try:
            self.session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise Wrong(
                "base.onnx",
                f"it cannot be run ({str(error).splitlines()[0][:160]})",
                "a graph of the operators that ONNX Runtime knows",
            ) from error
        self.settings: dict[str, Any] = {"producer": model.producer_name}
        self.left_out, self.y_left = np.zeros((0, max(1, classes))), np.zeros(0)

    def logits(self, text: Array, table: Array) -> Array:
        """Logarithms of its probabilities (rows, classes), or its values (rows, 1).

        Raises:
            Wrong: the graph cannot be run on the rows, or what it gives are no probabilities.
        """
        import numpy as np

        try:
            out = np.asarray(self.session.run(None, {"features": text, "table": table})[0])
        except Exception as error:
            raise Wrong(
                "base.onnx",
                f"it cannot be run on the rows ({str(error).splitlines()[0][:160]})",
                "a graph that takes (rows, inputs) and gives one number a class",
            ) from error
        if not self.classes:
            return out
        if (
            not np.isfinite(out).all()
            or (out < -1e-4).any()
            or (np.abs(out.sum(1) - 1) > 0.02).any()
        ):
            raise Wrong(
                "base.onnx",
                "what it gives are no probabilities: they do not add up to 1",
                "probabilities; put a softmax at its end",
            )
        return np.asarray(np.log(np.maximum(out, 1e-13)))
