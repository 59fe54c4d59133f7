"""What a text and a date field are like, as counts that name no row: how often the most frequent
words come, scripts, and quantiles of days.

Knows DuckDB and texts. Words are kept as fingerprints. A build compares a new snapshot with it
before anything is trained.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from mesocosm.core.hashing import digest
from mesocosm.data.pipeline.internal_names import quote

SAMPLE = 2000  # texts that are looked at, about
DATES = 200_000  # and dates
WORDS = 60  # most frequent words
OFTEN = 0.02  # share of the texts that such a word is in at least
NO_WORDS = ("CJK", "HIRAGANA", "KATAKANA", "THAI")  # scripts without spaces between words
QUANTILES = 200
WORD = re.compile(r"[^\W\d_]+")


def describe_texts(con: Any, table: str, fields: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Describe each text field that is not private: `rows`, `words` (share of texts by fingerprint
    of the word) and `scripts` (share of letters).
    """
    found = {}
    for name, field in fields.items():
        if field.role == "text" and not field.private:
            x = quote(name)
            rows = con.execute(
                f"select {x} from {table} where {x} is not null{_sample(con, table, SAMPLE)} limit"
                f" {2 * SAMPLE}"
            ).fetchall()
            found[name] = describe(str(row[0]) for row in rows)
    return found


def _sample(con: Any, table: str, most: int) -> str:
    """A condition that a seeded share of the rows meets."""
    rows = int(con.execute(f"select count(*) from {table}").fetchone()[0])
    if rows >= 2 * most:
        return f" and hash(_row) % {rows // most} = 0"
    return ""


def describe(texts: Iterable[str]) -> dict[str, Any]:
    """Describe texts in the same way.

    >>> described = describe(["the card", "the app", "где карта"])
    >>> described["rows"], round(max(described["words"].values()), 2), sorted(described["scripts"])
    (3, 0.67, ['CYRILLIC', 'LATIN'])
    """
    rows = 0
    letters, words = Counter[str](), Counter[str]()
    for text in texts:
        rows += 1
        found = WORD.findall(text.casefold())
        words.update({w for w in found if find_script(w[0]) not in NO_WORDS})
        letters.update(script for c in text[:400] if (script := find_script(c)))
    often = {
        digest(w, size=6): round(n / rows, 4)
        for w, n in words.most_common(WORDS)
        if n >= max(2, OFTEN * rows)
    }
    return {
        "rows": rows,
        "words": often,
        "scripts": {s: round(n / letters.total(), 4) for s, n in letters.items()},
    }


@lru_cache(maxsize=20_000)
def find_script(letter: str) -> str:
    """The script of a letter by its Unicode name; empty for what is no letter."""
    if letter.isalpha():
        return unicodedata.name(letter, "").split(" ")[0]
    return ""


def describe_dates(con: Any, table: str, fields: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Describe each date and time field that is not private: 200 quantiles as days since 1970, and
    `rows`; of many rows a share is looked at, and the ends are those of all.
    """
    found = {}
    levels = ", ".join(str(i / (QUANTILES - 1)) for i in range(QUANTILES))
    for name, field in fields.items():
        if field.ibis_type not in ("date", "timestamp") or field.private:
            continue
        x = quote(name)
        days = f"epoch({x}::timestamp) / 86400"
        values, rows = con.execute(
            f"select quantile_disc({days}, [{levels}]), count({x}) from {table} where"
            f" true{_sample(con, table, DATES)}"
        ).fetchone()
        if rows:
            first, last = con.execute(f"select min({days}), max({days}) from {table}").fetchone()
            numbers = [float(v) for v in (first, *values[1:-1], last)]
            found[name] = {"numbers": numbers, "rows": int(rows)}
    return found
