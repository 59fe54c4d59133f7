"""How the text inputs of a model are read: what is done to a changed text before a model sees it.

Knows a snapshot's recipe and the data room's text forms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from mesocosm.catalog.rows import SnapshotRow
from mesocosm.core.records import Json
from mesocosm.data.types.text import nfkc, script_of

ReadText = Callable[[str], str]


def read_texts_as(snapshot: SnapshotRow, features: Sequence[str]) -> ReadText | None:
    """What reads one text as all text inputs of a model read theirs, as far as they agree on its
    form and script; None where nothing is done.
    """
    fields = snapshot["recipe"]["fields"]
    texts = [fields[name] for name in features if fields[name].get("type") == "text"]
    steps: list[ReadText] = []
    if _agreed(texts, "unicode") == "nfkc":
        steps.append(nfkc)
    script = _agreed(texts, "script")
    if script is not None:
        steps.append(partial(script_of, script=str(script)))
    return partial(_apply, steps) if steps else None


def _agreed(texts: Sequence[dict[str, Json]], key: str) -> Json:
    """The value that all fields have for a key; None where they differ."""
    values = [text.get(key) for text in texts]
    if not values or any(value != values[0] for value in values):
        return None
    return values[0]


def _apply(steps: Sequence[ReadText], text: str) -> str:
    for step in steps:
        text = step(text)
    return text
