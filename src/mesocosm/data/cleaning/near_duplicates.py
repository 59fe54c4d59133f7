"""Rows that say nearly the same: found by MinHash or within blocks, proven by their likeness.

Knows texts and numbers of rows. A row is dropped for one that stays, never for one that is dropped
itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mesocosm.core.errors import Wrong
from mesocosm.data.cleaning.duplicates import Duplicates
from mesocosm.data.sources.path_utils import quote

MOST_ROWS = 1_000_000
MOST_BLOCK = 20_000
PERMUTATIONS = 64
SHINGLE = 3


def find_near_duplicates(
    setting: Duplicates, con: Any, table: str, columns: Sequence[str]
) -> list[tuple[int, int]]:
    """Rows to drop, each with the row it is nearly a copy of.

    Likeness without `block` is the Jaccard index of the texts' runs of three characters; within a
    block it is the mean over the fields of Jaro-Winkler likeness (names, numbers, short texts).

    Raises:
        Wrong: the rows are too many to compare.
    """
    assert setting.like is not None
    names = list(columns) if setting.by == "row" else list(setting.by)
    order = "_row" if setting.keep == "first" else "_row desc"
    said = ", ".join(f"coalesce({quote(n)}::varchar, '')" for n in names)
    block = f"coalesce({quote(setting.block)}::varchar, '_' || _row)" if setting.block else "''"
    where = "_why is null and (" + " or ".join(f"{quote(n)} is not null" for n in names) + ")"
    count = int(con.execute(f"select count(*) from {table} where {where}").fetchall()[0][0])
    if count > MOST_ROWS:
        raise Wrong(
            "duplicates.like",
            f"{count} rows are too many to compare",
            f"at most {MOST_ROWS} rows, or 'duplicates' without 'like'",
        )
    cursor = con.execute(
        f"select {block} as b, _row, [{said}] as said from {table} where {where} order by b,"
        f" {order}"
    )
    rows = iter(lambda: cursor.fetchmany(50_000), [])
    flat = (row for batch in rows for row in batch)
    if setting.block:
        return list(_blocks(flat, setting.like))
    return list(
        _hashed(((number, _plain(" ".join(texts))) for _, number, texts in flat), setting.like)
    )


def _plain(said: str) -> str:
    return re.sub(r"\s+", " ", said.casefold()).strip()


def _blocks(rows: Iterable[tuple[str, int, list[str]]], like: float) -> Iterator[tuple[int, int]]:
    """Compare each row with those of its block that stay."""
    from rapidfuzz.distance import JaroWinkler

    here, kept, seen = None, list[tuple[int, list[str]]](), 0
    for block, number, texts in rows:
        if block != here:
            here, kept, seen = block, [], 0
        seen += 1
        if seen > MOST_BLOCK:
            raise Wrong(
                "duplicates.block",
                f"a block has more than {MOST_BLOCK} rows",
                "a field of more values",
            )
        plain = [_plain(t) for t in texts]
        best, match = 0.0, -1
        for other, theirs in kept:
            sum_ = 0.0
            for a, b in zip(plain, theirs, strict=True):
                sum_ += 1.0 if a == b else JaroWinkler.similarity(a, b) if a and b else 0.5
            if sum_ / len(plain) > best:
                best, match = sum_ / len(plain), other
        if best >= like:
            yield number, match
        else:
            kept.append((number, plain))


def shingles(said: str) -> set[bytes]:
    """A text's runs of three characters.

    >>> sorted(shingles("abcd"))
    [b'abc', b'bcd']
    """
    return {said[i : i + SHINGLE].encode() for i in range(max(1, len(said) - SHINGLE + 1))}


def _hashed(rows: Iterable[tuple[int, str]], like: float) -> Iterator[tuple[int, int]]:
    """Ask an index of MinHashes for rows that may be alike, and prove each by its shingles."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=max(0.3, like - 0.1), num_perm=PERMUTATIONS)
    texts: dict[int, str] = {}
    blank = MinHash(num_perm=PERMUTATIONS, seed=1)
    for number, said in rows:
        mine = shingles(said)
        mark = blank.copy()
        mark.update_batch(list(mine))
        best, match = 0.0, -1
        for other in index.query(mark):
            theirs = shingles(texts[other])
            alike = len(mine & theirs) / len(mine | theirs)
            if (alike, -other) > (best, -match):
                best, match = alike, other
        if best >= like:
            yield number, match
        else:
            index.insert(number, mark, check_duplication=False)
            texts[number] = said
