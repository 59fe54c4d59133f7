"""A tuned base's graph from the graph of the untouched base: the same nodes with other weights.

Exporting a base takes ten seconds and more, and a tuning method that leaves its architecture as it
was (full, last layers, biases, merged LoRA) changes only weights. Knows ONNX's tensors and torch's
state; proves the result against torch, or gives up.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
MOST_BYTES = 1_800_000_000  # of a graph in one file
CLOSE = 1e-4  # difference from torch, in parts of the greatest feature


def reweight(
    trunk: Any, untouched: Any, source: Path, target: Path, trial: Mapping[str, Any] | None = None
) -> bool:
    """Write the graph of a tuned trunk from the graph of the trunk it was tuned from.

    Args:
        trunk: a torch module, tuned.
        untouched: the same module with the weights that `source` was exported with.
        source: the graph of the untouched module.
        target: where the graph is written.
        trial: tensors by the graph's inputs, in the order in which the module takes them; a few
            tokens in rows of two lengths where none are given.

    Returns:
        Whether it was written: every weight that was tuned has its one place in the graph, and the
            graph gives what torch gives.
    """
    import onnx
    from onnx import numpy_helper

    old, new = _state(untouched), _state(trunk)
    if {n: a.shape for n, a in old.items()} != {n: a.shape for n, a in new.items()} or sum(
        a.nbytes for a in new.values()
    ) > MOST_BYTES:
        return False
    model = onnx.load(str(source), load_external_data=False)
    places = _by_content(old)
    used: set[str] = set()
    for tensor in model.graph.initializer:
        value = _value(tensor, source.parent)
        if value.dtype != np.float32 or value.size < 2:
            tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
            continue
        found = _place(tensor.name, value, old, places)
        if found is None:
            return False
        name, turned = found
        used.add(name)
        tensor.CopyFrom(
            numpy_helper.from_array(
                np.ascontiguousarray(new[name].T if turned else new[name]), tensor.name
            )
        )
    if any(n not in used and not np.array_equal(old[n], new[n]) for n in old):
        return False
    onnx.save(model, str(target))
    if _as_torch(trunk, target, trial or _tokens()):
        return True
    target.unlink()
    return False


def _value(tensor: Any, folder: Path) -> Array:
    """What a tensor of a graph holds, in the graph or in the file of weights beside it (linked,
    which ONNX's own loader refuses).
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


def _print(value: Array) -> tuple[tuple[int, ...], str]:
    return value.shape, blake2b(np.ascontiguousarray(value).tobytes(), digest_size=16).hexdigest()


def _by_content(
    state: Mapping[str, Array],
) -> dict[tuple[tuple[int, ...], str], list[tuple[str, bool]]]:
    """Each weight, and each matrix turned, by what it holds."""
    found: dict[tuple[tuple[int, ...], str], list[tuple[str, bool]]] = {}
    for name, value in state.items():
        found.setdefault(_print(value), []).append((name, False))
        if value.ndim == 2:
            found.setdefault(_print(value.T), []).append((name, True))
    return found


def _place(
    name: str,
    value: Array,
    old: Mapping[str, Array],
    places: Mapping[tuple[tuple[int, ...], str], list[tuple[str, bool]]],
) -> tuple[str, bool] | None:
    """The weight that a tensor of the graph is, and whether it is turned; None where it is none, or
    one of several.
    """
    found = places.get(_print(value), [])
    named = [one for one in found if one[0] == name]
    if named:
        return named[0]
    return found[0] if len(found) == 1 else None


def _tokens() -> dict[str, Any]:
    import torch

    mask = torch.ones(2, 7, dtype=torch.int64)
    mask[1, 4:] = 0
    return {"input_ids": torch.arange(14, dtype=torch.int64).reshape(2, 7), "attention_mask": mask}


def _as_torch(trunk: Any, graph: Path, trial: Mapping[str, Any]) -> bool:
    """Whether a graph gives what a module gives."""
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        wanted = trunk.eval()(*trial.values()).numpy()
    (given,) = session.run(None, {name: value.numpy() for name, value in trial.items()})
    return bool(
        given.shape == wanted.shape
        and np.isfinite(given).all()
        and np.abs(given - wanted).max() <= CLOSE * max(1e-6, float(np.abs(wanted).max()))
    )
