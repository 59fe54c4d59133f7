"""Problems of the server in the language that a request accepts, each request in its own."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from mesocosm.core.errors import ConfigValueError, MesocosmError, RetryableError
from mesocosm.core.messages import Message, text_as_json, text_of_json
from mesocosm.serving.auth.middleware import AuthMiddleware
from mesocosm.serving.auth.roles import Roles
from mesocosm.serving.http.bodies import parse_json
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.requests.refusals import field_mismatch

FIELDS: dict[str, dict[str, Any]] = {
    "age": {"wanted": "a number", "may_miss": True},
    "city": {"wanted": "a text", "may_miss": False},
}
ERRORS = {
    "/missing": lambda: field_mismatch([], ["age"], FIELDS),
    "/both": lambda: field_mismatch([], ["age", "city"], FIELDS),
    "/unknown": lambda: field_mismatch(["agee", "x"], ["age"], FIELDS),
    "/problem": lambda: Problem(
        404, Message("serving.no_such_service"), Message("serving.no_service_named", service="x")
    ),
    "/v2/models/x": lambda: Problem(
        404, Message("serving.no_such_service"), Message("serving.no_service_named", service="x")
    ),
    "/later": lambda: RetryableError(Message("serving.spool_full")),
    "/failure": lambda: MesocosmError("as it is"),
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Fail as the path says, once other requests had a turn."""
    await asyncio.sleep(0)
    if scope["path"] == "/json":
        parse_json(b'{"a": 1, "a": 2}')
    raise ERRORS[scope["path"]]()


async def ask_all(*asked: tuple[str, str]) -> list[httpx.Response]:
    """Responses to paths in languages, asked at once."""
    door = AuthMiddleware(app, Roles("secret", lambda _: None, 100), ("test",), lambda *_: None)
    headers = {"Authorization": "Bearer secret"}
    transport = httpx.ASGITransport(app=door)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await asyncio.gather(
            *(
                client.get(path, headers=headers | {"Accept-Language": accepted})
                for path, accepted in asked
            )
        )


def ask(path: str, accepted: str) -> dict[str, Any]:
    (response,) = asyncio.run(ask_all((path, accepted)))
    found: dict[str, Any] = response.json()
    return found


@pytest.mark.parametrize(
    ("path", "title", "detail"),
    [
        ("/missing", "请求无法处理", "age：缺少该字段；应为：数值，或用 null 表示由系统填补。"),
        (
            "/both",
            "请求无法处理",
            "缺少字段 'age'、'city'；应为：每个字段；'age' 可用 null 由系统填补。"
            "可选值：age、city。",
        ),
        ("/problem", "没有此服务", "没有名为 'x' 的服务"),
        ("/later", "服务暂不可用", "目录库被锁定或只读，且缓冲区已满"),
        ("/json", "重复的键", "重复的键 'a'；每个键只能出现一次"),
        ("/failure", "服务暂不可用", "as it is"),
    ],
)
def test_a_problem_is_chinese_where_chinese_is_accepted(path: str, title: str, detail: str) -> None:
    found = ask(path, "zh-CN,zh;q=0.9,en;q=0.8")
    assert (found["title"], found["detail"]) == (title, detail)


@pytest.mark.parametrize(
    ("path", "title", "detail"),
    [
        (
            "/missing",
            "Unprocessable request",
            "age: the field is missing; expected a number, or null to have it imputed.",
        ),
        (
            "/unknown",
            "Unprocessable request",
            "agee: this service has none of the fields 'agee', 'x'; the field 'age' is missing; for"
            " 'agee' did you mean 'age'?; expected one of its fields. Choices: age, city.",
        ),
        ("/problem", "No such service", "no service is named 'x'"),
        ("/later", "Unavailable", "the catalog is locked or read-only, and the spool is full"),
        ("/json", "Duplicate key", "duplicate key 'a'; expected each key once"),
    ],
)
@pytest.mark.parametrize("accepted", ["en", "", "fr", "en;q=0.9, zh;q=0.1"])
def test_a_problem_is_english_else(path: str, title: str, detail: str, accepted: str) -> None:
    found = ask(path, accepted)
    assert (found["title"], found["detail"]) == (title, detail)


def test_a_problem_has_the_id_of_its_detail() -> None:
    for accepted in ("zh", "en"):
        found = ask("/problem", accepted)
        assert found["id"] == "serving.no_service_named" and found["params"] == {"service": "x"}
    assert "id" not in ask("/failure", "zh")


def test_who_is_not_signed_in_reads_it_too() -> None:
    async def refused() -> httpx.Response:
        roles = Roles("secret", lambda _: None, 100)
        door = AuthMiddleware(app, roles, ("test",), lambda *_: None)
        transport = httpx.ASGITransport(app=door)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get("/problem", headers={"Accept-Language": "zh"})

    found = asyncio.run(refused()).json()
    assert found["status"] == 401 and found["title"] == "需要身份验证"


def test_the_inference_protocol_has_its_own_form() -> None:
    assert ask("/v2/models/x", "zh") == {"error": "没有名为 'x' 的服务"}


def test_requests_at_once_do_not_mix_their_languages() -> None:
    asked = [("/problem", "zh" if n % 2 else "en") for n in range(40)]
    titles = [response.json()["title"] for response in asyncio.run(ask_all(*asked))]
    assert titles == ["没有此服务" if n % 2 else "No such service" for n in range(40)]


def test_a_workers_error_keeps_its_message() -> None:
    from mesocosm.serving.workers.prefork import _resolve
    from mesocosm.serving.workers.worker import _run

    def fail() -> None:
        raise ConfigValueError("age", Message("serving.field_missing"), "a number", ["age"], "agee")

    future: Future[Any] = Future()
    _resolve(future, _run(fail))
    error = future.exception()
    assert isinstance(error, ConfigValueError)
    assert error.render("zh") == "age：缺少该字段；应为：数值。可选值：age。您是否想写 'age'？"
    assert str(error).startswith("age: the field is missing; expected a number. Choices: age.")
    assert text_of_json(text_as_json("plain")) == "plain"
