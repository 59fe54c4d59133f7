"""The compiled catalogues, each loaded with the first message that it has.

Knows files and gettext. A catalogue is a room's messages in one language: its source is
`LANGUAGE/ROOM.po`, and `python tools/messages.py` compiles it.
"""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path

from mesocosm.core.messages.language import SOURCE

HOME = Path(__file__).parent


def find_template(id: str, language: str, count: int | None = None) -> str:
    """The text of an id with its parameters in braces, in English where a language lacks it.

    Args:
        count: chooses the plural form, where the message has several.

    Raises:
        KeyError: no catalogue has the id.
    """
    room = id.partition(".")[0]
    for each in dict.fromkeys((language, SOURCE)):
        catalogue = _load(room, each)
        text = id if count is None else catalogue.ngettext(id, id, count)
        if text == id:
            text = catalogue.gettext(id)
        if text != id:
            return text
    raise KeyError(f"no message has the id '{id}'")


def find_translation(room: str, text: str, language: str) -> str:
    """A text in a language, by a catalogue whose ids are the English texts; as it is where the
    catalogue lacks it.
    """
    return _load(room, language).gettext(text) if text else text


def list_ids(room: str) -> tuple[str, ...]:
    """The ids of a catalogue."""
    texts = vars(_load(room, SOURCE)).get("_catalog", {})
    return tuple(id for id in texts if isinstance(id, str) and id)


@cache
def _load(room: str, language: str) -> gettext.NullTranslations:
    return gettext.translation(room, HOME, languages=[language], fallback=True)
