"""The Open Inference Protocol (v2): its requests read as rows, predictions as its tensors.

Source: https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mesocosm.serving.http.bodies import JsonAnswer, parse_json, read_bytes
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.model_instance import ModelInstance
from mesocosm.serving.protocols.tensors import LENGTH, pack_tensors, unpack_tensors, wants_binary
from mesocosm.serving.requests.endpoints import PredictHandler


class InferEndpoint:
    """`POST /v2/models/{name}/infer`: each input a tensor of one dimension, rows by their place in
    it.
    """

    def __init__(self, asking: PredictHandler) -> None:
        self.asking = asking

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        name = scope["path_params"]["name"]
        service, unit = self.asking.unit(name)
        wanted = scope["path_params"].get("version")
        if wanted and wanted != unit.version:
            raise Problem(
                404, "No such version", f"{name} runs {unit.version}, not '{wanted[:60]}'"
            )
        body = await read_inference(scope, receive)
        rows = read_rows(body)
        found = await self.asking.rows(service, unit, rows, scope, receive)
        for n, one in enumerate(found):
            if "why" in one:
                raise Problem(422, "The row would not have been kept", f"row {n}: {one['why']}")
        outputs = build_outputs(unit, found)
        asked = [o.get("name") for o in body.get("outputs", []) if isinstance(o, dict)]
        if unknown := [str(o)[:60] for o in asked if o not in {x["name"] for x in outputs}]:
            raise Problem(
                422,
                "The request cannot be right",
                f"no output is named '{unknown[0]}'; outputs:"
                f" {', '.join(x['name'] for x in outputs)}",
            )
        answer: dict[str, Any] = {
            "model_name": name,
            "model_version": unit.version,
            "id": str(body.get("id", scope["state"]["request"]))[:200],
            "outputs": [o for o in outputs if not asked or o["name"] in asked],
        }
        warned = [
            {"index": n, **warning}
            for n, one in enumerate(found)
            for warning in one.get("warnings", ())
        ]
        answer |= (
            {"parameters": {"warnings": json.dumps(warned, ensure_ascii=False)}} if warned else {}
        )
        if not any(wants_binary(body, o["name"]) for o in answer["outputs"]):
            await JsonAnswer(answer)(scope, receive, send)
            return
        data, head = pack_tensors(answer, body)
        await Response(
            data,
            media_type="application/octet-stream",
            headers={"Inference-Header-Content-Length": str(head)},
        )(scope, receive, send)


async def read_inference(scope: Scope, receive: Receive) -> Any:
    """An inference request, its binary tensors read.

    Raises:
        Problem: the body is too large, no JSON, or its bytes are not those announced.
    """
    data = await read_bytes(scope, receive)
    length = next((value for name, value in scope["headers"] if name == LENGTH), None)
    if length is None:
        return parse_json(data)
    if not (length.isascii() and length.isdigit()) or int(length) > len(data):
        raise Problem(
            400,
            "The header is invalid",
            f"Inference-Header-Content-Length is {length[:20].decode('latin-1')}, and the body has"
            f" {len(data)} bytes",
        )
    try:
        return unpack_tensors(parse_json(data[: int(length)]), data[int(length) :])
    except ValueError as error:
        raise Problem(400, "The tensors are invalid", str(error)) from error


def read_rows(body: Any) -> list[dict[str, Any]]:
    """The rows of an inference request.

    Raises:
        Problem: it is none, with what would be right.

    >>> read_rows({"inputs": [{"name": "age", "shape": [2], "datatype": "INT64", "data": [30, 41]}]})
    [{'age': 30}, {'age': 41}]
    """

    def wrong(detail: str) -> Problem:
        return Problem(422, "The request cannot be right", detail)

    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(inputs, list) or not inputs:
        raise wrong("wanted an object with 'inputs', a list of tensors")
    if not isinstance(body.get("outputs", []), list):
        raise wrong("'outputs' is no list; wanted a list of objects with a 'name'")
    columns: dict[str, list[Any]] = {}
    for one in inputs:
        if (
            not isinstance(one, dict)
            or not isinstance(one.get("name"), str)
            or not isinstance(one.get("data"), list)
        ):
            raise wrong("an input wants 'name', 'shape', 'datatype' and 'data', a list")
        data, shape = _flatten(one["data"]), one.get("shape")
        if shape not in ([len(data)], [len(data), 1], [1, len(data)]):
            raise wrong(
                f"the shape of '{one['name'][:60]}' is {str(shape)[:60]} and its data has"
                f" {len(data)} values; wanted [{len(data)}]"
            )
        columns[one["name"]] = data
    if len({len(c) for c in columns.values()}) != 1:
        raise wrong("the inputs have different lengths; wanted one value of each for every row")
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _flatten(data: list[Any]) -> list[Any]:
    return (
        [v for one in data for v in one]
        if data and all(isinstance(one, list) for one in data)
        else data
    )


def build_outputs(unit: ModelInstance, found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Predictions as tensors: the id of each, its label, and the probability or the value with its
    interval.
    """

    def tensor(name: str, kind: str, data: list[Any], *shape: int) -> dict[str, Any]:
        return {"name": name, "datatype": kind, "shape": [len(found), *shape], "data": data}

    outputs = [
        tensor("id", "BYTES", [f["id"] for f in found]),
        tensor("label", "BYTES", [str(f.get("label", "")) for f in found]),
    ]
    for name in ("probability", "value"):
        if all(isinstance(f.get(name), (int, float)) for f in found):
            outputs.append(tensor(name, "FP64", [float(f[name]) for f in found]))
    if all(isinstance(f.get("interval"), list) for f in found):
        outputs.append(
            tensor("interval", "FP64", [float(v) for f in found for v in f["interval"]], 2)
        )
    if all(isinstance(f.get("text"), str) for f in found):
        outputs.append(tensor("text", "BYTES", [f["text"] for f in found]))
    return outputs


KINDS = {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}


def describe_model(name: str, unit: ModelInstance) -> dict[str, Any]:
    """What the protocol's model metadata says of a service."""
    assert unit.fields is not None
    inputs = [
        {"name": n, "datatype": KINDS.get(str(f.get("type")), "BYTES"), "shape": [-1]}
        for n, f in unit.fields.fields.items()
    ]
    outputs = [
        {"name": "id", "datatype": "BYTES", "shape": [-1]},
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
    ]
    if unit.says == "classes":
        outputs.append({"name": "probability", "datatype": "FP64", "shape": [-1]})
    if unit.says == "number":
        outputs.append({"name": "value", "datatype": "FP64", "shape": [-1]})
    return {
        "name": name,
        "versions": [unit.version],
        "platform": "mesocosm_onnx",
        "inputs": inputs,
        "outputs": outputs,
    }
