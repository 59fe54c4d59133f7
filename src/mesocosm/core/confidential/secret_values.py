"""Values that `${NAME}` took from the environment: whatever is written or printed shows the name
instead.

One register a process, filled when a file is read. Errors, findings, alerts and the audit pass
through `masked`.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from typing import TypeVar, cast
from urllib.parse import quote, quote_plus, urlsplit

from mesocosm.core.values.words import whole_word

SHORTEST = 3  # characters; a shorter value is no secret, and masking it would garble every sentence
# a value of letters alone, or of letters and digits that is shorter, is masked only where it is a
# whole word
WORD = 8
PLAIN = 12  # letters; a longer run of letters is taken for a secret also where a path stands
MOST = 1000  # values kept
SECRET = re.compile(r"key|token|secret|sig|pass|pwd|auth|cred", re.IGNORECASE)
PUBLIC = frozenset(
    [
        "localhost",
        "127.0.0.1",
        "::1",
        "true",
        "false",
        "none",
        "null",
        "postgres",
        "mysql",
        "root",
        "admin",
        "user",
        "guest",
        "default",
    ]
)

Data = TypeVar("Data")
_known: dict[str, str] = {}
_names: list[str] = []  # by the group of `_form`
_form: re.Pattern[str] | None = None
_lock = threading.Lock()


def remember(name: str, value: str) -> None:
    """Have a value, its parts where it is a URL, and its spellings in URLs, base64 and JSON shown
    as `${NAME}` from now on.
    """
    global _form
    with _lock:
        for part in (value, value.strip(), *_parts(value)):
            if len(part) < SHORTEST or part.lower() in PUBLIC:
                continue
            for spelling in _spellings(part):
                if len(_known) < MOST:
                    _known.setdefault(spelling, f"${{{name}}}")
        longest = sorted(_known, key=len, reverse=True)
        _names[:] = [_known[s] for s in longest]
        _form = None
        if longest:
            patterns = (f"({_pattern(spelling)})" for spelling in longest)
            _form = re.compile("|".join(patterns), re.IGNORECASE)


def masked(text: str) -> str:
    """A text with the name of its variable in the place of each value.

    >>> remember("DOCTEST_KEY", "s3cr3t/value"); masked("no host at s3cr3t%2Fvalue.invalid")
    'no host at ${DOCTEST_KEY}.invalid'
    """
    if _form is None:
        return text
    return _form.sub(lambda match: _names[(match.lastindex or 1) - 1], text)


def masked_all(value: Data) -> Data:
    """JSON-ready data with every text in it masked."""
    return value if _form is None else cast(Data, _mask(value))


def _mask(value: object) -> object:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {masked(k) if isinstance(k, str) else k: _mask(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mask(v) for v in value]
    return value


def _parts(value: str) -> list[str]:
    """The parts of a URL that could be quoted alone: user, password, host and their like; the path
    and a query's values where they are not plain words.
    """
    if "://" not in value:
        return []
    try:
        url = urlsplit(value)
        host_parts = [url.netloc, url.username, url.password, url.hostname]
    except ValueError:
        return []
    parts = [part for part in host_parts if part]
    path = url.path.strip("/")
    if not _is_plain(path):
        parts.append(path)
    for option in url.query.split("&"):
        key, _, text = option.partition("=")
        if not _is_plain(text) or SECRET.search(key):
            parts.append(text)
    return [part for part in parts if part]


def _is_plain(part: str) -> bool:
    """Whether a part is a short word of letters, such as `data` or `require`, which sentences use
    too.
    """
    return part.isalpha() and len(part) < PLAIN


def _spellings(value: str) -> set[str]:
    """How a value may be written in URLs, JSON, Python and base64."""
    data = value.encode()
    spellings = {
        value,
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
    }
    if len(data) >= WORD - 2:
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(data).decode()
            spellings |= {coded, coded.rstrip("=")}
    return spellings


def _pattern(spelling: str) -> str:
    """What is masked; a word that sentences may have too is masked only where it is a whole
    word.
    """
    is_word = spelling.isalpha() or (len(spelling) < WORD and spelling.isalnum())
    return whole_word(spelling) if is_word else re.escape(spelling)
