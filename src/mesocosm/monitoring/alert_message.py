"""The message of an alert next to its English text: kept in the alert's detail, written in the
reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping

from mesocosm.core.messages import Message, Text, render_stored

KEY = "text"


def with_message(detail: Mapping[str, object], message: Message) -> dict[str, object]:
    """An alert's detail with its message as data."""
    return {**detail, KEY: message.as_json()}


def message_as_json(alert: Mapping[str, object]) -> dict[str, object]:
    """The id and the parameters of an alert's message; nothing where it was raised without."""
    detail = alert.get("detail")
    data = detail.get(KEY) if isinstance(detail, Mapping) else None
    return dict(data) if isinstance(data, Mapping) else {}


def render_alert(alert: Mapping[str, object], language: str | None = None) -> str:
    """The message of an alert in a language, by default the reader's; in English where the alert
    was raised by a release that knew another message.
    """
    return render_stored(message_as_json(alert), str(alert["message"]), language)


def alert_text(alert: Mapping[str, object]) -> Text:
    """The message of an alert as a part of another; its English text where it has no other."""
    data = message_as_json(alert)
    if data and render_stored(data, "", "en"):
        return Message.from_json(data)
    return str(alert["message"])
