"""Free text. Knows outer spaces, Unicode forms and case; the words stay as they are unless
asked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from mesocosm.data.pipeline.ibis_sql import Column, functions, literal
from mesocosm.data.types.field import Facts, FieldKind


class Text(FieldKind):
    """Free text, character for character, without outer spaces: full-width letters, zero-width
    characters and case stay.

    Args:
        unicode: `nfc` (one code for one letter), `nfkc` (full-width and ligatures as plain letters
            too), or `fold` (accents off).
        script: `simplified` or `traditional` Chinese characters, phrase by phrase (needs the extra
            `chinese`).
        case: `lower` or `upper`.
        spaces: `one` turns every run of spaces and line ends into one space; `keep` keeps outer
            spaces too, as an identifier may need them.

    Source: Unicode 16, White_Space; Unicode Standard Annex 15 (normalisation forms); OpenCC's
    tables (scripts).

    >>> Text(case="lower").expected
    'text'
    """

    type: Literal["text"] = "text"
    unicode: Literal["nfc", "nfkc", "fold"] | None = None
    script: Literal["simplified", "traditional"] | None = None
    case: Literal["lower", "upper"] | None = None
    spaces: Literal["one", "keep"] | None = None

    @property
    def trims(self) -> bool:
        """Unless they are to be kept."""
        return self.spaces != "keep"

    @property
    def narrows(self) -> bool:
        """Free text keeps its characters."""
        return False

    @property
    def usual_null(self) -> tuple[str, ...]:
        """Only the empty text: a person may be named Null."""
        return ("",)

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The text in the forms asked for."""
        del parts, facts
        text, call = raw.cast("string"), functions()
        if self.unicode:
            text = call[{"nfc": "nfc", "nfkc": "nfkc", "fold": "strip_accents"}[self.unicode]](text)
        if self.script:
            import opencc as opencc  # a missing extra is named now, not in the middle of the rows

            text = call["script_of"](text, literal(self.script))
        if self.spaces == "one":
            text = text.re_replace(r"\s+", " ")
        if self.case == "lower":
            return text.lower()
        if self.case == "upper":
            return text.upper()
        return text


def script_of(raw: str, script: str) -> str:
    """A text in simplified or traditional Chinese characters.

    >>> script_of("銀行卡頭髮", "simplified"), script_of("头发发展", "traditional")
    ('银行卡头发', '頭髮發展')
    """
    return _load_converter("t2s" if script == "simplified" else "s2t")(raw)


@lru_cache(maxsize=2)
def _load_converter(tables: str) -> Callable[[str], str]:
    """What converts a text by tables of OpenCC."""
    from opencc import OpenCC

    convert: Callable[[str], str] = OpenCC(tables).convert
    return convert


def nfkc(raw: str) -> str:
    """A text in normalisation form KC.

    >>> nfkc("Ｍesocosm ﬁle")
    'Mesocosm file'
    """
    import unicodedata

    return unicodedata.normalize("NFKC", raw)
