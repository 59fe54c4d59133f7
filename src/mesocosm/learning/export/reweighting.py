"""A fine-tuned base's graph from the graph of the untouched base: the same nodes, other weights.

Exporting a base takes ten seconds or more. A fine-tuning method that leaves its architecture as it
was (full, last layers, biases, merged LoRA) changes only weights. Knows ONNX's tensors and torch's
state; proves the result against torch, or gives up.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.learning.arrays import Array

MAX_BYTES = 1_800_000_000  # of a graph in one file
TOLERANCE = 1e-4  # difference from torch, as a share of the greatest feature
Key = tuple[tuple[int, ...], str]  # a tensor's shape and the fingerprint of its bytes
Place = tuple[str, bool]  # a weight's name, and whether it is transposed


def reweight(
    trunk: Any, untouched: Any, source: Path, target: Path, trial: Mapping[str, Any] | None = None
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
    same_shapes = {n: a.shape for n, a in old.items()} == {n: a.shape for n, a in new.items()}
    if not same_shapes or sum(a.nbytes for a in new.values()) > MAX_BYTES:
        return False
    model = onnx.load(str(source), load_external_data=False)
    replaced = _replace_weights(model, source.parent, old, new)
    if replaced is None:
        return False
    if any(n not in replaced and not np.array_equal(old[n], new[n]) for n in old):
        return False
    onnx.save(model, str(target))
    if _matches_torch(trunk, target, trial or _tokens()):
        return True
    target.unlink()
    return False


def _replace_weights(
    model: Any, folder: Path, old: Mapping[str, Array], new: Mapping[str, Array]
) -> set[str] | None:
    """Put new weights in the place of old ones; the names of those that have a place, or None where
    a tensor of the graph is no weight, or one of several.

    Args:
        folder: where the graph's file of weights lies.
    """
    from onnx import numpy_helper

    places, replaced = _by_content(old), set[str]()
    for tensor in model.graph.initializer:
        value = _value(tensor, folder)
        if value.dtype == np.float32 and value.size > 1:
            place = _find_place(tensor.name, value, places)
            if place is None:
                return None
            name, transposed = place
            replaced.add(name)
            value = np.ascontiguousarray(new[name].T if transposed else new[name])
        tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    return replaced


def _value(tensor: Any, folder: Path) -> Array:
    """The numbers of a tensor of a graph, from the graph or from the file of weights beside it
    (linked, which ONNX's own loader refuses).
    """
    from onnx import helper, numpy_helper

    place = {e.key: e.value for e in tensor.external_data}
    if not place:
        return np.asarray(numpy_helper.to_array(tensor))
    held = np.fromfile(
        folder / place["location"], np.uint8, int(place["length"]), offset=int(place["offset"])
    )
    return np.asarray(
        held.view(helper.tensor_dtype_to_np_dtype(tensor.data_type)).reshape(tuple(tensor.dims))
    )


def _state(module: Any) -> dict[str, Array]:
    return {n: t.detach().cpu().numpy() for n, t in module.state_dict().items()}


def _key(value: Array) -> Key:
    return value.shape, blake2b(np.ascontiguousarray(value).tobytes(), digest_size=16).hexdigest()


def _by_content(state: Mapping[str, Array]) -> dict[Key, list[Place]]:
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
    return found[0] if len(found) == 1 else None


def _tokens() -> dict[str, Any]:
    import torch

    mask = torch.ones(2, 7, dtype=torch.int64)
    mask[1, 4:] = 0
    return {"input_ids": torch.arange(14, dtype=torch.int64).reshape(2, 7), "attention_mask": mask}


def _matches_torch(trunk: Any, graph: Path, trial: Mapping[str, Any]) -> bool:
    """Whether a graph gives what a module gives."""
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = trunk.eval()(*trial.values()).numpy()
    (features,) = session.run(None, {name: value.numpy() for name, value in trial.items()})
    if features.shape != expected.shape or not np.isfinite(features).all():
        return False
    bound = TOLERANCE * max(1e-6, float(np.abs(expected).max()))
    return bool(np.abs(features - expected).max() <= bound)
