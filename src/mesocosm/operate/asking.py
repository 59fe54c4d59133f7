"""A service asked for predictions: in our own form and in that of the Open Inference Protocol (v2).
Knows both forms and batchers.

Source: https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mesocosm.base.errors import Wrong
from mesocosm.base.rights import OWNER
from mesocosm.operate.batcher import Batcher, Expired, Full
from mesocosm.operate.bodies import Answer, json_of, read_bytes, read_json
from mesocosm.operate.marks import HEADER, MARKS, MarkedRow
from mesocosm.operate.problems import Problem
from mesocosm.operate.refusals import json_kind, refused_over
from mesocosm.operate.served import Served
from mesocosm.operate.tensors import LENGTH, packed, unpacked, wants_binary
from mesocosm.operate.unit import Unit

MOST_ROWS = 1000
MARK = HEADER.lower().encode()
MOST_ERRORS = 100  # malformed rows that one problem lists
MOST_WAIT = 3_600_000  # milliseconds of a deadline


class Asking:
    """Services by name, with the batcher of each.

    Args:
        served: the services.
        batchers: filled when the gateway starts.
    """

    def __init__(
        self,
        served: Mapping[str, Served],
        batchers: Mapping[str, Batcher],
        one_of: Callable[[str], Served],
    ) -> None:
        self.served, self.batchers, self.one_of = served, batchers, one_of

    def unit(self, name: str) -> tuple[Served, Unit]:
        """A service that predicts, and what it runs.

        Raises:
            Problem: there is none, or not now.
        """
        one = self.one_of(name)
        now = one.now
        if now is None or now.fields is None:
            raise Problem(
                503 if now is None else 422,
                "It does not predict",
                one.trouble or f"{name} serves no model; ask it by chat",
            )
        return one, now

    async def rows(
        self,
        one: Served,
        unit: Unit,
        rows: Sequence[Any],
        scope: Scope,
        receive: Receive,
        apart: bool = False,
    ) -> list[dict[str, Any]]:
        """Predictions of raw rows; one whose row would not have been kept has `why`.

        Args:
            apart: whether a row that is malformed has `why` and its `field` while others are
                answered, where there are others.

        Raises:
            Problem: too many wait, the deadline passed, or nobody waits any more.
            Wrong: a row cannot be right.
        """
        if not 1 <= len(rows) <= MOST_ROWS:
            raise Problem(
                422,
                "The request cannot be right",
                f"{len(rows)} rows stand here; wanted 1 to {MOST_ROWS}",
            )
        mark = scope["state"]["mark"] = requested_mark(scope)
        assert unit.fields is not None
        bad: dict[int, Wrong] = {}
        for number, row in enumerate(rows):
            try:
                unit.fields.check(row)
            except Wrong as wrong:
                if not mark:
                    one.refused(wrong.key)
                bad[number] = wrong
        if bad and (not apart or len(bad) == len(rows)):
            raise _malformed(bad, len(rows))
        if bad:
            answered = iter(
                await self.rows(
                    one, unit, [row for n, row in enumerate(rows) if n not in bad], scope, receive
                )
            )
            return [
                {"why": str(bad[n]), "field": bad[n].key} if n in bad else next(answered)
                for n in range(len(rows))
            ]
        if mark:
            rows = [MarkedRow(row, mark) for row in rows]
        loop = asyncio.get_running_loop()
        wait = _deadline(scope)
        here, gone = asyncio.current_task(), False

        async def left() -> None:
            nonlocal gone
            if (await receive())["type"] == "http.disconnect" and here:
                gone = True
                here.cancel()

        watch, began = loop.create_task(left()), time.time_ns()
        try:
            run = self.batchers[one.name].run(
                rows, loop.time() + wait if wait is not None else None
            )
            found = await (asyncio.wait_for(run, wait) if wait is not None else run)
        except Full as full:
            seconds = max(1, round(full.seconds))
            raise Problem(
                429,
                "Too many wait",
                f"the queue is full; try again in {seconds} s",
                headers={"Retry-After": str(seconds)},
            ) from full
        except (Expired, TimeoutError) as late:
            raise Problem(
                408,
                "Too late",
                f"no answer could be given within the {wait * 1000 if wait else 0:.0f} ms that the"
                " request allows",
            ) from late
        except asyncio.CancelledError as error:
            if not gone:
                raise
            raise Problem(
                499, "Nobody waits", "the connection was closed before the answer"
            ) from error
        finally:
            watch.cancel()
            scope["state"]["asked"] = {
                "began": began,
                "ended": time.time_ns(),
                "version": unit.version,
                "rows": len(rows),
            }
        if any("died" in said for said in found):
            raise Problem(
                500,
                "The worker died",
                "what runs the model died over this row, twice; others were answered",
            )
        return found


def _malformed(bad: Mapping[int, Wrong], count: int) -> Exception:
    """What is said of a request whose rows are malformed, with each of them where there are
    several.
    """
    first = next(iter(bad))
    if count == 1:
        return bad[first]
    errors = [
        {"index": n, "field": wrong.key, "detail": str(wrong)}
        for n, wrong in list(bad.items())[:MOST_ERRORS]
    ]
    return Problem(
        422,
        "The request cannot be right",
        f"row {first}: {bad[first]}",
        {"field": bad[first].key, "errors": errors},
    )


def _deadline(scope: Scope) -> float | None:
    """Seconds within which the answer is wanted, by the header `X-Deadline-Ms`."""
    for name, value in scope["headers"]:
        if name == b"x-deadline-ms":
            if not (value.isascii() and value.isdigit()) or not 1 <= int(value) <= MOST_WAIT:
                raise Problem(
                    400,
                    "The header cannot be right",
                    f"X-Deadline-Ms wants whole milliseconds, 1 to {MOST_WAIT}",
                )
            return int(value) / 1000
    return None


def requested_mark(scope: Scope) -> str:
    """The mark of a request that is no traffic, by its header.

    Raises:
        Problem: there is no such mark, or the role may not set one.
    """
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == MARK), "")
    if given and given not in MARKS:
        raise Problem(
            400, "The header is invalid", f"{HEADER} is '{given[:40]}'; expected {', '.join(MARKS)}"
        )
    if given and scope["state"].get("role") != OWNER:
        raise Problem(403, "The role may not mark requests", f"{HEADER} needs the owner's token")
    return given


class Direct:
    """Answers the routes that are asked most before the rest of the application is.

    Args:
        routes: by version of the interface and last word of the path, what answers.
    """

    def __init__(self, app: ASGIApp, routes: Mapping[tuple[str, str], ASGIApp]) -> None:
        self.app, self.routes = app, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass it on."""
        if scope["type"] == "http" and scope["method"] == "POST":
            _, *parts = scope["path"].split("/")
            found = self.routes.get((parts[0], parts[-1])) if len(parts) in (4, 6) else None
            if (
                found
                and parts[1] == ("services" if parts[0] == "v1" else "models")
                and (len(parts) == 4 or (parts[0] == "v2" and parts[3] == "versions"))
            ):
                scope["path_params"] = {"name": parts[2]} | (
                    {"version": parts[4]} if len(parts) == 6 else {}
                )
                scope["told"] = f"/{parts[0]}/{parts[1]}/{{name}}/{parts[-1]}"
                await found(scope, receive, send)
                return
        await self.app(scope, receive, send)


class Predict:
    """`POST /v1/services/{name}/predict`: one row, or `rows`."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        name = scope["path_params"]["name"]
        service, unit = self.asking.unit(name)
        body = await read_json(scope, receive)
        several = body.get("rows") if isinstance(body, dict) else None
        rows = several if isinstance(several, list) else [body]
        if (
            rows is not several
            and isinstance(body, dict)
            and set(body) == {"rows"}
            and unit.fields
            and "rows" not in unit.fields.fields
        ):
            raise Problem(
                422,
                "The request is invalid",
                f"'rows' is {json_kind(several)}; wanted a list of rows, each an object",
                {"field": "rows"},
            )
        found = await self.asking.rows(service, unit, rows, scope, receive, apart=True)
        if rows and rows[0] is body:
            if "why" in found[0]:
                raise Problem(
                    422,
                    "The row would not have been kept",
                    found[0]["why"],
                    _field_of(found[0], unit),
                )
            await Answer(found[0])(scope, receive, send)
            return
        await Answer(
            {
                "predictions": [
                    one | {"index": n} | _field_of(one, unit) if "why" in one else one
                    for n, one in enumerate(found)
                ]
            }
        )(scope, receive, send)


def _field_of(refused: Mapping[str, Any], unit: Unit) -> dict[str, str]:
    """The field that a row was refused over, where it names one."""
    fields = unit.fields.fields if unit.fields else {}
    field = refused.get("field") or refused_over(str(refused["why"]), fields)
    return {"field": field} if field in fields else {}


class Infer:
    """`POST /v2/models/{name}/infer`: each input a tensor of one dimension, rows by their place in
    it.
    """

    def __init__(self, asking: Asking) -> None:
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
        body = await inference_of(scope, receive)
        rows = rows_of(body)
        found = await self.asking.rows(service, unit, rows, scope, receive)
        for n, one in enumerate(found):
            if "why" in one:
                raise Problem(422, "The row would not have been kept", f"row {n}: {one['why']}")
        outputs = outputs_of(unit, found)
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
            await Answer(answer)(scope, receive, send)
            return
        data, head = packed(answer, body)
        await Response(
            data,
            media_type="application/octet-stream",
            headers={"Inference-Header-Content-Length": str(head)},
        )(scope, receive, send)


async def inference_of(scope: Scope, receive: Receive) -> Any:
    """An inference request, its binary tensors read.

    Raises:
        Problem: the body is too large, no JSON, or its bytes are not those announced.
    """
    data = await read_bytes(scope, receive)
    length = next((value for name, value in scope["headers"] if name == LENGTH), None)
    if length is None:
        return json_of(data)
    if not (length.isascii() and length.isdigit()) or int(length) > len(data):
        raise Problem(
            400,
            "The header is invalid",
            f"Inference-Header-Content-Length is {length[:20].decode('latin-1')}, and the body has"
            f" {len(data)} bytes",
        )
    try:
        return unpacked(json_of(data[: int(length)]), data[int(length) :])
    except ValueError as error:
        raise Problem(400, "The tensors are invalid", str(error)) from error


def rows_of(body: Any) -> list[dict[str, Any]]:
    """The rows of an inference request.

    Raises:
        Problem: it is none, with what would be right.

    >>> rows_of({"inputs": [{"name": "age", "shape": [2], "datatype": "INT64", "data": [30, 41]}]})
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
        data, shape = _flat(one["data"]), one.get("shape")
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


def _flat(data: list[Any]) -> list[Any]:
    return (
        [v for one in data for v in one]
        if data and all(isinstance(one, list) for one in data)
        else data
    )


def outputs_of(unit: Unit, found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
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


def metadata(name: str, unit: Unit) -> dict[str, Any]:
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
