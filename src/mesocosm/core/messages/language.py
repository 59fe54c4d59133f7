"""The language of whoever reads: of the process, and of one request within it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import parse_qsl

SOURCE = "en"
LANGUAGES = (SOURCE, "zh")
VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # gettext's, the first that is set wins

_of_process = [SOURCE]  # a thread has no context of its own, so this is no variable of a context
_of_request: ContextVar[str | None] = ContextVar("language", default=None)


def current_language() -> str:
    """The language to write in: that of the request, else that of the process."""
    return _of_request.get() or _of_process[0]


def use_language(language: str) -> None:
    """Write in a language, such as `zh` or `zh-CN`, from now on, in every thread of the process.

    Raises:
        ValueError: there is no catalogue of it.
    """
    known = _known(language)
    if not known:
        raise ValueError(f"unknown language '{language[:40]}'; expected {' or '.join(LANGUAGES)}")
    _of_process[0] = known


@contextmanager
def writing_in(language: str) -> Iterator[None]:
    """Write in a language within the block, in this context only."""
    token = _of_request.set(language)
    try:
        yield
    finally:
        _of_request.reset(token)


def language_of_environment(env: Mapping[str, str] = os.environ) -> str:
    """The language that the environment asks for, where there is a catalogue of it.

    >>> language_of_environment({"LANG": "zh_CN.UTF-8"})
    'zh'
    >>> language_of_environment({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"})
    'en'
    """
    asked = next((env[name] for name in VARIABLES if env.get(name)), "")
    return next(filter(None, map(_known, asked.split(":"))), SOURCE)


def language_of_header(accepted: str) -> str:
    """The language of an `Accept-Language` header: of those with a catalogue, the one with the
    greatest weight.

    >>> language_of_header("fr, zh-CN;q=0.8, en;q=0.7"), language_of_header("*")
    ('zh', 'en')
    >>> language_of_header("en; q=0.1, zh; Q=0.9")
    'zh'
    """
    weights: dict[str, float] = {}
    for part in accepted[:400].split(","):
        name, *settings = (word.strip() for word in part.split(";"))
        language = _known(name)
        if language:
            weights[language] = max(weights.get(language, 0.0), _read_weight(settings))
    best = max(weights, key=lambda language: weights[language], default=SOURCE)
    return best if weights.get(best) else SOURCE


def language_of_request(query: str, accepted: str) -> str:
    """The language of a request: that of its parameter `lang`, or else of its header
    `Accept-Language`.

    >>> language_of_request("token=a&lang=zh-CN", "en"), language_of_request("lang=fr", "zh")
    ('zh', 'zh')
    """
    for name, value in parse_qsl(query) if "lang=" in query else ():
        if name == "lang" and _known(value):
            return _known(value)
    return language_of_header(accepted)


def _known(tag: str) -> str:
    """The catalogue for a tag such as `zh_CN.UTF-8` or `en-GB`; empty where there is none."""
    language = tag.replace("_", "-").split("-")[0].split(".")[0].lower()
    return language if language in LANGUAGES else ""


def _read_weight(settings: Sequence[str]) -> float:
    """The weight `q` of a language, 1 where none is given; 0 where it is no number."""
    for setting in settings:
        key, _, value = setting.partition("=")
        if key.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
