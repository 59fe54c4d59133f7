"""A language model behind an OpenAI-style endpoint, asked for words. Knows HTTP; what is asked, and
what of the answer may be used, others decide.

Source: https://platform.openai.com/docs/api-reference/chat (the form, which vLLM, llama.cpp and
Ollama implement too)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from mesocosm.core.errors import ConfigValueError, MesocosmError, RetryableError, text_of
from mesocosm.core.messages import Message
from mesocosm.core.network.url_policy import check_url, transport
from mesocosm.core.settings import Settings

MOST = 1_000_000  # bytes of an answer


class Language(Settings):
    """A language model that may be asked, over an OpenAI-style endpoint.

    Args:
        endpoint: its address up to the version, as `https://api.example.org/v1`.
        model: its name there.
        key: what is sent as the bearer token; name a variable of the environment, as
            `${LANGUAGE_KEY}`.
        seconds: how long an answer may take.
        private_network: whether it may stand at a private or loopback address.

    >>> Language(endpoint="https://api.example.org/v1/", model="small").endpoint
    'https://api.example.org/v1'
    """

    short: ClassVar[str] = "endpoint"
    endpoint: str
    model: str = Field(min_length=1, max_length=200)
    key: str | None = Field(None, repr=False)
    seconds: float = Field(20.0, gt=0, le=600)
    private_network: bool = False

    @field_validator("endpoint")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.query
            or parts.username
        ):
            raise ValueError(Message("core.an_address"))
        return value.rstrip("/")


def ask(setting: Language, messages: Sequence[Mapping[str, str]], most: int) -> str:
    """The answer of the model to some messages, each a `role` and a `content`.

    Args:
        most: tokens of the answer at most.

    Raises:
        MesocosmError: it cannot be reached, or the response is not an answer; the key is never
            named.
    """
    import httpx

    _check_endpoint(setting)
    host = urlsplit(setting.endpoint).hostname
    try:
        status, data = _post(setting, messages, most)
    except httpx.HTTPError as error:
        raise MesocosmError(
            Message("core.llm_no_answer", host=host, kind=type(error).__name__)
        ) from error
    if len(data) > MOST:
        raise MesocosmError(Message("core.llm_too_long", host=host, most=MOST))
    if status != 200:
        raise MesocosmError(Message("core.llm_status", host=host, status=status))
    try:
        text = json.loads(data)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        raise MesocosmError(Message("core.llm_not_a_completion", host=host)) from error
    if not isinstance(text, str) or not text.strip():
        raise MesocosmError(Message("core.llm_empty", host=host))
    return text.strip()


def _check_endpoint(setting: Language) -> None:
    try:
        check_url(setting.endpoint, ("https", "http"), setting.private_network, "language.endpoint")
    except ConfigValueError as wrong:
        raise MesocosmError(Message("core.llm_address_refused", reason=wrong.found)) from wrong
    except RetryableError as later:
        raise MesocosmError(Message("core.llm_unreachable", reason=text_of(later))) from later


def _post(setting: Language, messages: Sequence[Mapping[str, str]], most: int) -> tuple[int, bytes]:
    """The status and the body of the endpoint's response, which is read until it is too long."""
    import httpx

    body = {
        "model": setting.model,
        "messages": [dict(message) for message in messages],
        "max_tokens": most,
        "temperature": 0,
    }
    headers = {}
    if setting.key:
        headers["Authorization"] = f"Bearer {setting.key}"
    data = b""
    with (
        httpx.Client(
            timeout=setting.seconds,
            follow_redirects=False,
            transport=transport(setting.private_network),
        ) as http,
        http.stream(
            "POST", f"{setting.endpoint}/chat/completions", json=body, headers=headers
        ) as response,
    ):
        for part in response.iter_bytes():
            data += part
            if len(data) > MOST:
                break
        return response.status_code, data
