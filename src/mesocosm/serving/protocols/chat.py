"""Question answering by the chat interface that most clients know: models, answers whole or
streamed, usage.

Knows its form. Source: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from mesocosm.core.messages import Message
from mesocosm.core.records import JsonObject
from mesocosm.serving.http.bodies import as_object, read_body
from mesocosm.serving.http.problems import UNPROCESSABLE, Problem
from mesocosm.serving.service import LiveService
from mesocosm.serving.spoken_answers import SpokenAnswer, address_reader

MOST = 2000  # characters of a question
NO_CHAT = "This service has no chat"
TOKEN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|\w+|[^\w\s]")
PIECE = re.compile(r"\S+\s*|\s+")


def add_routes(
    app: FastAPI,
    served: Mapping[str, LiveService],
    find_service: Callable[[str], LiveService],
) -> None:
    """Add the chat interface."""

    @app.get("/v1/models")
    async def models() -> dict[str, object]:
        speaking = [_describe(s) for s in served.values() if s.now and s.now.speaks]
        return {"object": "list", "data": speaking}

    @app.get("/v1/models/{name}")
    async def model(name: str) -> dict[str, object]:
        service = find_service(name)
        if service.now is None or not service.now.speaks:
            raise Problem(404, NO_CHAT, Message("serving.no_answer_index", name=name[:60]))
        return _describe(service)

    @app.post("/v1/chat/completions", response_model=None)
    async def chat(request: Request) -> Response | dict[str, object]:
        body = as_object(await read_body(request))
        text = read_question(body)
        service = find_service(str(body.get("model", "")))
        if service.now is None or not service.now.speaks:
            detail = f"{service.name} has no answer index"
            raise Problem(422, NO_CHAT, detail, {"field": "model"})
        found = address_reader(await asyncio.to_thread(service.now.ask, text), text)
        service.events.append(
            {"at": time.time(), "id": "", "label": "chat", "service": service.name}
        )
        answer = ChatAnswer(
            "c-" + secrets.token_hex(8),
            int(time.time()),
            service.name,
            found,
            count_usage(_list_messages(body), str(found["answer"])),
        )
        if body.get("stream") is True:
            return _stream(answer, _includes_usage(body))
        return answer.as_json()


@dataclass(frozen=True)
class ChatAnswer:
    """An answer to a question.

    Args:
        created: seconds since 1970.
        found: the `answer` and where it comes from.
    """

    id: str
    created: int
    model: str
    found: SpokenAnswer
    usage: Mapping[str, int]

    def as_json(self) -> dict[str, object]:
        """The answer as one response."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": str(self.found["answer"])},
            "logprobs": None,
            "finish_reason": "stop",
        }
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [choice],
            "usage": self.usage,
            "grounding": self.found,
        }

    def chunk(self, choices: list[dict[str, object]], **more: object) -> bytes:
        """A part of the answer as a server-sent event."""
        event = {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
            **more,
        }
        return b"data: " + orjson.dumps(event) + b"\n\n"

    def piece(self, delta: Mapping[str, str], end: str | None = None, **more: object) -> bytes:
        """A piece of the text as a server-sent event."""
        return self.chunk([{"index": 0, "delta": delta, "finish_reason": end}], **more)


def _describe(service: LiveService) -> dict[str, object]:
    return {"id": service.name, "object": "model", "created": 0, "owned_by": "mesocosm"}


def _includes_usage(body: JsonObject) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def read_question(body: object) -> str:
    """Read the last message's text; its parts are joined.

    Raises:
        Problem: there is none, or it is too long, or a part is not a text.

    >>> parts = [{"type": "text", "text": "How "}, {"type": "text", "text": "much?"}]
    >>> read_question({"messages": [{"role": "user", "content": parts}]})
    'How much?'
    """
    text = _read_last(body)
    if text is None or not text.strip() or len(text) > MOST:
        raise Problem(
            422,
            UNPROCESSABLE,
            Message("serving.chat_messages", most=MOST),
            {"field": "messages"},
        )
    return text.strip()


def _list_messages(body: object) -> list[object]:
    messages: object = body.get("messages") if isinstance(body, dict) else None
    return messages if isinstance(messages, list) else []


def _read_last(body: object) -> str | None:
    messages = _list_messages(body)
    last = messages[-1] if messages else None
    return _read_text(last.get("content")) if isinstance(last, dict) else None


def _read_text(content: object) -> str | None:
    """A message's text; None where a part is not a text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not all(map(_is_text, content)):
        return None
    return "".join(part["text"] for part in content)


def _is_text(part: object) -> bool:
    if not isinstance(part, dict) or part.get("type") not in ("text", "input_text"):
        return False
    return isinstance(part.get("text"), str)


def count_usage(messages: Sequence[object], answer: str) -> dict[str, int]:
    """Count what was read and written, in words, signs and characters of scripts without spaces;
    a model's tokens are not counted.

    >>> count_usage([{"content": "How much?"}], "12 EUR.")
    {'prompt_tokens': 3, 'completion_tokens': 3, 'total_tokens': 6}
    """
    texts = [_read_text(m.get("content")) or "" for m in messages if isinstance(m, dict)]
    read, written = sum(len(TOKEN.findall(text)) for text in texts), len(TOKEN.findall(answer))
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
    }


def _stream(answer: ChatAnswer, include_usage: bool) -> Response:
    """An answer word by word, as server-sent events; the pieces joined are the answer. The last one
    has where it comes from.
    """

    async def pieces() -> AsyncIterator[bytes]:
        yield answer.piece({"role": "assistant", "content": ""})
        for word in PIECE.findall(str(answer.found["answer"])):
            yield answer.piece({"content": word})
        yield answer.piece({}, "stop", grounding=answer.found)
        if include_usage:
            yield answer.chunk([], usage=answer.usage)
        yield b"data: [DONE]\n\n"

    return StreamingResponse(
        pieces(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )
