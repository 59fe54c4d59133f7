"""An ONNX graph of unknown origin as the graph of a head: read, checked, and given our names of
inputs and outputs. Knows ONNX's messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.learning.export.graph_builder import list_constants, list_inputs, list_nodes
from mesocosm.learning.importers.onnx_safety import check_safe

if TYPE_CHECKING:
    import numpy as np
    from onnx import GraphProto, ModelProto, ValueInfoProto

    from mesocosm.learning.arrays import Array
    from mesocosm.learning.importers.onnx import ImportedModel
FLOAT = 1  # onnx.TensorProto.FLOAT
MAX_BYTES = 2_000_000_000


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
            setting.key,
            Message("learning.file_too_large", bytes=MAX_BYTES),
            Message("learning.smaller_one"),
        )
    try:
        model = _read_graph(setting, path)
        check_safe(model, setting.file)
        onnx.checker.check_model(model)
    except (ConfigValueError, MesocosmError):
        raise
    except Exception as error:  # protobuf and the checker each have their own kinds
        raise ConfigValueError(
            "base.onnx",
            Message("learning.not_onnx", file=setting.file),
            Message("learning.checked_onnx"),
        ) from error
    return model


def _read_graph(setting: ImportedModel, path: Path) -> ModelProto:
    """The graph of an ONNX file, or the one that another format is converted to."""
    import onnx

    if setting.keras:
        from mesocosm.learning.importers import keras

        return onnx.load_from_string(keras.convert_to_onnx(path, setting.file))
    if setting.tensorflow:
        from mesocosm.learning.importers import tensorflow

        return onnx.load_from_string(tensorflow.convert_to_onnx(path, setting.file))
    return onnx.load(str(path), load_external_data=False)


def _find_input(graph: GraphProto, inputs: int) -> str:
    """The name of the one input, of float32 and as many columns as the model has inputs."""
    weights = {tensor.name for tensor in list_constants(graph)}
    taken: list[ValueInfoProto] = [i for i in graph.input if i.name not in weights]
    if len(taken) != 1 or not _is_float(taken[0]):
        raise ConfigValueError(
            "base.onnx",
            Message(
                "learning.graph_inputs",
                inputs=tuple(i.name for i in taken) or Message("learning.none"),
            ),
            Message("learning.one_float_input"),
        )
    width = _input_width(taken[0])
    if width not in (None, inputs):
        raise ConfigValueError(
            "base.onnx",
            Message("learning.graph_input_width", name=taken[0].name, width=width, inputs=inputs),
            f"{inputs}",
        )
    return taken[0].name


def _is_float(value: ValueInfoProto) -> bool:
    """Whether a value is declared as a tensor of float32."""
    return bool(value.type.tensor_type.elem_type == FLOAT)


def _find_output(graph: GraphProto) -> ValueInfoProto:
    """The last output that is a table of float32."""
    tables: list[ValueInfoProto] = [
        o for o in graph.output if o.type.HasField("tensor_type") and _is_float(o)
    ]
    if not tables:
        raise ConfigValueError(
            "base.onnx",
            Message("learning.no_float_output"),
            Message("learning.output_of_probabilities"),
        )
    return tables[-1]


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

    graph, name, mean, deviation = model.graph, "probabilities", 0.0, 1.0
    if scale:
        name = "values"
        mean, deviation = scale
    _rename_values(graph, {taken: "table", given.name: "brought_raw"})
    constants: dict[str, Array | np.float32] = {
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
        [*list_nodes(graph), *nodes],
        "brought",
        inputs,
        [output],
        [*list_constants(graph), *tensors],
    )
    return helper.make_model(
        standardized,
        opset_imports=model.opset_import,
        producer_name=model.producer_name,
        ir_version=model.ir_version,
    )


def _rename_values(graph: GraphProto, renamed: Mapping[str, str]) -> None:
    """Rename what the nodes of a graph read and give."""
    for node in list_nodes(graph):
        node.input[:] = [renamed.get(name, name) for name in list_inputs(node)]
        node.output[:] = [renamed.get(name, name) for name in node.output]


def _table_info(name: str) -> ValueInfoProto:
    """The type of a table of float32 (rows, any)."""
    from onnx import helper

    return helper.make_tensor_value_info(name, FLOAT, ["rows", None])


def _list_sizes(value: ValueInfoProto) -> list[int]:
    """The declared size of each axis; 0 where one may have any."""
    return [int(axis.dim_value) for axis in value.type.tensor_type.shape.dim]


def _output_width(value: ValueInfoProto) -> int | None:
    """How many columns an output declares; None where it does not."""
    sizes = _list_sizes(value)
    if not sizes:
        return None
    if len(sizes) != 2:
        return 1
    return sizes[-1] or None


def _input_width(value: ValueInfoProto) -> int | None:
    """How many columns an input declares; None where it does not."""
    sizes = _list_sizes(value)
    if len(sizes) != 2:
        return None
    return sizes[-1] or None
