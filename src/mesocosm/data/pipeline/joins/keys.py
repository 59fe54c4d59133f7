"""SQL of the keys that rows are joined by. Knows no rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mesocosm.data.lookup import Match
from mesocosm.data.pipeline.internal_names import quote
from mesocosm.data.sources.path_utils import text

_WIDE = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000"
_NARROW = "".join(map(chr, range(0x21, 0x7F))) + " "

FORMS: Mapping[Match, Callable[[str], str]] = {  # in the order in which they are applied
    "width": lambda key: f"translate({key}, {text(_WIDE)}, {text(_NARROW)})",
    "accents": lambda key: f"strip_accents({key})",
    "case": lambda key: f"lower({key})",
    "punctuation": lambda key: rf"regexp_replace({key}, '[^\p{{L}}\p{{N}}]', '', 'g')",
    "spaces": lambda key: rf"regexp_replace({key}, '[\s\p{{Z}}]', '', 'g')",
    "zeros": lambda key: rf"regexp_replace({key}, '^0+(.)', '\1')",
}


def key_sql(table: str, column: str, match: Sequence[Match] = ()) -> str:
    """SQL of the text that rows are joined by; blank is missing, and a missing key has no
    partner.
    """
    key = f"trim({table}.{quote(column)}::varchar)"
    for form, write in FORMS.items():
        if form in match:
            key = write(key)
    if match:
        key = f"trim({key})"
    return f"nullif({key}, '')"
