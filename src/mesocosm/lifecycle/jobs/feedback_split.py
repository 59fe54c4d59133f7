"""Which labelled requests a challenger is trained on and which evaluate it. Knows rows; reads
nothing.

Both halves are chosen by content, so equal rows are never in both, and a row of the test split is
never trained on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time

from mesocosm.core.hashing import digest
from mesocosm.core.values.json_shapes import read_number

Row = Mapping[str, object]
# when the request of a labelled row came, in seconds; no field has its name
REQUEST_TIME = "\x1fat"

AT_FAULT, IN_TEST = REASONS = ("sent while a source was at fault", "equal to a test row")


@dataclass(frozen=True)
class FeedbackSplit:
    """Labelled requests, split: those to train on (`train`), those to evaluate with (`test`), and
    why others are `left_out`, with how many each.
    """

    train: list[dict[str, object]]
    test: list[dict[str, object]]
    left_out: dict[str, int]


def fingerprint_row(row: Row, inputs: Sequence[str]) -> str:
    """A fingerprint of what a model reads of a row, equal for rows that a model cannot tell apart.

    >>> first, second = {"age": 30, "id": 1}, {"age": 30.0, "id": 2}
    >>> fingerprint_row(first, ["age"]) == fingerprint_row(second, ["age"])
    True
    """
    return digest([_plain(row.get(name)) for name in inputs], size=12)


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"n{float(value):.12g}"
    if isinstance(value, date | time):
        value = value.isoformat()
    return f"t{value}"


def find_test_contents(
    rows: Mapping[str, Sequence[object]], split: Sequence[str], inputs: Sequence[str]
) -> set[str]:
    """Contents that a snapshot has in its test split and in no other; a row that is common enough
    to be in both is not a test row by its content.
    """
    parts: dict[bool, set[str]] = {True: set(), False: set()}
    for i, part in enumerate(split):
        parts[part == "test"].add(fingerprint_row({n: rows[n][i] for n in inputs}, inputs))
    return parts[True] - parts[False]


find_test_contents.__test__ = False  # type: ignore[attr-defined]


def split_feedback(
    labelled: Sequence[Row],
    inputs: Sequence[str],
    predict: str,
    held: Collection[str] = (),
    ours: Collection[str] = (),
    faulty: Sequence[tuple[float, float]] = (),
) -> FeedbackSplit:
    """Split labelled requests into those to train on and those to evaluate with.

    Args:
        labelled: with their inputs, the label under `predict`, and its time under `REQUEST_TIME`,
            seconds.
        held: contents of test rows; a request of one of them is left out.
        ours: labels that only people named; all requests of them are trained on.
        faulty: spans of seconds in which a source was at fault; requests in them are left out.
    """
    left_out, kept = Counter[str](), list[tuple[str, dict[str, object]]]()
    for row in labelled:
        content = fingerprint_row(row, inputs)
        why = _why_left_out(row, content, held, faulty)
        if why:
            left_out[why] += 1
        else:
            kept.append((content, dict(row)))
    train, test = _split_by_content(kept, predict, ours)
    return FeedbackSplit(train, test, {why: left_out[why] for why in REASONS if left_out[why]})


def _split_by_content(
    rows: Sequence[tuple[str, dict[str, object]]], predict: str, ours: Collection[str]
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The rows to train on, and the others; rows of equal content go together."""
    trained = {content for content, row in rows if _is_odd(content) or row[predict] in ours}
    parts: dict[bool, list[dict[str, object]]] = {True: [], False: []}
    for content, row in rows:
        parts[content in trained].append(row)
    return parts[True], parts[False]


def _why_left_out(
    row: Row, content: str, held: Collection[str], faulty: Sequence[tuple[float, float]]
) -> str:
    """Why a request is left out; empty where it is not."""
    at = read_number(row.get(REQUEST_TIME)) or 0.0
    if any(begin <= at <= end for begin, end in faulty):
        return AT_FAULT
    if content in held:
        return IN_TEST
    return ""


def _is_odd(content: str) -> bool:
    """Half of all contents, at random and always the same half."""
    return int(content[:4], 16) % 2 == 1
