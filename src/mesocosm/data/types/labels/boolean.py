"""Yes or no. Knows the usual spellings of many languages, and the aliases of a file."""

from __future__ import annotations

from typing import Literal

from mesocosm.data.pipeline.ibis_sql import BLANK, Column, map_values
from mesocosm.data.types.field import Facts, FieldKind

YES = (
    "true yes y t 1 1.0 on 是 真 ja j wahr oui vrai sí si sì sim verdadero vero verdadeiro tak ano"
    " да evet はい 예 네 ναι kyllä"
)
NO = (
    "false no n f 0 0.0 off 否 假 nein falsch non faux não nao falso nee nej nei nie нет hayır"
    " hayir いいえ 아니요 아니오 όχι ei"
)
SPELLINGS = dict.fromkeys(YES.split(), True) | dict.fromkeys(NO.split(), False)


class Boolean(FieldKind):
    """Yes or no, in the usual spellings, whatever their case: true, yes, on, y, t, 1, and the words
    of Chinese, Czech, Dutch, Finnish, French, German, Greek, Italian, Japanese, Korean, Nordic
    languages, Polish, Portuguese, Russian, Spanish and Turkish.

    Args:
        aliases: other spellings, each with what it means: `aliases: {paid: true, open: false}`;
            they go before the usual ones.

    Source: YAML 1.1 boolean tag, https://yaml.org/type/bool.html, with digits and other languages.

    >>> Boolean().expected
    'yes or no'
    """

    type: Literal["boolean"] = "boolean"
    aliases: dict[str, bool] = {}

    @property
    def ibis_type(self) -> str:
        """Boolean."""
        return "boolean"

    @property
    def usual_null(self) -> tuple[str, ...]:
        """Words that are no alias."""
        own = self._aliases_in_small_letters()
        return tuple(word for word in BLANK if word not in own)

    @property
    def label_spellings(self) -> dict[str, str]:
        """Every word that says yes or no."""
        own = {alias.strip().casefold(): value for alias, value in self.aliases.items()}
        return {word: str(value).lower() for word, value in (SPELLINGS | own).items()}

    def _aliases_in_small_letters(self) -> dict[str, bool]:
        return {alias.strip().lower(): value for alias, value in self.aliases.items()}

    @property
    def expected(self) -> str:
        """In words."""
        return "yes or no"

    def parts(
        self, raw: Column, known: dict[str, Column], facts: Facts | None = None
    ) -> dict[str, Column]:
        """The text in small letters."""
        del facts
        return {} if known else {"low": raw.cast("string").lower()}

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """True or false, null for another text."""
        del facts, raw
        return map_values(parts["low"], SPELLINGS | self._aliases_in_small_letters(), "boolean")
