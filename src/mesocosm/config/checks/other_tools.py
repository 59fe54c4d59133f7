"""Words of other tools where any text may stand: a base model that is an algorithm, a webhook that
is a product. Knows the settings that are free texts.
"""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.config.other_values import meaning_of_value
from mesocosm.config.schema import Ecosystem
from mesocosm.config.source_map import Path
from mesocosm.core.faults import Fault, fault
from mesocosm.core.messages import Message


def check_words(eco: Ecosystem) -> Iterator[Fault]:
    """Free texts that other tools would understand and Mesocosm cannot use."""
    for name, model in eco.models.items():
        if isinstance(model.base, str):
            yield from _check_word(("models", name, "base"), model.base, "config.not_pretrained")
    for name, monitor in eco.monitors.items():
        if monitor.notify and monitor.notify.webhook:
            path = ("monitors", name, "notify")
            yield from _check_word(path, monitor.notify.webhook, "config.not_an_address")


def _check_word(path: Path, word: str, id: str) -> Iterator[Fault]:
    meaning = meaning_of_value(path, word)
    if meaning:
        yield fault(path, Message(id, word=word), meaning)
