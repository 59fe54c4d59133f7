"""Near-duplicates: rows found by MinHash or within blocks, proven by their similarity.

Knows texts and numbers of rows. A row is dropped for one that stays, never for one that is dropped
itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from typing import Any

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.cleaning.duplicates import Duplicates
from mesocosm.data.sources.path_utils import quote

MOST_ROWS = 1_000_000
MOST_BLOCK = 20_000
PERMUTATIONS = 64
SHINGLE = 3


def find_near_duplicates(
    setting: Duplicates, con: Any, table: str, columns: Sequence[str]
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
    count = int(con.execute(f"select count(*) from {table} where {where}").fetchall()[0][0])
    if count > MOST_ROWS:
        raise ConfigValueError(
            "duplicates.like",
            Message("data.too_many_rows", rows=count),
            Message("data.at_most_rows", most=MOST_ROWS),
        )
    block = f"coalesce({quote(setting.block)}::varchar, '_' || _row)" if setting.block else "''"
    texts = ", ".join(f"coalesce({quote(name)}::varchar, '')" for name in names)
    order = "_row" if setting.keep == "first" else "_row desc"
    cursor = con.execute(
        f"select {block} as b, _row, [{texts}] as texts from {table} where {where} order by b,"
        f" {order}"
    )
    rows = chain.from_iterable(iter(lambda: cursor.fetchmany(50_000), []))
    if setting.block:
        return list(_compare_blocks(rows, setting.like))
    joined = ((number, _plain(" ".join(texts))) for _, number, texts in rows)
    return list(_compare_hashes(joined, setting.like))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.casefold()).strip()


def _compare_blocks(
    rows: Iterable[tuple[str, int, list[str]]], like: float
) -> Iterator[tuple[int, int]]:
    """Compare each row with those of its block that stay.

    Raises:
        ConfigValueError: a block has too many rows.
    """
    for _, block in groupby(rows, key=lambda row: row[0]):
        kept: list[tuple[int, list[str]]] = []
        for seen, (_, number, texts) in enumerate(block, start=1):
            if seen > MOST_BLOCK:
                raise ConfigValueError(
                    "duplicates.block",
                    Message("data.block_too_large", most=MOST_BLOCK),
                    Message("data.field_of_more_values"),
                )
            plain = [_plain(text) for text in texts]
            best, match = 0.0, -1
            for other, theirs in kept:
                similarity = _similarity(plain, theirs)
                if similarity > best:
                    best, match = similarity, other
            if best >= like:
                yield number, match
            else:
                kept.append((number, plain))


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
