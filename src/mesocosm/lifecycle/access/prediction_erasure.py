"""Logged predictions that name a subject: found, and deleted with their feedback.

Knows the catalog's tables of predictions and of feedback.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, cast, delete, false, or_, select
from sqlalchemy.types import String

from mesocosm.catalog.database import schema as t

FIGURE = re.compile(r"-?\d+(?:\.\d+)?")


def _safe(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def match_subject(fields: Iterable[str], word: str) -> ColumnElement[bool]:
    """Whether a prediction names a subject: a text anywhere, figures in one of some fields only,
    since 12 may be an age.
    """
    safe = _safe(word)
    forms = [f'%"{safe}"%']
    if FIGURE.fullmatch(word):
        forms = []
        for field in fields:
            values = (f"{safe},", f"{safe}}}", f'"{safe}"')
            forms += [f'%"{_safe(field)}": {value}%' for value in values]
    tests = []
    for column in (t.PREDICTIONS.c.input, t.PREDICTIONS.c.output):
        tests += [cast(column, String).like(form, escape="\\") for form in forms]
    return or_(false(), *tests)


def erase_predictions(con: Connection, fields: Iterable[str], words: set[str]) -> int:
    """Delete predictions, with their feedback, whose input or output names a subject.

    Args:
        fields: those that hold the subject's key; figures are looked for in them alone.
        words: the forms of the key; an empty one names no subject.
    """
    named = or_(false(), *(match_subject(fields, word) for word in words if word))
    gone = [row[0] for row in con.execute(select(t.PREDICTIONS.c.id).where(named))]
    for start in range(0, len(gone), 500):
        part = gone[start : start + 500]
        con.execute(delete(t.FEEDBACK).where(t.FEEDBACK.c.prediction.in_(part)))
        con.execute(delete(t.PREDICTIONS).where(t.PREDICTIONS.c.id.in_(part)))
    return len(gone)
