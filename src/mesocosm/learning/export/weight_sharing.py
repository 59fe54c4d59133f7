"""Graphs that share their base's weights: those that many versions have in common lie once on disk
and once in memory.

A base's weights are in one file beside its graphs, which ONNX Runtime maps; a fine-tuned version's
graphs refer to the weights that it did not change, and hold those that it did. Knows ONNX's tensors
and files.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

STEMS = ("trunk.fp32", "trunk.int8")
MIN_BYTES = 1024  # of a tensor that leaves its graph
PAGE = 4096


def extract_weights(folder: Path, stems: Sequence[str] = STEMS) -> None:
    """Move the weights of a base's whole graphs into files of their own (`trunk.int8.weights`)."""
    for stem in stems:
        graph = _graph(folder, stem)
        at = 0
        with _weights(folder, stem).open("wb") as out:
            for tensor in graph.graph.initializer:
                held = _bytes(tensor)
                if len(held) >= MIN_BYTES:
                    out.write(b"\0" * (-at % PAGE))
                    at += -at % PAGE
                    out.write(held)
                    _refer(tensor, stem, at, len(held))
                    at += len(held)
        _path(folder, stem).write_bytes(graph.SerializeToString())


def share_weights(folder: Path, base: Path, stems: Sequence[str] = STEMS) -> dict[str, float]:
    """Let a fine-tuned version's whole graphs refer to the base's weights that they have in common;
    the base's file is linked, not copied.

    Args:
        folder: holds the version's graphs.
        base: holds those of the base, with their weights extracted.

    Returns:
        `own_mb`: megabytes of graph that are the version's own, by the last part of its name (the
            precision).
    """
    found = {}
    for stem in stems:
        graph, there = _graph(folder, stem), _places(base, stem)
        shared = False
        for tensor in graph.graph.initializer:
            held = _bytes(tensor)
            place = None
            if len(held) >= MIN_BYTES:
                place = there.get(_key(tensor, held))
            if place:
                _refer(tensor, stem, place[0], len(held))
                shared = True
        if shared:
            _path(folder, stem).write_bytes(graph.SerializeToString())
            link_or_copy(_weights(base, stem), _weights(folder, stem))
        found[stem.rpartition(".")[2]] = round(_path(folder, stem).stat().st_size / 1e6, 2)
    return found


def link_or_copy(source: Path, target: Path) -> None:
    """Hard-link a file; copy it where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _path(folder: Path, stem: str) -> Path:
    return folder / f"{stem}.onnx"


def _weights(folder: Path, stem: str) -> Path:
    return folder / f"{stem}.weights"


def _graph(folder: Path, stem: str) -> Any:
    import onnx

    return onnx.load(str(_path(folder, stem)), load_external_data=False)


def _bytes(tensor: Any) -> bytes:
    from onnx import numpy_helper

    return bytes(numpy_helper.to_array(tensor).tobytes())


def _key(tensor: Any, held: bytes) -> tuple[Any, ...]:
    return (tensor.data_type, tuple(tensor.dims), blake2b(held, digest_size=16).hexdigest())


def _refer(tensor: Any, stem: str, at: int, length: int) -> None:
    """Let a tensor refer to a range of the file of weights."""
    from onnx import TensorProto

    for field in (
        "raw_data",
        "float_data",
        "int32_data",
        "int64_data",
        "string_data",
        "double_data",
        "uint64_data",
    ):
        tensor.ClearField(field)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (
        ("location", f"{stem}.weights"),
        ("offset", str(at)),
        ("length", str(length)),
    ):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def _places(base: Path, stem: str) -> dict[tuple[Any, ...], tuple[int, int]]:
    """Where each tensor of a base lies in its file of weights, by type, shape and fingerprint."""
    found: dict[tuple[Any, ...], tuple[int, int]] = {}
    file = _weights(base, stem)
    with file.open("rb") as handle:
        for tensor in _graph(base, stem).graph.initializer:
            place = {e.key: e.value for e in tensor.external_data}
            if place:
                handle.seek(int(place["offset"]))
                held = handle.read(int(place["length"]))
                found.setdefault(_key(tensor, held), (int(place["offset"]), len(held)))
    return found
