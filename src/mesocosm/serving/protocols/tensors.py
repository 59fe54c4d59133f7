"""Tensors of the Open Inference Protocol as raw bytes behind the JSON (its binary data extension).
Knows the layout only.

Source:
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import orjson

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


def unpack_tensors(body: Any, data: bytes) -> Any:
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
        size = _find_parameter(tensor, "binary_data_size")
        if size is None:
            continue
        name, left = str(tensor.get("name"))[:60], len(data) - at
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= left:
            raise ValueError(
                f"'binary_data_size' of '{name}' is {str(size)[:30]}, and {left} bytes are left"
            )
        tensor["data"] = _read_values(name, str(tensor.get("datatype")), data[at : at + size])
        at += size
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes follow the last input")
    return body


def _list_tensors(body: object) -> list[dict[str, Any]]:
    """The inputs of a request that are objects."""
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(inputs, list):
        return []
    return [tensor for tensor in inputs if isinstance(tensor, dict)]


def _find_parameter(item: Mapping[str, Any], name: str, default: object = None) -> object:
    """A parameter of a request, an input or an output."""
    parameters = item.get("parameters")
    if not isinstance(parameters, Mapping):
        return default
    return parameters.get(name, default)


def _read_values(name: str, kind: str, data: bytes) -> list[Any]:
    import numpy as np

    if kind == "BYTES":
        return _read_texts(name, data)
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
    found: list[Any] = np.frombuffer(data, dtype).tolist()
    return found


def _read_texts(name: str, data: bytes) -> list[str]:
    found, at = [], 0
    while at < len(data):
        length = len(data)
        if at + 4 <= len(data):
            (length,) = struct.unpack_from("<I", data, at)
        if at + 4 + length > len(data):
            raise ValueError(f"a text of '{name}' is longer than its bytes")
        try:
            found.append(data[at + 4 : at + 4 + length].decode())
        except UnicodeDecodeError as error:
            raise ValueError(f"a text of '{name}' is not UTF-8") from error
        at += 4 + length
    return found


def wants_binary(body: Mapping[str, Any], name: str) -> bool:
    """Whether an output is requested as bytes."""
    every = bool(_find_parameter(body, "binary_data_output", False))
    for output in body.get("outputs") or []:
        if not isinstance(output, Mapping) or output.get("name") != name:
            continue
        if isinstance(output.get("parameters"), Mapping):
            return bool(_find_parameter(output, "binary_data", every))
    return every


def pack_tensors(result: dict[str, Any], body: Mapping[str, Any]) -> tuple[bytes, int | None]:
    """A response as bytes, and how many of them are its JSON where tensors follow it."""
    import numpy as np

    parts = []
    for output in result["outputs"]:
        if not wants_binary(body, output["name"]):
            continue
        data = output.pop("data")
        if output["datatype"] == "BYTES":
            texts = [str(value).encode() for value in data]
            raw = b"".join(struct.pack("<I", len(text)) + text for text in texts)
        else:
            raw = np.asarray(data, DTYPES[output["datatype"]]).tobytes()
        output["parameters"] = {"binary_data_size": len(raw)}
        parts.append(raw)
    head = orjson.dumps(result, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    if not parts:
        return head, None
    return b"".join((head, *parts)), len(head)
