"""The Open Inference Protocol (v2): its requests read as rows, predictions as its tensors.

Source: https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mesocosm.core.messages import Message
from mesocosm.serving.http.bodies import JsonAnswer, parse_json, read_bytes
from mesocosm.serving.http.problems import UNPROCESSABLE, Problem
from mesocosm.serving.model_instance import ModelInstance
from mesocosm.serving.protocols.tensors import LENGTH, pack_tensors, unpack_tensors, wants_binary
from mesocosm.serving.requests.endpoints import PredictHandler

Row = Mapping[str, Any]


class InferEndpoint:
    """`POST /v2/models/{name}/infer`: each input a tensor of one dimension, rows by their place in
    it.
    """

    def __init__(self, handler: PredictHandler) -> None:
        self.handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request."""
        name = scope["path_params"]["name"]
        service, model = self.handler.find_model(name)
        check_version(name, scope["path_params"].get("version", ""), model)
        body = await read_inference(scope, receive)
        rows = read_rows(body)
        predictions = await self.handler.predict(service, model, rows, scope, receive)
        for number, prediction in enumerate(predictions):
            if "why" in prediction:
                detail = f"row {number}: {prediction['why']}"
                raise Problem(422, Message("serving.row_quarantined"), detail)
        result = {
            "model_name": name,
            "model_version": model.version,
            "id": str(body.get("id", scope["state"]["request"]))[:200],
            "outputs": _select_outputs(body, build_outputs(predictions, model.form.numbers)),
            **_build_parameters(predictions),
        }
        await _build_response(result, body)(scope, receive, send)


def check_version(name: str, wanted: str, model: ModelInstance) -> None:
    """Reject a version other than the deployed one.

    Raises:
        Problem: it is another.
    """
    if wanted and wanted != model.version:
        detail = f"{name} runs {model.version}, not '{wanted[:60]}'"
        raise Problem(404, Message("serving.no_such_version"), detail)


def _select_outputs(body: Row, outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outputs that a request names; all where it names none."""
    names = [o.get("name") for o in body.get("outputs", []) if isinstance(o, dict)]
    known = [o["name"] for o in outputs]
    unknown = [str(name)[:60] for name in names if name not in known]
    if unknown:
        detail = f"no output is named '{unknown[0]}'; outputs: {', '.join(known)}"
        raise Problem(422, UNPROCESSABLE, detail)
    if not names:
        return outputs
    return [o for o in outputs if o["name"] in names]


def _build_parameters(predictions: Sequence[Row]) -> dict[str, Any]:
    """The warnings of predictions, where there are any."""
    warnings: list[dict[str, Any]] = []
    for number, prediction in enumerate(predictions):
        warnings += [{"index": number, **warning} for warning in prediction.get("warnings", ())]
    if not warnings:
        return {}
    return {"parameters": {"warnings": json.dumps(warnings, ensure_ascii=False)}}


def _build_response(result: dict[str, Any], body: Row) -> Response:
    if not any(wants_binary(body, o["name"]) for o in result["outputs"]):
        return JsonAnswer(result)
    data, head = pack_tensors(result, body)
    return Response(
        data,
        media_type="application/octet-stream",
        headers={"Inference-Header-Content-Length": str(head)},
    )


async def read_inference(scope: Scope, receive: Receive) -> Any:
    """Read an inference request with its binary tensors.

    Raises:
        Problem: the body is too large, not JSON, or its bytes are not those announced.
    """
    data = await read_bytes(scope, receive)
    length = next((value for name, value in scope["headers"] if name == LENGTH), None)
    if length is None:
        return parse_json(data)
    if not (length.isascii() and length.isdigit()) or int(length) > len(data):
        raise Problem(
            400,
            Message("serving.invalid_header"),
            Message(
                "serving.inference_header_length",
                length=length[:20].decode("latin-1"),
                bytes=len(data),
            ),
        )
    try:
        return unpack_tensors(parse_json(data[: int(length)]), data[int(length) :])
    except ValueError as error:
        raise Problem(400, Message("serving.invalid_tensors"), str(error)) from error


def _invalid(detail: str) -> Problem:
    return Problem(422, UNPROCESSABLE, detail)


def read_rows(body: Any) -> list[dict[str, Any]]:
    """Read the rows of an inference request.

    Raises:
        Problem: it is invalid, with what is expected.

    >>> tensor = {"name": "age", "shape": [2], "datatype": "INT64", "data": [30, 41]}
    >>> read_rows({"inputs": [tensor]})
    [{'age': 30}, {'age': 41}]
    """
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(inputs, list) or not inputs:
        raise _invalid("expected an object with 'inputs', a list of tensors")
    if not isinstance(body.get("outputs", []), list):
        raise _invalid("'outputs' is not a list; expected a list of objects with a 'name'")
    columns = dict(_read_tensor(tensor) for tensor in inputs)
    if len({len(c) for c in columns.values()}) != 1:
        raise _invalid(
            "the inputs have different lengths; expected one value of each for every row"
        )
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _read_tensor(tensor: object) -> tuple[str, list[Any]]:
    """The name and the values of an input."""
    if not isinstance(tensor, dict):
        tensor = {}
    name, data, shape = tensor.get("name"), tensor.get("data"), tensor.get("shape")
    if not isinstance(name, str) or not isinstance(data, list):
        raise _invalid("an input needs 'name', 'shape', 'datatype' and 'data', a list")
    values = _flatten(data)
    if shape not in ([len(values)], [len(values), 1], [1, len(values)]):
        raise _invalid(
            f"the shape of '{name[:60]}' is {str(shape)[:60]} and its data has {len(values)}"
            f" values; expected [{len(values)}]"
        )
    return name, values


def _flatten(data: list[Any]) -> list[Any]:
    if not data or not all(isinstance(row, list) for row in data):
        return data
    return list(chain.from_iterable(data))


def _tensor(name: str, kind: str, data: list[Any], *shape: int) -> dict[str, Any]:
    return {"name": name, "datatype": kind, "shape": list(shape), "data": data}


def build_outputs(predictions: Sequence[Row], numbers: Sequence[str]) -> list[dict[str, Any]]:
    """Predictions as tensors: the id of each, its label, the `numbers` that its form has, and the
    interval of a value.
    """
    rows = len(predictions)
    outputs = [
        _tensor("id", "BYTES", [p["id"] for p in predictions], rows),
        _tensor("label", "BYTES", [str(p.get("label", "")) for p in predictions], rows),
    ]
    for name in numbers:
        if _all_have(predictions, name, (int, float)):
            outputs.append(_tensor(name, "FP64", [float(p[name]) for p in predictions], rows))
    if _all_have(predictions, "interval", (list,)):
        ends = [float(v) for v in chain.from_iterable(p["interval"] for p in predictions)]
        outputs.append(_tensor("interval", "FP64", ends, rows, 2))
    if _all_have(predictions, "text", (str,)):
        outputs.append(_tensor("text", "BYTES", [p["text"] for p in predictions], rows))
    return outputs


def _all_have(predictions: Sequence[Row], name: str, kinds: tuple[type, ...]) -> bool:
    return all(isinstance(p.get(name), kinds) for p in predictions)


KINDS = {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}


def describe_model(name: str, model: ModelInstance) -> dict[str, Any]:
    """The protocol's model metadata of a service."""
    assert model.fields is not None
    inputs = [
        {"name": n, "datatype": KINDS.get(str(f.get("type")), "BYTES"), "shape": [-1]}
        for n, f in model.fields.fields.items()
    ]
    outputs = [
        {"name": "id", "datatype": "BYTES", "shape": [-1]},
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
    ]
    outputs += [
        {"name": number, "datatype": "FP64", "shape": [-1]} for number in model.form.numbers
    ]
    return {
        "name": name,
        "versions": [model.version],
        "platform": "mesocosm_onnx",
        "inputs": inputs,
        "outputs": outputs,
    }
