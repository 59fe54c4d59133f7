"""Countries in one form, whatever language or code they are written in. Knows CLDR through
Babel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Literal

from mesocosm.data.pipeline.ibis_sql import BLANK, Column, functions, literal
from mesocosm.data.types.field import Facts, FieldKind

LANGUAGES = (
    "en",
    "zh",
    "zh_Hant",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "ja",
    "ko",
    "ru",
    "ar",
    "nl",
    "pl",
    "tr",
)
MORE = {
    "turkey": "TR",
    "hong kong": "HK",
    "macau": "MO",
    "macao": "MO",
    "ivory coast": "CI",
    "vatican": "VA",
    "palestine": "PS",
    "swaziland": "SZ",
    "burma": "MM",
    "cape verde": "CV",
    "macedonia": "MK",
    "republic of korea": "KR",
    "korea republic of": "KR",
    "iran islamic republic of": "IR",
    "bolivia plurinational state of": "BO",
    "venezuela bolivarian republic of": "VE",
    "tanzania united republic of": "TZ",
    "moldova republic of": "MD",
    "the netherlands": "NL",
    "britain": "GB",
    "uk": "GB",
    "england": "GB",
    "great britain": "GB",
    "the united states of america": "US",
    "united states of america": "US",
    "u s a": "US",
    "u s": "US",
    "america": "US",
    "holland": "NL",
    "prc": "CN",
    "russian federation": "RU",
    "uae": "AE",
}


class Country(FieldKind):
    """A country, read from its name in fifteen languages or its code, kept in one form.

    A name that several countries have (Congo, Korea, Virgin Islands) is refused with their codes.

    Args:
        form: `code` (two letters of ISO 3166-1) or `name` (English).

    Source: ISO 3166-1; Unicode CLDR, through Babel.

    >>> Country(form="name").form
    'name'
    """

    type: Literal["country"] = "country"
    form: Literal["code", "name"] = "code"

    @property
    def expected(self) -> str:
        """In words."""
        return "a country by its name or code"

    @property
    def usual_null(self) -> tuple[str, ...]:
        """NA is Namibia."""
        return tuple(word for word in BLANK if word != "na")

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The country; null for a text that names none."""
        del parts, facts
        return functions()["country_of"](raw.cast("string"), literal(self.form))

    def explain_refusal(self, raw: Column, facts: Facts) -> Column | None:
        """Which countries have an ambiguous name."""
        del facts
        return functions()["why_no_country"](raw, literal(self.form))


def _plain(raw: str) -> str:
    import unicodedata

    flat = "".join(
        c for c in unicodedata.normalize("NFKD", raw.casefold()) if not unicodedata.combining(c)
    )
    return re.sub(r"[\W_]+", " ", flat).strip()


NO_COUNTRIES = ("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO")
AMBIGUOUS = {
    "congo": ("CD", "CG"),
    "korea": ("KP", "KR"),
    "virgin islands": ("VG", "VI"),
    "saint martin": ("MF", "SX"),
}


@lru_cache(maxsize=1)
def ambiguous_names() -> dict[str, tuple[str, ...]]:
    """Names, plain, that several countries have, in one language or in different ones."""
    meanings: dict[str, set[str]] = {}
    codes = set(country_codes().values())
    for code, name in _territories():
        if code in codes and len(name) > 2:
            meanings.setdefault(name, set()).add(code)
    several = {name: tuple(sorted(codes)) for name, codes in meanings.items() if len(codes) > 1}
    return several | AMBIGUOUS


def _territories() -> Iterator[tuple[str, str]]:
    """The code and the plain name of each territory, in one language after the other."""
    from babel import Locale

    for language in LANGUAGES:
        names: Mapping[str, str] = Locale.parse(language).territories
        for code, name in names.items():
            yield code, _plain(name)


def why_no_country(raw: str, form: str) -> str | None:
    """Why a text names no country; None where there is no more to say.

    >>> why_no_country("Congo", "code")
    'it may be CD or CG; write its code'
    """
    del form
    several = ambiguous_names().get(_plain(raw[:80]))
    if not several:
        return None
    return f"it may be {' or '.join(several)}; write its code"


@lru_cache(maxsize=1)
def country_codes() -> dict[str, str]:
    """Names and codes, plain, each with its two letters."""
    from babel import Locale

    territories: Mapping[str, str] = Locale("en").territories
    codes = [code for code in map(str, territories) if _is_country(code)]
    found: dict[str, str] = dict(MORE)
    for name, code in chain(_names_of(codes), _aliases_of(codes)):
        found.setdefault(name, code)
    return found | {code.casefold(): code for code in codes}


def _names_of(codes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The plain names of countries with their codes, in one language after the other."""
    from babel import Locale

    for language in LANGUAGES:
        names: Mapping[str, str] = Locale.parse(language).territories
        for code in codes:
            if code in names:
                yield _plain(names[code]), code


def _aliases_of(codes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Other codes of countries, such as those of three letters, with the ones of two."""
    from babel.core import get_global

    aliases: Mapping[str, Sequence[str]] = get_global("territory_aliases")
    for alias, meant in aliases.items():
        if len(meant) == 1 and str(meant[0]) in codes and _is_alias(str(alias)):
            yield str(alias).casefold(), str(meant[0])


def _is_country(code: str) -> bool:
    """Whether a territory is a country by its code, not a union, a test or a region."""
    return len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES


def _is_alias(text: str) -> bool:
    """Whether an alias of a code is one people write: three letters, or UK."""
    return text.isalpha() and (len(text) > 2 or text == "UK")


@lru_cache(maxsize=10_000)
def country_of(raw: str, form: str) -> str | None:
    """A country in a form, None where the text names none.

    >>> country_of("Deutschland", "code")
    'DE'
    >>> country_of("中国", "name")
    'China'
    >>> country_of("U.S.A.", "code")
    'US'
    >>> print(country_of("Atlantis", "code"))
    None
    """
    from babel import Locale

    plain = _plain(raw[:80])
    if plain in ambiguous_names():
        return None
    code = country_codes().get(plain)
    if code is None or form == "code":
        return code
    return str(Locale("en").territories[code])
