"""A fine-tuned base's graph from the graph of the untouched base: the same nodes, other weights.

Exporting a base takes ten seconds or more. A fine-tuning method that leaves its architecture as it
was (full, last layers, biases, merged LoRA) changes only weights. Knows ONNX's tensors and torch's
state; proves the result against torch, or gives up.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.learning.arrays import Array, Floats
from mesocosm.learning.export.graph_builder import list_constants
from mesocosm.learning.export.lookup_tables import is_exact_half

if TYPE_CHECKING:
    import torch
    from onnx import ModelProto, TensorProto
    from torch import nn

    from mesocosm.learning.tasks.graph_session import GraphSession

    Trial = Mapping[str, torch.Tensor]  # by the names of the graph's inputs

MAX_BYTES = 1_800_000_000  # of a graph in one file
TOLERANCE = 1e-4  # difference from torch, as a share of the greatest feature
State = Mapping[str, Array]  # weights by name
Key = tuple[tuple[int, ...], str]  # a tensor's shape and the fingerprint of its bytes
Place = tuple[str, bool]  # a weight's name, and whether it is transposed


def reweight(
    trunk: nn.Module, untouched: nn.Module, source: Path, target: Path, trial: Trial | None = None
) -> bool:
    """Write the graph of a fine-tuned trunk from the graph of the trunk that it started from.

    Args:
        trunk: a torch module, fine-tuned.
        untouched: the same module with the weights that `source` was exported with.
        source: the graph of the untouched module.
        target: where the graph is written.
        trial: tensors by the graph's inputs, in the order in which the module takes them; a few
            tokens in rows of two lengths if not given.

    Returns:
        Whether it was written: every weight that was changed has one place in the graph, and the
            graph gives what torch gives.
    """
    import onnx

    old, new = _state(untouched), _state(trunk)
    if not _may_replace(old, new):
        return False
    model = onnx.load(str(source), load_external_data=False)
    replaced = _replace_weights(model, source.parent, old, new)
    if replaced is None or not _list_changed(old, new) <= replaced:
        return False
    onnx.save(model, str(target))
    if _matches_torch(trunk, target, trial or _tokens()):
        return True
    target.unlink()
    return False


def _may_replace(old: State, new: State) -> bool:
    """Whether the weights of both have the same names and shapes, and fit into one file."""
    if _shapes(old) != _shapes(new):
        return False
    return sum(weight.nbytes for weight in new.values()) <= MAX_BYTES


def _shapes(state: State) -> dict[str, tuple[int, ...]]:
    return {name: weight.shape for name, weight in state.items()}


def _list_changed(old: State, new: State) -> set[str]:
    """The names of the weights that differ."""
    return {name for name, weight in old.items() if not np.array_equal(weight, new[name])}


def _replace_weights(model: ModelProto, folder: Path, old: State, new: State) -> set[str] | None:
    """Put new weights in the place of old ones; the names of those that have a place, or None where
    a tensor of the graph is no weight, or one of several.

    Args:
        folder: where the graph's file of weights lies.
    """
    from onnx import numpy_helper

    places, replaced = _by_content(old), set[str]()
    for tensor in list_constants(model.graph):
        value = _value(tensor, folder)
        if value.dtype in (np.float32, np.float16) and value.size > 1:
            place = _find_place(tensor.name, value.astype(np.float32, copy=False), places)
            if place is None:
                return None
            replaced.add(place[0])
            value = _take_weight(new, place, value.dtype == np.float16)
        tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    return replaced


def _take_weight(new: State, place: Place, half: bool) -> Array:
    """The new weight of a place; of a table in float16 in float16 where that loses nothing, else in
    float32, which the cast behind it takes too.
    """
    name, transposed = place
    value = np.ascontiguousarray(new[name].T if transposed else new[name])
    if half and is_exact_half(value):
        return value.astype(np.float16)
    return value


def _value(tensor: TensorProto, folder: Path) -> Array:
    """The numbers of a tensor of a graph, from the graph or from the file of weights beside it
    (linked, which ONNX's own loader refuses).
    """
    from onnx import helper, numpy_helper

    place: dict[str, str] = {e.key: e.value for e in tensor.external_data}
    if not place:
        return numpy_helper.to_array(tensor)
    held = np.fromfile(
        folder / place["location"], np.uint8, int(place["length"]), offset=int(place["offset"])
    )
    numbers: Array = held.view(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    return numbers.reshape(tuple(tensor.dims))


def _state(module: nn.Module) -> State:
    weights: Mapping[str, torch.Tensor] = module.state_dict()
    return {n: t.detach().cpu().numpy() for n, t in weights.items()}


def _key(value: Array) -> Key:
    return value.shape, blake2b(np.ascontiguousarray(value).tobytes(), digest_size=16).hexdigest()


def _by_content(state: State) -> dict[Key, list[Place]]:
    """Each weight, and each matrix transposed, by its numbers."""
    found: dict[Key, list[Place]] = {}
    for name, value in state.items():
        found.setdefault(_key(value), []).append((name, False))
        if value.ndim == 2:
            found.setdefault(_key(value.T), []).append((name, True))
    return found


def _find_place(name: str, value: Array, places: Mapping[Key, list[Place]]) -> Place | None:
    """The weight that a tensor of the graph is; None where it is none, or one of several."""
    found = places.get(_key(value), [])
    named = [place for place in found if place[0] == name]
    if named:
        return named[0]
    if len(found) != 1:
        return None
    return found[0]


def _tokens() -> Trial:
    import torch

    mask = torch.ones(2, 7, dtype=torch.int64)
    mask[1, 4:] = 0
    return {"input_ids": torch.arange(14, dtype=torch.int64).reshape(2, 7), "attention_mask": mask}


def _matches_torch(trunk: nn.Module, graph: Path, trial: Trial) -> bool:
    """Whether a graph gives what a module gives."""
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session: GraphSession = onnxruntime.InferenceSession(
        str(graph), options, providers=["CPUExecutionProvider"]
    )
    with torch.no_grad():
        output: torch.Tensor = trunk.eval()(*trial.values())
        expected: Floats = output.numpy()
    (features,) = session.run(None, {name: value.numpy() for name, value in trial.items()})
    if features.shape != expected.shape or not np.isfinite(features).all():
        return False
    bound = TOLERANCE * max(1e-6, float(np.abs(expected).max()))
    return bool(np.abs(features - expected).max() <= bound)
