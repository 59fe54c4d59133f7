"""A model that was trained elsewhere, imported as an ONNX graph: checked before it runs, evaluated
and served as our own.

Knows ONNX graphs. Only operators of the standard are taken, and no file beside the graph is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.files import inside
from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings
from mesocosm.learning.importers.onnx_safety import check_safe

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, ValueInfoProto

    from mesocosm.learning.arrays import Array
    from mesocosm.learning.features.tabular import Fact
    from mesocosm.learning.heads.head import Groups, Head, HeadSettings, Tensors

FLOAT = 1  # onnx.TensorProto.FLOAT
FAR = 1e30  # beyond every number of a row
MAX_BYTES = 2_000_000_000


class ImportedModel(Settings):
    """A model of numbers in one row each, trained elsewhere.

    Args:
        onnx: the file, inside the project. Its one input takes (rows, inputs) in float32 in the
            order of `inputs`; an output gives probabilities (rows, classes), or values (rows, 1)
            where a number is predicted.
        keras: a `.keras` file in its place, of Keras 3; needs the extra `keras`.
        tensorflow: a SavedModel's folder in its place, of TensorFlow 2; needs the extra
            `tensorflow`.
        labels: the classes in the order of its output; the alphabet's where it is not given.

    Source: https://onnx.ai/onnx/repo-docs/IR.html

    >>> ImportedModel(onnx="models/old.onnx").labels
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
            raise ValueError(Message("config.one_imported_format"))
        return self

    @property
    def extras(self) -> tuple[str, ...]:
        """The extra that reads it."""
        if self.keras:
            return ("keras",)
        if self.tensorflow:
            return ("tensorflow",)
        return ()

    @property
    def file(self) -> str:
        """The file's name, or the folder's."""
        return self.onnx or self.keras or self.tensorflow or ""

    @property
    def key(self) -> str:
        """Its key in the file, for messages."""
        if self.onnx:
            return "base.onnx"
        return "base.keras" if self.keras else "base.tensorflow"

    def path(self, root: Path) -> Path:
        """The path of the file or folder.

        Raises:
            ConfigValueError: it leaves the project, or is not there.
        """
        found = inside(root, self.file, self.key)
        if self.tensorflow and not found.is_dir():
            raise ConfigValueError(self.key, f"no folder at '{self.file}'", "a SavedModel")
        if not self.tensorflow and not found.is_file():
            expected = "an ONNX file" if self.onnx else "a Keras file"
            raise ConfigValueError(self.key, f"no file at '{self.file}'", expected)
        return found

    def content(self, root: Path) -> str:
        """The fingerprint of its bytes.

        Raises:
            ConfigValueError: as `path`.
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
) -> ModelProto:
    """The graph as a head: inputs `features` (ignored) and `table`, output `probabilities` or
    `values`.

    Args:
        inputs: how many numbers a row has.
        order: for each of our classes its place in the graph's output; one 0 for a number.
        scale: mean and deviation by which a number is standardized, as our heads predict it; None
            for classes.

    Raises:
        ConfigValueError: the file is no ONNX graph, contains operators or files of its own, or its
            input or output has another shape.
    """
    model = _load(setting, root)
    return _standardize(
        model, _find_input(model.graph, inputs), _find_output(model.graph), order, scale
    )


def _load(setting: ImportedModel, root: Path) -> ModelProto:
    """The model as an ONNX graph, checked before anything of it runs."""
    import onnx

    path = setting.path(root)
    if path.stat().st_size > MAX_BYTES:
        raise ConfigValueError(
            setting.key, f"the file has more than {MAX_BYTES} bytes", "a smaller one"
        )
    try:
        if setting.keras:
            from mesocosm.learning.importers import keras

            model = onnx.load_from_string(keras.convert_to_onnx(path, setting.file))
        elif setting.tensorflow:
            from mesocosm.learning.importers import tensorflow

            model = onnx.load_from_string(tensorflow.convert_to_onnx(path, setting.file))
        else:
            model = onnx.load(str(path), load_external_data=False)
        check_safe(model, setting.file)
        onnx.checker.check_model(model)
    except (ConfigValueError, MesocosmError):
        raise
    except Exception as error:  # protobuf and the checker each have their own kinds
        raise ConfigValueError(
            "base.onnx",
            f"'{setting.file}' is not a complete ONNX graph",
            "a file that onnx.checker passes",
        ) from error
    return model


def _find_input(graph: GraphProto, inputs: int) -> str:
    """The name of the one input, of float32 and as many columns as the model has inputs."""
    weights = {w.name for w in graph.initializer}
    taken = [i for i in graph.input if i.name not in weights]
    if len(taken) != 1 or taken[0].type.tensor_type.elem_type != FLOAT:
        raise ConfigValueError(
            "base.onnx",
            f"its inputs are {', '.join(i.name for i in taken) or 'none'}",
            "one input of float32 (rows, inputs)",
        )
    width = _input_width(taken[0])
    if width not in (None, inputs):
        raise ConfigValueError(
            "base.onnx",
            f"its input '{taken[0].name}' takes {width} numbers, and the model has {inputs} inputs",
            f"{inputs}",
        )
    return str(taken[0].name)


def _find_output(graph: GraphProto) -> ValueInfoProto:
    """The last output that is a table of float32."""
    tables = [
        o
        for o in graph.output
        if o.type.HasField("tensor_type") and o.type.tensor_type.elem_type == FLOAT
    ]
    if not tables:
        raise ConfigValueError(
            "base.onnx",
            "no output of it is a table of float32",
            "an output of probabilities (rows, classes), as scikit-learn's converters give without"
            " zipmap",
        )
    chosen: ValueInfoProto = tables[-1]
    return chosen


def _standardize(
    model: ModelProto,
    taken: str,
    given: ValueInfoProto,
    order: Sequence[int],
    scale: tuple[float, float] | None,
) -> ModelProto:
    """The graph with our names of inputs and outputs, our order of classes and our scale."""
    import numpy as np
    from onnx import helper, numpy_helper

    graph, name = model.graph, "values" if scale else "probabilities"
    renamed = {taken: "table", given.name: "brought_raw"}
    for node in graph.node:
        node.input[:] = [renamed.get(n, n) for n in node.input]
        node.output[:] = [renamed.get(n, n) for n in node.output]
    mean, deviation = scale or (0.0, 1.0)
    constants = {
        "brought_shape": np.array([-1, _output_width(given) or len(order)]),
        "brought_order": np.array(order),
        "brought_mean": np.float32(mean),
        "brought_sd": np.float32(deviation),
    }
    nodes = [
        helper.make_node("Reshape", ["brought_raw", "brought_shape"], ["brought_table"]),
        helper.make_node("Gather", ["brought_table", "brought_order"], ["brought_said"], axis=1),
        helper.make_node("Sub", ["brought_said", "brought_mean"], ["brought_less"]),
        helper.make_node("Div", ["brought_less", "brought_sd"], [name]),
    ]
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()]
    inputs, output = [_table_info("features"), _table_info("table")], _table_info(name)
    standardized = helper.make_graph(
        [*graph.node, *nodes], "brought", inputs, [output], [*graph.initializer, *tensors]
    )
    return helper.make_model(
        standardized,
        opset_imports=model.opset_import,
        producer_name=model.producer_name,
        ir_version=model.ir_version,
    )


def _table_info(name: str) -> ValueInfoProto:
    """The type of a table of float32 (rows, any)."""
    from onnx import helper

    return helper.make_tensor_value_info(name, FLOAT, ["rows", None])


def _output_width(value: ValueInfoProto) -> int | None:
    """How many columns an output declares; None where it does not."""
    dims = value.type.tensor_type.shape.dim
    if not len(dims):
        return None
    if len(dims) != 2:
        return 1
    return int(dims[-1].dim_value) or None


def _input_width(value: ValueInfoProto) -> int | None:
    """How many columns an input declares; None where it does not."""
    dims = value.type.tensor_type.shape.dim
    if len(dims) != 2:
        return None
    return int(dims[-1].dim_value) or None


def plain_facts(inputs: Sequence[str]) -> dict[str, Fact]:
    """Facts of table features that are the numbers as they are; a missing one is 0."""
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
        inputs: how many numbers a row has.
        labels: our classes in their order; none for a number.
        scale: as in `wrap_as_head`.

    Raises:
        ConfigValueError: its classes are not those of the training rows, or the graph is refused
            (`wrap_as_head`).
    """
    theirs = list(setting.labels or labels)
    unknown = [label for label in labels if label not in theirs]
    if unknown:
        raise ConfigValueError(
            "base.labels",
            f"the class '{unknown[0]}' of the training rows is not among them",
            "every class, in the order of the output",
            theirs,
            unknown[0],
        )
    order = [theirs.index(label) for label in labels] or [0]
    return ImportedHead(wrap_as_head(setting, root, inputs, order, scale), len(labels))


class ImportedHead:
    """A graph of probabilities, or of standardized values, as our heads are."""

    name = "brought"
    loss = float("nan")

    def __init__(self, model: ModelProto, classes: int) -> None:
        import numpy as np
        import onnxruntime

        self.model, self.classes = model, classes
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # errors are reported as a message of ours
        try:
            self.session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ConfigValueError(
                "base.onnx",
                f"it cannot be run ({str(error).splitlines()[0][:160]})",
                "a graph of the operators that ONNX Runtime knows",
            ) from error
        self.settings: HeadSettings = {"producer": model.producer_name}
        self.left_out: Array = np.zeros((0, max(1, classes)))
        self.y_left: Array = np.zeros(0)

    def logits(self, text: Array, table: Array) -> Array:
        """Logarithms of its probabilities (rows, classes), or its values (rows, 1).

        Raises:
            ConfigValueError: the graph cannot be run on the rows, or its output is no
                probabilities.
        """
        import numpy as np

        try:
            out = np.asarray(self.session.run(None, {"features": text, "table": table})[0])
        except Exception as error:
            raise ConfigValueError(
                "base.onnx",
                f"it cannot be run on the rows ({str(error).splitlines()[0][:160]})",
                "a graph that takes (rows, inputs) and gives one number a class",
            ) from error
        if not self.classes:
            return out
        if not _are_probabilities(out):
            raise ConfigValueError(
                "base.onnx",
                "its output is not probabilities: rows do not add up to 1",
                "probabilities; put a softmax at its end",
            )
        return np.asarray(np.log(np.maximum(out, 1e-13)))

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Head:
        """Itself: an imported model is not fitted."""
        return self

    def tensors(self) -> list[Tensors]:
        """None: its graph is written as it is."""
        return []


def _are_probabilities(out: Array) -> bool:
    """Whether rows are finite, not negative, and add up to about 1."""
    import numpy as np

    sums_to_one = np.abs(out.sum(1) - 1) <= 0.02
    return bool(np.isfinite(out).all() and (out >= -1e-4).all() and sums_to_one.all())
