"""The chat interface over a service that speaks, and addresses that a source may reach."""

from __future__ import annotations

import json
import socket
from collections import deque
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from mesocosm.core.network.url_policy import is_public, transport
from mesocosm.serving.http.problems import Problem, render_problem
from mesocosm.serving.protocols import chat

ANSWER = "Block it  at once,\nthen call 12 34 — done. "
ASKED = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "my card is gone, "},
            {"type": "text", "text": "help"},
        ],
    }
]


def _app() -> FastAPI:
    heard: list[str] = []
    desk: Any = SimpleNamespace(
        name="desk",
        events=deque(),
        now=SimpleNamespace(speaks=True, ask=lambda text: heard.append(text) or {"answer": ANSWER}),
    )

    def one_of(name: str) -> Any:
        if name != "desk":
            raise Problem(404, "No such service", f"no service is named '{name}'")
        return desk

    app = FastAPI()
    app.add_exception_handler(
        Problem, lambda request, error: render_problem(error, request.url.path)
    )  # type: ignore[arg-type]
    chat.add_routes(app, {"desk": desk}, one_of)
    app.state.heard = heard
    return app


def test_parts_usage_models_and_a_stream_equal_to_the_whole() -> None:
    app = _app()
    http = TestClient(app)
    assert [m["id"] for m in http.get("/v1/models").json()["data"]] == ["desk"] and http.get(
        "/v1/models/desk"
    ).json()["object"] == "model"
    whole = http.post("/v1/chat/completions", json={"model": "desk", "messages": ASKED}).json()
    assert (
        app.state.heard == ["my card is gone, help"]
        and whole["choices"][0]["message"]["content"] == ANSWER
    )
    lines = [
        line[6:]
        for line in http.post(
            "/v1/chat/completions",
            json={
                "model": "desk",
                "messages": ASKED,
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        ).text.splitlines()
        if line
    ]
    chunks = [json.loads(line) for line in lines[:-1]]
    assert (
        "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"])
        == ANSWER
        and chunks[-1]["usage"] == whole["usage"]
    )
    for body, code in (
        ({"model": "no", "messages": ASKED}, 404),
        ({"model": "desk"}, 422),
        ({"model": "desk", "messages": [{"content": [{"type": "image_url"}]}]}, 422),
        ({"model": "desk", "messages": [{"content": " "}]}, 422),
    ):
        answer = http.post("/v1/chat/completions", json=body)
        assert answer.status_code == code and set(answer.json()["error"]) == {
            "message",
            "type",
            "param",
            "code",
        }


def test_openai_s_client_works_as_it_comes() -> None:
    import openai

    client = openai.OpenAI(
        base_url="http://testserver/v1", api_key="k", max_retries=0, http_client=TestClient(_app())
    )
    assert [m.id for m in client.models.list()] == ["desk"] and client.models.retrieve(
        "desk"
    ).id == "desk"
    whole = client.chat.completions.create(model="desk", messages=ASKED)
    assert (
        whole.choices[0].message.content == ANSWER
        and whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    )
    chunks = list(
        client.chat.completions.create(
            model="desk", messages=ASKED, stream=True, stream_options={"include_usage": True}
        )
    )
    assert (
        "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == ANSWER
        and chunks[-1].usage == whole.usage
    )
    with pytest.raises(openai.NotFoundError, match="no service is named 'no'"):
        client.chat.completions.create(model="no", messages=ASKED)


def test_addresses_that_carry_a_private_one_are_not_public() -> None:
    inner = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "100.64.0.1", "0.0.0.0"]
    for v4 in inner:
        a, b, c, d = map(int, v4.split("."))
        low = f"{a * 256 + b:x}:{c * 256 + d:x}"
        for address in (
            v4,
            f"::ffff:{v4}",
            f"64:ff9b::{low}",
            f"2002:{low}::1",
            f"64:ff9b:1::{low}",
            f"::{low}",
        ):
            assert not is_public(address), address
    assert all(map(is_public, ("8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111")))
    assert not any(map(is_public, ("::1", "fe80::1%eth0", "fc00::1", "ff02::1", "224.0.0.1", "::")))


def test_a_name_that_resolves_anew_to_a_private_address_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))],
    )
    with (
        httpx.Client(transport=transport(False)) as client,
        pytest.raises(httpx.ConnectError, match="not public"),
    ):
        client.get("http://api.example.org/")
