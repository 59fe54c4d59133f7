"""The Open Inference Protocol (v2): its requests read as rows, predictions as its tensors.

Source: https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mesocosm.core.messages import Message
from mesocosm.core.records import Json, JsonObject
from mesocosm.core.values.numbers import to_float
from mesocosm.serving.http.bodies import JsonAnswer, as_object, parse_json, read_bytes
from mesocosm.serving.http.problems import UNPROCESSABLE, Problem
from mesocosm.serving.model_instance import ModelInstance, Row
from mesocosm.serving.protocols.tensors import (
    LENGTH,
    InferResult,
    OutputTensor,
    list_outputs,
    pack_tensors,
    unpack_tensors,
    wants_binary,
)
from mesocosm.serving.requests.endpoints import PredictHandler


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
        request = await read_inference(scope, receive)
        rows, body = read_rows(request), as_object(request)
        predictions = await self.handler.predict(service, model, rows, scope, receive)
        _check_quarantined(predictions)
        result: InferResult = {
            "model_name": name,
            "model_version": model.version,
            "id": str(body.get("id", scope["state"]["request"]))[:200],
            "outputs": _select_outputs(body, build_outputs(predictions, model.form.numbers)),
        }
        warnings = _list_warnings(predictions)
        if warnings:
            result["parameters"] = {"warnings": json.dumps(warnings, ensure_ascii=False)}
        await _build_response(result, body)(scope, receive, send)


def _check_quarantined(predictions: Sequence[Row]) -> None:
    """Reject a request of which a row would have been quarantined.

    Raises:
        Problem: with the row and the reason.
    """
    for number, prediction in enumerate(predictions):
        if "why" in prediction:
            detail = f"row {number}: {prediction['why']}"
            raise Problem(422, Message("serving.row_quarantined"), detail)


def check_version(name: str, wanted: str, model: ModelInstance) -> None:
    """Reject a version other than the deployed one.

    Raises:
        Problem: it is another.
    """
    if wanted and wanted != model.version:
        detail = f"{name} runs {model.version}, not '{wanted[:60]}'"
        raise Problem(404, Message("serving.no_such_version"), detail)


def _select_outputs(body: JsonObject, outputs: list[OutputTensor]) -> list[OutputTensor]:
    """The outputs that a request names; all where it names none."""
    names = [output.get("name") for output in list_outputs(body)]
    if not names:
        return outputs
    _check_names(names, [output["name"] for output in outputs])
    return [output for output in outputs if output["name"] in names]


def _check_names(names: Sequence[Json], known: Sequence[str]) -> None:
    unknown = [str(name)[:60] for name in names if name not in known]
    if unknown:
        detail = f"no output is named '{unknown[0]}'; outputs: {', '.join(known)}"
        raise Problem(422, UNPROCESSABLE, detail)


def _list_warnings(predictions: Sequence[Row]) -> list[dict[str, object]]:
    """The warnings of predictions, each with the number of its row."""
    warnings: list[dict[str, object]] = []
    for number, prediction in enumerate(predictions):
        given = cast(Sequence[Mapping[str, str]], prediction.get("warnings", ()))
        warnings += [{"index": number, **warning} for warning in given]
    return warnings


def _build_response(result: InferResult, body: JsonObject) -> Response:
    if not any(wants_binary(body, o["name"]) for o in result["outputs"]):
        return JsonAnswer(result)
    data, head = pack_tensors(result, body)
    return Response(
        data,
        media_type="application/octet-stream",
        headers={"Inference-Header-Content-Length": str(head)},
    )


async def read_inference(scope: Scope, receive: Receive) -> Json:
    """Read an inference request with its binary tensors.

    Raises:
        Problem: the body is too large, not JSON, or its bytes are not those announced.
    """
    data = await read_bytes(scope, receive)
    length = _read_length(scope, len(data))
    if length is None:
        return parse_json(data)
    try:
        return unpack_tensors(parse_json(data[:length]), data[length:])
    except ValueError as error:
        raise Problem(400, Message("serving.invalid_tensors"), str(error)) from error


def _read_length(scope: Scope, most: int) -> int | None:
    """How many bytes of a body are its JSON, by its header; None without one."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    length = next((value for name, value in headers if name == LENGTH), None)
    if length is None:
        return None
    if not (length.isascii() and length.isdigit()) or int(length) > most:
        shown = length[:20].decode("latin-1")
        raise Problem(
            400,
            Message("serving.invalid_header"),
            Message("serving.inference_header_length", length=shown, bytes=most),
        )
    return int(length)


def _invalid(detail: str) -> Problem:
    return Problem(422, UNPROCESSABLE, detail)


def read_rows(body: object) -> list[dict[str, object]]:
    """Read the rows of an inference request.

    Raises:
        Problem: it is invalid, with what is expected.

    >>> tensor = {"name": "age", "shape": [2], "datatype": "INT64", "data": [30, 41]}
    >>> read_rows({"inputs": [tensor]})
    [{'age': 30}, {'age': 41}]
    """
    columns = dict(map(_read_tensor, _list_inputs(body)))
    if len({len(column) for column in columns.values()}) != 1:
        raise _invalid(
            "the inputs have different lengths; expected one value of each for every row"
        )
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, values, strict=True)) for values in rows]


def _list_inputs(body: object) -> list[object]:
    """The tensors of a request, whose outputs are a list where it has any."""
    inputs: object = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(inputs, list) or not inputs:
        raise _invalid("expected an object with 'inputs', a list of tensors")
    if not isinstance(body.get("outputs", []), list):
        raise _invalid("'outputs' is not a list; expected a list of objects with a 'name'")
    return inputs


def _read_tensor(given: object) -> tuple[str, list[object]]:
    """The name and the values of an input."""
    tensor: Mapping[str, object] = given if isinstance(given, dict) else {}
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


def _flatten(data: list[object]) -> list[object]:
    if not data or not all(isinstance(row, list) for row in data):
        return data
    return list(chain.from_iterable(cast(list[list[object]], data)))


def _tensor(name: str, kind: str, data: Sequence[object], *shape: int) -> OutputTensor:
    return {"name": name, "datatype": kind, "shape": list(shape), "data": data}


def build_outputs(predictions: Sequence[Row], numbers: Sequence[str]) -> list[OutputTensor]:
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
            outputs.append(_tensor(name, "FP64", _list_numbers(predictions, name), rows))
    if _all_have(predictions, "interval", (list,)):
        outputs.append(_tensor("interval", "FP64", _list_ends(predictions), rows, 2))
    if _all_have(predictions, "text", (str,)):
        outputs.append(_tensor("text", "BYTES", [p["text"] for p in predictions], rows))
    return outputs


def _list_numbers(predictions: Sequence[Row], name: str) -> list[float]:
    return [to_float(prediction[name]) for prediction in predictions]


def _list_ends(predictions: Sequence[Row]) -> list[float]:
    """The ends of the intervals of predictions, one after the other."""
    intervals = [cast(list[object], p["interval"]) for p in predictions]
    return [to_float(end) for end in chain.from_iterable(intervals)]


def _all_have(predictions: Sequence[Row], name: str, kinds: tuple[type, ...]) -> bool:
    return all(isinstance(p.get(name), kinds) for p in predictions)


KINDS = {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}


def describe_model(name: str, model: ModelInstance) -> dict[str, object]:
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
