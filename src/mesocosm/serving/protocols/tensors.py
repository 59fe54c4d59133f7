"""Tensors of the Open Inference Protocol as raw bytes behind the JSON (its binary data extension).
Knows the layout only.

Source:
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict, cast

import orjson

from mesocosm.core.records import Json, JsonObject

LENGTH = b"inference-header-content-length"
DTYPES = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}


class OutputTensor(TypedDict):
    """A tensor of a response: its `data`, or how many bytes behind the JSON are it."""

    name: str
    datatype: str
    shape: list[int]
    data: NotRequired[Sequence[object]]
    parameters: NotRequired[Mapping[str, int]]


class InferResult(TypedDict):
    """The response of the protocol."""

    model_name: str
    model_version: str
    id: str
    outputs: list[OutputTensor]
    parameters: NotRequired[Mapping[str, str]]


def unpack_tensors(body: Json, data: bytes) -> Json:
    """Read the binary inputs of an inference request into their `data`.

    Args:
        body: the JSON of the request.
        data: the bytes behind it, each input's after the other.

    Raises:
        ValueError: the bytes are not those that the JSON announces; the message is a sentence.

    >>> tensor = {"name": "n", "datatype": "INT32", "parameters": {"binary_data_size": 8}}
    >>> body = unpack_tensors({"inputs": [tensor]}, b"\\x01\\0\\0\\0\\x02\\0\\0\\0")
    >>> body["inputs"][0]["data"]
    [1, 2]
    """
    at = 0
    for tensor in _list_tensors(body):
        name = str(tensor.get("name"))[:60]
        size = _read_size(name, tensor, len(data) - at)
        if size is None:
            continue
        tensor["data"] = _read_values(name, str(tensor.get("datatype")), data[at : at + size])
        at += size
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes follow the last input")
    return body


def _read_size(name: str, tensor: JsonObject, left: int) -> int | None:
    """How many bytes behind the JSON are a tensor; None where none are."""
    size = _find_parameter(tensor, "binary_data_size")
    if size is None:
        return None
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= left:
        raise ValueError(
            f"'binary_data_size' of '{name}' is {str(size)[:30]}, and {left} bytes are left"
        )
    return size


def _list_tensors(body: object) -> list[dict[str, Json]]:
    """The inputs of a request that are objects."""
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(inputs, list):
        return []
    return [tensor for tensor in inputs if isinstance(tensor, dict)]


def _find_parameter(item: Mapping[str, object], name: str, default: object = None) -> object:
    """A parameter of a request, an input or an output."""
    parameters = item.get("parameters")
    if not isinstance(parameters, Mapping):
        return default
    return parameters.get(name, default)


def _read_values(name: str, kind: str, data: bytes) -> list[Json]:
    import numpy as np

    if kind == "BYTES":
        return list(_read_texts(name, data))
    if kind not in DTYPES:
        raise ValueError(
            f"the datatype of '{name}' is '{kind[:30]}'; expected one of"
            f" {', '.join([*DTYPES, 'BYTES'])}"
        )
    dtype = np.dtype(DTYPES[kind])
    if len(data) % dtype.itemsize:
        raise ValueError(
            f"'{name}' has {len(data)} bytes, and a value of {kind} has {dtype.itemsize}"
        )
    found: list[Json] = np.frombuffer(data, dtype).tolist()
    return found


def _read_texts(name: str, data: bytes) -> list[str]:
    found, at = [], 0
    while at < len(data):
        length = len(data)
        if at + 4 <= len(data):
            length = int.from_bytes(data[at : at + 4], "little")
        if at + 4 + length > len(data):
            raise ValueError(f"a text of '{name}' is longer than its bytes")
        try:
            found.append(data[at + 4 : at + 4 + length].decode())
        except UnicodeDecodeError as error:
            raise ValueError(f"a text of '{name}' is not UTF-8") from error
        at += 4 + length
    return found


def list_outputs(body: JsonObject) -> list[JsonObject]:
    """The outputs that a request describes."""
    outputs = cast(Sequence[Json], body.get("outputs") or ())  # the request was checked
    return [output for output in outputs if isinstance(output, Mapping)]


def wants_binary(body: JsonObject, name: str) -> bool:
    """Whether an output is requested as bytes."""
    every = bool(_find_parameter(body, "binary_data_output", False))
    for output in list_outputs(body):
        if output.get("name") == name and isinstance(output.get("parameters"), Mapping):
            return bool(_find_parameter(output, "binary_data", every))
    return every


def pack_tensors(result: InferResult, body: JsonObject) -> tuple[bytes, int | None]:
    """A response as bytes, and how many of them are its JSON where tensors follow it."""
    parts = []
    for output in result["outputs"]:
        if wants_binary(body, output["name"]):
            raw = _pack(output["datatype"], output.pop("data"))
            output["parameters"] = {"binary_data_size": len(raw)}
            parts.append(raw)
    head = orjson.dumps(result, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    if not parts:
        return head, None
    return b"".join((head, *parts)), len(head)


def _pack(kind: str, data: Sequence[object]) -> bytes:
    """The values of a tensor as bytes; texts with their lengths before them."""
    import numpy as np

    if kind != "BYTES":
        return np.asarray(data, DTYPES[kind]).tobytes()
    texts = [str(value).encode() for value in data]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)
