"""What a wrong cell may have been: values that other columns, spellings, formats, scales, cells
beside it and a person's corrections suggest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np
from rapidfuzz.distance import DamerauLevenshtein

from mesocosm.data.cleaning.learned_errors.cell_features import Evidence
from mesocosm.data.cleaning.learned_errors.text_edits import CASES, UNIT_FACTORS, Edit
from mesocosm.data.cleaning.learned_errors.text_table import NUMBER, Floats, to_number

MAKERS = ("vote", "near", "word", "format", "scale", "beside", "around", "learnt", "common", "date")
USUAL = 5  # rows that have the rarest three letters of a text
VOTERS = 6  # determinants that are asked
COMMON = 3  # frequent values that are tried


@dataclass
class Candidate:
    """A value that a cell may have been, and how strongly each maker suggests it."""

    text: str
    by: dict[str, float] = field(default_factory=dict)
    beside: str = ""  # the column of the same row in which it stands


def suggest(
    evidence: Evidence, row: int, name: str, edits: dict[str, list[Edit]]
) -> list[Candidate]:
    """The candidates of one cell, each once."""
    text = evidence.table.text(row, name)
    found: dict[str, Candidate] = {}
    for maker, value, strength in _suggest_all(evidence, row, name, edits.get(name, [])):
        if value and value != text:
            candidate = found.setdefault(value, Candidate(value))
            if maker.startswith("beside:"):
                maker, _, candidate.beside = maker.partition(":")
            if maker in ("vote", "learnt"):
                candidate.by[maker] = candidate.by.get(maker, 0.0) + strength
            else:
                candidate.by[maker] = max(candidate.by.get(maker, 0.0), strength)
    return list(found.values())


def _suggest_all(
    evidence: Evidence, row: int, name: str, edits: list[Edit]
) -> Iterator[tuple[str, str, float]]:
    text, model = evidence.table.text(row, name), evidence.models[name]
    column = model.column
    for votes in evidence.votes[name][:VOTERS]:
        if not np.isnan(votes.best[row]) and votes.best[row] > 0:
            strength = votes.strength * votes.best[row] * min(1.0, votes.size[row] / 3)
            yield "vote", column.values[votes.value[row]], float(strength)
    code = column.codes[row]
    usual = np.expm1(model.rarest_trigram(text)) >= USUAL  # no typo: its letters stand so elsewhere
    for place in [] if usual else model.near[code][:3]:
        yield "near", column.values[place], float(np.log(column.counts[place]))
    if not column.gaps[code]:
        yield from _suggest_formats(evidence, name, text)
        yield from _suggest_scales(evidence, row, name, text)
    yield from _suggest_beside(evidence, row, name)
    counts: dict[Edit, int] = defaultdict(int)
    for edit in edits:
        counts[edit] += 1
    for edit, count in counts.items():
        made = edit.do(text)
        if made is not None:
            yield "learnt", made, float(count)
    if len(column.values) <= evidence.table.rows / 10:
        for place in np.argsort(-column.counts)[:COMMON]:
            if not column.gaps[place]:
                yield (
                    "common",
                    column.values[place],
                    float(column.counts[place] / len(column.codes)),
                )


def _suggest_formats(evidence: Evidence, name: str, text: str) -> Iterator[tuple[str, str, float]]:
    """The same text written otherwise, where more rows are written so."""
    model = evidence.models[name]
    was = model.format_shares(text)
    for maker, made in _rewrite(text):
        now = model.format_shares(made)
        better = now[0] - was[0] + (now[1] - was[1]) + (now[2] - was[2]) + (now[3] - was[3])
        if made != text and better > 0:
            yield maker, made, better


def _rewrite(text: str) -> Iterator[tuple[str, str]]:
    bare = text.strip()
    for case in CASES.values():
        yield "format", case(bare)
    yield "format", bare
    for sign in {c for c in bare if not c.isalnum() and c != " "}:
        yield "format", bare.replace(sign, " ")
        yield "format", bare.replace(sign, "")
        yield "format", bare.strip(sign)
    yield "format", bare.replace(",", ".")
    figure = NUMBER.search(bare.replace(",", ""))
    if figure and figure.group() != bare:
        yield "format", figure.group()
    yield from _reorder_date(bare)


def _reorder_date(text: str) -> Iterator[tuple[str, str]]:
    digits = "".join(c for c in text if c.isdigit())
    if len(digits) != 8 or any(c.isalpha() for c in text):
        return
    for year in (digits[:4], digits[4:]):
        rest = digits[4:] if year == digits[:4] else digits[:4]
        for parts in permutations((year, rest[:2], rest[2:])):
            for sign in ("-", "/", ".", ""):
                yield "date", sign.join(parts)


def _suggest_scales(
    evidence: Evidence, row: int, name: str, text: str
) -> Iterator[tuple[str, str, float]]:
    """The number in another unit, where it comes nearer to what the others say."""
    number, expected = to_number(text), evidence.expected.get(name)
    if expected is None or number != number:
        return
    digits, usual = evidence.models[name].column.decimals, evidence.usual[name]
    was = abs(number - expected[row])
    support = evidence.factors[name]
    for factor, share in zip(UNIT_FACTORS, support, strict=True):
        made = number / factor
        if abs(made - expected[row]) < was and share > 0:
            nearness = abs(made - expected[row]) / usual
            yield "scale", _write(made, digits), float(share) / (1.0 + nearness)


def _write(number: float, digits: int) -> str:
    return f"{number:.{digits}f}"


def _suggest_beside(evidence: Evidence, row: int, name: str) -> Iterator[tuple[str, str, float]]:
    """The values of the same row that are at home in this column, and those of the rows around."""
    table, model = evidence.table, evidence.models[name]
    at = table.names.index(name)
    for place, other in enumerate(table.names):
        value = table.text(row, other)
        if other != name and value:
            known = model.column.count_of(value)
            shares = model.format_shares(value)
            if known or shares[1] > 0.05:
                yield f"beside:{other}", value, 1.0 / (1 + abs(place - at))
    for near in (row - 1, row + 1):
        if 0 <= near < table.rows:
            yield "around", table.text(near, name), 1.0


def describe(
    evidence: Evidence, row: int, name: str, candidates: list[Candidate], doubt: dict[str, Floats]
) -> Floats:
    """A row of features for each candidate of a cell.

    Args:
        doubt: by column and row, how likely the cells are wrong.
    """
    text, model = evidence.table.text(row, name), evidence.models[name]
    column = model.column
    top = max((c.by.get("vote", 0.0) for c in candidates), default=0.0)
    cell = [
        *model.format_shares(text),
        float(not text.strip()),
        float(doubt[name][row]),
        float(np.log(column.counts[column.codes[row]])),
        float(evidence.off[name][row]) if name in evidence.off else -1.0,
        len(column.values) / evidence.table.rows,
        column.number_share,
        float(len(candidates)),
    ]
    out = []
    for c in candidates:
        out.append(
            [
                *(c.by.get(maker, 0.0) for maker in MAKERS),
                top - c.by.get("vote", 0.0),
                float(len(c.by)),
                float(np.log1p(column.count_of(c.text))),
                *model.format_shares(c.text),
                model.rarest_trigram(c.text),
                model.rarest_word(c.text),
                float(DamerauLevenshtein.normalized_similarity(text, c.text)),
                float(DamerauLevenshtein.distance(text, c.text)),
                _distance(evidence, row, name, c.text),
                *_describe_exchange(evidence, row, name, c, doubt),
                *cell,
            ]
        )
    return np.array(out, np.float64)


def _distance(evidence: Evidence, row: int, name: str, text: str) -> float:
    """How far a number is from the expected one, in usual distances; -1 where none is."""
    expected, number = evidence.expected.get(name), to_number(text)
    if expected is None or number != number:
        return -1.0
    return float(min(1e6, abs(number - expected[row]) / evidence.usual[name]))


def _describe_exchange(
    evidence: Evidence, row: int, name: str, made: Candidate, doubt: dict[str, Floats]
) -> list[float]:
    """Whether the cell that holds the candidate is doubted, and this cell's text at home there."""
    if not made.beside:
        return [0.0, -1.0, 0.0, 0.0, -1.0]
    names, text = evidence.table.names, evidence.table.text(row, name)
    there = evidence.models[made.beside]
    return [
        float(names.index(made.beside) - names.index(name)),
        float(doubt[made.beside][row]),
        there.format_shares(text)[1],
        float(np.log1p(there.column.count_of(text))),
        _distance(evidence, row, made.beside, text),
    ]
