"""Services that speak, by the chat interface that most clients know: models, answers whole or
streamed, usage.

Knows its form. Source: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from mesocosm.serving.http.bodies import read_body
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.service import LiveService

MOST = 2000  # characters of a question
TOKEN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|\w+|[^\w\s]")
PIECE = re.compile(r"\S+\s*|\s+")


def add_routes(
    app: FastAPI, served: Mapping[str, LiveService], one_of: Callable[[str], LiveService]
) -> None:
    """Add the interface."""

    def about(one: LiveService) -> dict[str, Any]:
        return {"id": one.name, "object": "model", "created": 0, "owned_by": "mesocosm"}

    @app.get("/v1/models")
    async def models() -> Any:
        return {
            "object": "list",
            "data": [about(s) for s in served.values() if s.now and s.now.speaks],
        }

    @app.get("/v1/models/{name}")
    async def model(name: str) -> Any:
        one = one_of(name)
        if one.now is None or not one.now.speaks:
            raise Problem(404, "It does not speak", f"'{name[:60]}' has no table of answers")
        return about(one)

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Any:
        body = await read_body(request)
        text = read_question(body)
        one = one_of(str(body.get("model", "")))
        if one.now is None or not one.now.speaks:
            raise Problem(
                422, "It does not speak", f"{one.name} has no table of answers", {"field": "model"}
            )
        found = await asyncio.to_thread(one.now.ask, text)
        one.events.append({"at": time.time(), "id": "", "label": "chat", "service": one.name})
        said, used = str(found["answer"]), count_usage(body["messages"], str(found["answer"]))
        ident, made = "c-" + secrets.token_hex(8), int(time.time())
        if body.get("stream") is True:
            options = body.get("stream_options")
            return _stream(
                ident,
                made,
                one.name,
                found,
                (
                    used
                    if isinstance(options, dict) and options.get("include_usage") is True
                    else None
                ),
            )
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": said},
            "logprobs": None,
            "finish_reason": "stop",
        }
        return {
            "id": ident,
            "object": "chat.completion",
            "created": made,
            "model": one.name,
            "choices": [choice],
            "usage": used,
            "grounding": found,
        }


def read_question(body: Any) -> str:
    """The last message's text; parts of it are put together.

    Raises:
        Problem: there is none, or it is too long, or a part is no text.

    >>> read_question({"messages": [{"role": "user", "content": [{"type": "text", "text": "How "}, {"type": "text", "text": "much?"}]}]})
    'How much?'
    """
    messages = body.get("messages") if isinstance(body, dict) else None
    last = messages[-1] if isinstance(messages, list) and messages else None
    text = _read_text(last.get("content")) if isinstance(last, dict) else None
    if text is None or not text.strip() or len(text) > MOST:
        raise Problem(
            422,
            "The request is invalid",
            f"expected 'messages' whose last has a 'content' of 1 to {MOST} characters, as a text"
            " or as parts of type 'text'",
            {"field": "messages"},
        )
    return text.strip()


def _read_text(content: Any) -> str | None:
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not all(
        isinstance(p, dict)
        and p.get("type") in ("text", "input_text")
        and isinstance(p.get("text"), str)
        for p in content
    ):
        return None
    return "".join(p["text"] for p in content)


def count_usage(messages: Sequence[Any], answer: str) -> dict[str, int]:
    """How much was read and said, in words, signs and characters of scripts without spaces; no
    model's tokens are counted.

    >>> count_usage([{"content": "How much?"}], "12 EUR.")
    {'prompt_tokens': 3, 'completion_tokens': 3, 'total_tokens': 6}
    """
    asked = sum(
        len(TOKEN.findall(_read_text(m.get("content")) or ""))
        for m in messages
        if isinstance(m, dict)
    )
    said = len(TOKEN.findall(answer))
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _stream(
    ident: str, made: int, model: str, found: Mapping[str, Any], used: Mapping[str, int] | None
) -> Response:
    """An answer word by word, as server-sent events; put together the pieces are the answer. The
    last one has where it comes from.
    """

    def chunk(choices: list[dict[str, Any]], **more: Any) -> bytes:
        return (
            b"data: "
            + orjson.dumps(
                {
                    "id": ident,
                    "object": "chat.completion.chunk",
                    "created": made,
                    "model": model,
                    "choices": choices,
                    **more,
                }
            )
            + b"\n\n"
        )

    def piece(delta: Mapping[str, Any], end: str | None = None, **more: Any) -> bytes:
        return chunk([{"index": 0, "delta": delta, "finish_reason": end}], **more)

    async def pieces() -> AsyncIterator[bytes]:
        yield piece({"role": "assistant", "content": ""})
        for word in PIECE.findall(str(found["answer"])):
            yield piece({"content": word})
        yield piece({}, "stop", grounding=found)
        if used:
            yield chunk([], usage=used)
        yield b"data: [DONE]\n\n"

    return StreamingResponse(
        pieces(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )
