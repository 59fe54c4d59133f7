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
    """An inference request whose binary inputs have their values as `data`.

    Args:
        body: the JSON of the request.
        data: the bytes behind it, each input's after the other.

    Raises:
        ValueError: the bytes are not those that the JSON announces; the message is a sentence.

    >>> unpack_tensors({"inputs": [{"name": "n", "shape": [2], "datatype": "INT32", "parameters": {"binary_data_size": 8}}]}, b"\\x01\\0\\0\\0\\x02\\0\\0\\0")["inputs"][0]["data"]
    [1, 2]
    """
    inputs = body.get("inputs") if isinstance(body, dict) else None
    at = 0
    for one in inputs if isinstance(inputs, list) else []:
        asked = one.get("parameters") if isinstance(one, dict) else None
        size = asked.get("binary_data_size") if isinstance(asked, dict) else None
        if size is None:
            continue
        name = str(one.get("name"))[:60]
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(data) - at:
            raise ValueError(
                f"'binary_data_size' of '{name}' is {str(size)[:30]}, and {len(data) - at} bytes"
                " are left"
            )
        one["data"] = _read_values(name, str(one.get("datatype")), data[at : at + size])
        at += size
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes follow the last input")
    return body


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
        length = struct.unpack_from("<I", data, at)[0] if at + 4 <= len(data) else len(data)
        if at + 4 + length > len(data):
            raise ValueError(f"a text of '{name}' is longer than its bytes")
        try:
            found.append(data[at + 4 : at + 4 + length].decode())
        except UnicodeDecodeError as error:
            raise ValueError(f"a text of '{name}' is not UTF-8") from error
        at += 4 + length
    return found


def wants_binary(body: Mapping[str, Any], name: str) -> bool:
    """Whether an output is asked for as bytes."""
    whole = body.get("parameters")
    every = bool(whole.get("binary_data_output")) if isinstance(whole, Mapping) else False
    for one in body.get("outputs") or []:
        if (
            isinstance(one, Mapping)
            and one.get("name") == name
            and isinstance(one.get("parameters"), Mapping)
        ):
            return bool(one["parameters"].get("binary_data", every))
    return every


def pack_tensors(answer: dict[str, Any], body: Mapping[str, Any]) -> tuple[bytes, int | None]:
    """An answer as bytes, and how many of them are its JSON where tensors follow it."""
    import numpy as np

    parts = []
    for one in answer["outputs"]:
        if not wants_binary(body, one["name"]):
            continue
        data = one.pop("data")
        if one["datatype"] == "BYTES":
            said = [str(value).encode() for value in data]
            raw = b"".join(struct.pack("<I", len(value)) + value for value in said)
        else:
            raw = np.asarray(data, DTYPES[one["datatype"]]).tobytes()
        one["parameters"] = {"binary_data_size": len(raw)}
        parts.append(raw)
    head = orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    return b"".join((head, *parts)), len(head) if parts else None
