"""Near-duplicates: rows found by MinHash or within blocks, proven by their similarity.

Knows texts and numbers of rows. A row is dropped for one that stays, never for one that is dropped
itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.cleaning.duplicates import Duplicates
from mesocosm.data.sources.path_utils import quote
from mesocosm.data.sources.query_results import count_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_ROWS = 1_000_000
MOST_BLOCK = 20_000
PERMUTATIONS = 64
SHINGLE = 3


def find_near_duplicates(
    setting: Duplicates, con: DuckDBPyConnection, table: str, columns: Sequence[str]
) -> list[tuple[int, int]]:
    """Rows to drop, each with the row it is a near-duplicate of.

    Similarity without `block` is the Jaccard index of the texts' runs of three characters; within a
    block it is the mean over the fields of Jaro-Winkler similarity (names, numbers, short texts).

    Raises:
        ConfigValueError: the rows are too many to compare.
    """
    assert setting.like is not None
    names = list(columns) if setting.by == "row" else list(setting.by)
    present = " or ".join(f"{quote(name)} is not null" for name in names)
    where = f"_why is null and ({present})"
    _refuse_many(count_rows(con, table, where))
    rows = _read_rows(con, setting, names, f"{table} where {where}")
    if setting.block:
        return list(_compare_blocks(rows, setting.like))
    joined = ((row.number, _plain(" ".join(row.texts))) for row in rows)
    return list(_compare_hashes(joined, setting.like))


class _Row(NamedTuple):
    """A row by its block, its number, and the texts that are compared."""

    block: str
    number: int
    texts: list[str]


def _refuse_many(count: int) -> None:
    """Refuse more rows than can be compared."""
    if count > MOST_ROWS:
        raise ConfigValueError(
            "duplicates.like",
            Message("data.too_many_rows", rows=count),
            Message("data.at_most_rows", most=MOST_ROWS),
        )


def _read_rows(
    con: DuckDBPyConnection, setting: Duplicates, names: Sequence[str], table: str
) -> Iterator[_Row]:
    """The rows block by block, in the order in which they stay.

    Args:
        names: the fields that are compared.
        table: what stands after FROM, with its conditions.
    """
    block = f"coalesce({quote(setting.block)}::varchar, '_' || _row)" if setting.block else "''"
    texts = ", ".join(f"coalesce({quote(name)}::varchar, '')" for name in names)
    order = "_row" if setting.keep == "first" else "_row desc"
    cursor = con.execute(
        f"select {block} as b, _row, [{texts}] as texts from {table} order by b, {order}"
    )
    for batch in iter(lambda: cursor.fetchmany(50_000), []):
        yield from map(_Row._make, batch)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.casefold()).strip()


def _compare_blocks(rows: Iterable[_Row], like: float) -> Iterator[tuple[int, int]]:
    """Compare each row with those of its block that stay.

    Raises:
        ConfigValueError: a block has too many rows.
    """
    for _, block in groupby(rows, key=lambda row: row.block):
        yield from _compare_block(block, like)


def _compare_block(rows: Iterable[_Row], like: float) -> Iterator[tuple[int, int]]:
    kept: dict[int, list[str]] = {}
    for seen, row in enumerate(rows, start=1):
        if seen > MOST_BLOCK:
            raise ConfigValueError(
                "duplicates.block",
                Message("data.block_too_large", most=MOST_BLOCK),
                Message("data.field_of_more_values"),
            )
        plain = [_plain(text) for text in row.texts]
        similarity, match = _find_most_similar(plain, kept)
        if similarity >= like:
            yield row.number, match
        else:
            kept[row.number] = plain


def _find_most_similar(
    texts: Sequence[str], others: Mapping[int, Sequence[str]]
) -> tuple[float, int]:
    """The similarity and the number of the first row that is most like some texts; -1 for none."""
    best, match = 0.0, -1
    for number, theirs in others.items():
        similarity = _similarity(texts, theirs)
        if similarity > best:
            best, match = similarity, number
    return best, match


def _similarity(texts: Sequence[str], others: Sequence[str]) -> float:
    """The mean Jaro-Winkler similarity of two rows' fields, 0 to 1; 0.5 where one is missing."""
    from rapidfuzz.distance import JaroWinkler

    total = 0.0
    for a, b in zip(texts, others, strict=True):
        if a == b:
            total += 1.0
        elif a and b:
            total += JaroWinkler.similarity(a, b)
        else:
            total += 0.5
    return total / len(texts)


def shingles(text: str) -> set[bytes]:
    """A text's runs of three characters.

    >>> sorted(shingles("abcd"))
    [b'abc', b'bcd']
    """
    return {text[i : i + SHINGLE].encode() for i in range(max(1, len(text) - SHINGLE + 1))}


def _compare_hashes(rows: Iterable[tuple[int, str]], like: float) -> Iterator[tuple[int, int]]:
    """Ask an index of MinHashes for rows that may be alike, and prove each by its shingles."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=max(0.3, like - 0.1), num_perm=PERMUTATIONS)
    texts: dict[int, str] = {}
    blank = MinHash(num_perm=PERMUTATIONS, seed=1)
    for number, text in rows:
        own = shingles(text)
        mark = blank.copy()
        mark.update_batch(list(own))
        best, match = 0.0, -1
        for other in index.query(mark):
            theirs = shingles(texts[other])
            similarity = len(own & theirs) / len(own | theirs)
            if (similarity, -other) > (best, -match):
                best, match = similarity, other
        if best >= like:
            yield number, match
        else:
            index.insert(number, mark, check_duplication=False)
            texts[number] = text
