"""The message of an alert next to its English text: kept in the alert's detail, written in the
reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.core.messages import Message

KEY = "text"


def with_message(detail: Mapping[str, Any], message: Message) -> dict[str, Any]:
    """An alert's detail with its message as data."""
    return {**detail, KEY: message.as_json()}


def render_alert(alert: Mapping[str, Any], language: str | None = None) -> str:
    """The message of an alert in a language, by default the reader's; in English where the alert
    was raised by a release that knew another message.
    """
    data = (alert.get("detail") or {}).get(KEY)
    if not isinstance(data, Mapping):
        return str(alert["message"])
    try:
        return Message.from_json(data).render(language)
    except (KeyError, ValueError, TypeError, IndexError):
        return str(alert["message"])
