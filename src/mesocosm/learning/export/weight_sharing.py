"""Graphs that share their base's weights: those that many versions have in common lie once on disk
and once in memory.

A base's weights are in files beside its graphs, which ONNX Runtime maps; what both precisions have
in common, such as the vocabulary's table, is in the file of the first. A fine-tuned version's
graphs refer to the weights that it did not change, and hold those that it did. Knows ONNX's tensors
and files.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mesocosm.learning.export.graph_builder import list_constants

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

STEMS = ("trunk.fp32", "trunk.int8")
MIN_BYTES = 1024  # of a tensor that leaves its graph
PAGE = 4096
Key = tuple[int, tuple[int, ...], str]  # a tensor's type, shape and fingerprint
Place = tuple[str, int, int]  # the file of weights that it lies in, where, and its bytes


def extract_weights(folder: Path, stems: Sequence[str] = STEMS) -> None:
    """Move the weights of a base's whole graphs into files of their own (`trunk.int8.weights`);
    equal weights of several graphs lie in one file.
    """
    places: dict[Key, Place] = {}
    for stem in stems:
        model = _load_graph(folder, stem)
        with _weights(folder, stem).open("wb") as out:
            for tensor in list_constants(model.graph):
                _move_out(tensor, out, f"{stem}.weights", places)
        _path(folder, stem).write_bytes(model.SerializeToString())


def _move_out(tensor: TensorProto, out: BinaryIO, file: str, places: dict[Key, Place]) -> None:
    """Append a large tensor to a file of weights, from a page's start, and let it refer there, or
    to where an equal one lies.
    """
    held = _bytes(tensor)
    if len(held) < MIN_BYTES:
        return
    key = _key(tensor, held)
    if key not in places:
        out.write(b"\0" * (-out.tell() % PAGE))
        places[key] = (file, out.tell(), len(held))
        out.write(held)
    _refer(tensor, places[key])


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
        model, places = _load_graph(folder, stem), _places(base, stem)
        shared = {_refer_to_base(tensor, places) for tensor in list_constants(model.graph)} - {""}
        if shared:
            _path(folder, stem).write_bytes(model.SerializeToString())
        for file in sorted(shared):
            if not (folder / file).exists():
                link_or_copy(base / file, folder / file)
        found[stem.rpartition(".")[2]] = round(_path(folder, stem).stat().st_size / 1e6, 2)
    return found


def _refer_to_base(tensor: TensorProto, places: Mapping[Key, Place]) -> str:
    """Let a tensor refer to the base's weights where they are the same; their file, empty where
    they are not.
    """
    held = _bytes(tensor)
    if len(held) < MIN_BYTES:
        return ""
    place = places.get(_key(tensor, held))
    if place is None:
        return ""
    _refer(tensor, place)
    return place[0]


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


def _load_graph(folder: Path, stem: str) -> ModelProto:
    import onnx

    return onnx.load(str(_path(folder, stem)), load_external_data=False)


def _bytes(tensor: TensorProto) -> bytes:
    from onnx import numpy_helper

    return numpy_helper.to_array(tensor).tobytes()


def _key(tensor: TensorProto, held: bytes) -> Key:
    return (tensor.data_type, tuple(tensor.dims), blake2b(held, digest_size=16).hexdigest())


def _refer(tensor: TensorProto, place: Place) -> None:
    """Let a tensor refer to a range of a file of weights."""
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
    for key, value in zip(("location", "offset", "length"), place, strict=True):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)


def _places(base: Path, stem: str) -> dict[Key, Place]:
    """Where each tensor of a base lies in its files of weights, by type, shape and fingerprint."""
    found: dict[Key, Place] = {}
    for tensor in list_constants(_load_graph(base, stem).graph):
        place: dict[str, str] = {e.key: e.value for e in tensor.external_data}
        if not place:
            continue
        at = int(place["offset"])
        with (base / place["location"]).open("rb") as handle:
            handle.seek(at)
            held = handle.read(int(place["length"]))
        found.setdefault(_key(tensor, held), (place["location"], at, len(held)))
    return found
