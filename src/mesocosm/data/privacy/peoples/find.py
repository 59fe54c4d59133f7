"""Every private value of a text that the languages of Europe and East Asia show, with its score."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mesocosm.data.privacy.peoples.addresses import ADDRESSES
from mesocosm.data.privacy.peoples.asian_names import find_asian_names
from mesocosm.data.privacy.peoples.identity_numbers import IDENTITY_NUMBERS
from mesocosm.data.privacy.peoples.latin_names import find_latin_names
from mesocosm.data.privacy.peoples.told_values import TOLD
from mesocosm.data.privacy.peoples.wallets import WALLETS

Found = tuple[int, int, str, float]  # start, end, kind and score


def find_values(text: str) -> Iterator[Found]:
    """Private values of a text; they may lie over each other.

    >>> list(find_values("Il mio codice fiscale è RSSMRA85T10A562S."))
    [(24, 40, 'national id', 0.95)]
    """
    if any(map(str.isdigit, text)):
        yield from _find_figures(text)
    for name in (*find_latin_names(text), *find_asian_names(text)):
        yield name.start, name.end, "name", name.score


def _find_figures(text: str) -> Iterator[Found]:
    """Values with digits in them."""
    for what, forms, score in (
        ("national id", IDENTITY_NUMBERS, 0.95),
        ("crypto address", WALLETS, 0.95),
    ):
        for form, holds in forms:
            for match in form.finditer(text):
                if holds(match[1]):
                    yield *match.span(1), what, score
    for what, form, holds in TOLD:
        for match in form.finditer(text):
            if holds(match[1]):
                yield *match.span(1), what, 0.85
    for address in ADDRESSES:
        for match in address.finditer(text):
            yield *_trim(match), "address", 0.8


def _trim(match: re.Match[str]) -> tuple[int, int]:
    """Where an address stands, its outer spaces left out."""
    start, end = match.span(1)
    return start, start + len(match[1].rstrip(" ,"))
