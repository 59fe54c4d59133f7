"""JSON without duplicate keys: readers keep the last value of a duplicate key, and drop the others
silently.
"""

from __future__ import annotations

import json
import re
from collections import deque
from typing import cast

from mesocosm.core.messages import Message
from mesocosm.core.records import Json

_KEY_BYTES = re.compile(rb'"\s*:')
_KEY_TEXT = re.compile(r'"\s*:')


class KeyTwice(ValueError):
    """A duplicate key in one object; `key` is its name."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(Message("core.duplicate_json_key", key=key[:60]))


def repeated_key(data: bytes | str, found: object) -> str | None:
    """The first key that comes twice in an object of a JSON text; None where each comes once.

    What looks like keys in the text is counted first: no more than there are in the value means
    that none was dropped, and the text is not read again.

    Args:
        data: the JSON text.
        found: the value that was read from it.

    >>> print(repeated_key('{"a": 1, "b": {"a": 2}}', {"a": 1, "b": {"a": 2}}))
    None
    >>> repeated_key('{"a": 1, "b": {"c": 2, "c": 3}}', {"a": 1, "b": {"c": 3}})
    'c'
    """
    if isinstance(data, bytes):
        seen = len(_KEY_BYTES.findall(data))
    else:
        seen = len(_KEY_TEXT.findall(data))
    if _has_keys(found, seen):
        return None
    try:
        json.loads(data, object_pairs_hook=_once)
    except KeyTwice as twice:
        return twice.key
    return None


def load_once(text: str) -> Json:
    """The value of a JSON text.

    Raises:
        KeyTwice: a key comes twice in one object.
        ValueError: the text is not JSON.
    """
    return cast(Json, json.loads(text, object_pairs_hook=_once))


def _has_keys(found: object, many: int) -> bool:
    """Whether all objects of a value together have so many keys; objects are looked at before what
    lies deeper, as long lists of numbers do.
    """
    waiting = deque([found])
    while many > 0 and waiting:
        one = waiting.popleft()
        if isinstance(one, dict):
            many -= len(one)
            waiting.extend(v for v in one.values() if isinstance(v, (dict, list)))
        elif isinstance(one, list):
            waiting.extend(v for v in one if isinstance(v, (dict, list)))
    return many <= 0


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen = set[str]()
        for key, _ in pairs:
            if key in seen:
                raise KeyTwice(key)
            seen.add(key)
    return found
