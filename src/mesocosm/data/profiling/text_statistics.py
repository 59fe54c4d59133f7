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
from typing import TYPE_CHECKING

from mesocosm.catalog.contents import TextStatistics, TrainingColumn
from mesocosm.core.hashing import digest
from mesocosm.data.pipeline.expressions.typed_rows import read_texts
from mesocosm.data.pipeline.internal_names import quote
from mesocosm.data.sources.query_results import count_rows
from mesocosm.data.types.field import FieldKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SAMPLE = 2000  # texts that are looked at, about
DATES = 200_000  # and dates
WORDS = 60  # most frequent words
OFTEN = 0.02  # share of the texts that such a word is in at least
NO_WORDS = ("CJK", "HIRAGANA", "KATAKANA", "THAI")  # scripts without spaces between words
QUANTILES = 200
WORD = re.compile(r"[^\W\d_]+")


def describe_texts(
    con: DuckDBPyConnection, table: str, fields: Mapping[str, FieldKind]
) -> dict[str, TextStatistics]:
    """Describe each text field that is not private: `rows`, `words` (share of texts by fingerprint
    of the word) and `scripts` (share of letters).
    """
    found: dict[str, TextStatistics] = {}
    for name, field in fields.items():
        if field.role == "text" and not field.private:
            x = quote(name)
            texts = read_texts(
                con,
                f"select {x} from {table} where {x} is not null{_sample(con, table, SAMPLE)} limit"
                f" {2 * SAMPLE}",
            )
            found[name] = describe(texts)
    return found


def _sample(con: DuckDBPyConnection, table: str, most: int) -> str:
    """A condition that a seeded share of the rows meets."""
    rows = count_rows(con, table)
    if rows >= 2 * most:
        return f" and hash(_row) % {rows // most} = 0"
    return ""


def describe(texts: Iterable[str]) -> TextStatistics:
    """Describe texts in the same way.

    >>> described = describe(["the card", "the app", "где карта"])
    >>> described["rows"], round(max(described["words"].values()), 2), sorted(described["scripts"])
    (3, 0.67, ['CYRILLIC', 'LATIN'])
    """
    rows = 0
    letters, words = Counter[str](), Counter[str]()
    for text in texts:
        rows += 1
        words.update(_list_words(text))
        letters.update(filter(None, map(find_script, text[:400])))
    often = [(word, n) for word, n in words.most_common(WORDS) if n >= max(2, OFTEN * rows)]
    return {
        "rows": rows,
        "words": {digest(word, size=6): round(n / rows, 4) for word, n in often},
        "scripts": {script: round(n / letters.total(), 4) for script, n in letters.items()},
    }


def _list_words(text: str) -> set[str]:
    """The different words of a text, in scripts with spaces between words."""
    words: list[str] = WORD.findall(text.casefold())
    return {word for word in words if find_script(word[0]) not in NO_WORDS}


@lru_cache(maxsize=20_000)
def find_script(letter: str) -> str:
    """The script of a letter by its Unicode name; empty for what is no letter."""
    if letter.isalpha():
        return unicodedata.name(letter, "").split(" ")[0]
    return ""


def describe_dates(
    con: DuckDBPyConnection, table: str, fields: Mapping[str, FieldKind]
) -> dict[str, TrainingColumn]:
    """Describe each date and time field that is not private: 200 quantiles as days since 1970, and
    `rows`; of many rows a share is looked at, and the ends are those of all.
    """
    found: dict[str, TrainingColumn] = {}
    for name, field in fields.items():
        if field.ibis_type in ("date", "timestamp") and not field.private:
            described = _describe_days(con, table, quote(name))
            if described:
                found[name] = described
    return found


def _describe_days(con: DuckDBPyConnection, table: str, x: str) -> TrainingColumn | None:
    """The quantiles of a column of days or moments; None where it has no value."""
    levels = ", ".join(str(i / (QUANTILES - 1)) for i in range(QUANTILES))
    days = f"epoch({x}::timestamp) / 86400"
    values, rows = con.execute(
        f"select quantile_disc({days}, [{levels}]), count({x}) from {table} where"
        f" true{_sample(con, table, DATES)}"
    ).fetchall()[0]
    if not rows:
        return None
    first, last = con.execute(f"select min({days}), max({days}) from {table}").fetchall()[0]
    numbers = [float(value) for value in (first, *values[1:-1], last)]
    return {"numbers": numbers, "rows": int(rows)}
