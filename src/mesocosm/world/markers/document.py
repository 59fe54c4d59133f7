"""Markers that people put down in a world: one Yjs document, in which what several of them change
at once is merged.

A change comes as an update of the document that nobody can read beforehand. So it is tried on a
copy, and what the copy then holds is looked at; only an update that leaves everything in bounds is
taken. Knows the document and its bounds; knows no sockets and no catalog.

Source: the Yjs document update format; Nicolaescu et al., Near Real-Time Peer-to-Peer Shared
Editing on Extensible Data Types (2016).
"""

from __future__ import annotations

import math
import re
from typing import Any

from pycrdt import Doc, Map, Text

from mesocosm.core.errors import ConfigValueError

FORMS = ("flag", "lantern", "board")
MOST = 200  # markers that stand at a time
WORDS = 500  # characters on one
REACH = 4000.0  # metres from the middle of the valley
UPDATE = 64_000  # bytes of one update
WHOLE = 1_000_000  # bytes of the document, with what Yjs keeps of markers that were taken away
ROOT = "markers"
IDENT = re.compile(r"[0-9a-z-]{8,40}")
FIELDS = {"form", "x", "z", "turn", "who", "at", "words"}
KEPT = ("form", "who", "at")  # what of a marker never changes


class Markers:
    """The document.

    Args:
        data: an update that holds all of it, as `whole` gives it.
    """

    def __init__(self, data: bytes = b"") -> None:
        self.doc = self._read(data)
        self.trial = self._read(data)

    @staticmethod
    def _read(data: bytes) -> Doc[Any]:
        doc: Doc[Any] = Doc()
        if data:
            doc.apply_update(data)
        doc.get(ROOT, type=Map)
        return doc

    def all(self) -> dict[str, dict[str, Any]]:
        """The markers by their id, each with `form`, `x` and `z` in metres, `turn` in radians,
        `who`, `at` in seconds since 1970, and `words`.
        """
        return dict(self.doc.get(ROOT, type=Map).to_py() or {})

    def whole(self) -> bytes:
        """All of the document."""
        return self.doc.get_update()

    def anew(self) -> Markers:
        """The same markers in a document of their own, without what is kept of those that were
        taken away.
        """
        made = Markers()
        made.adopt(self)
        return made

    def adopt(self, other: Markers) -> None:
        """Have each marker as another document has it; those that only this one has stay."""
        mine, root = self.all(), self.doc.get(ROOT, type=Map)
        with self.doc.transaction():
            for ident, one in other.all().items():
                if mine.get(ident) != one:
                    root[ident] = Map({**one, "words": Text(one["words"])})
        self.trial = self._read(self.whole())

    def state(self) -> bytes:
        """What the document knows, for another to tell what it lacks."""
        return self.doc.get_state()

    def lacking(self, state: bytes) -> bytes:
        """The update that one with this state lacks.

        Raises:
            Wrong: it is no state.
        """
        try:
            return self.doc.get_update(state)
        except (ValueError, RuntimeError) as error:
            raise ConfigValueError(
                "", "what came is no state of a Yjs document", "a state vector"
            ) from error

    def merge(self, data: bytes) -> bool:
        """Take what another gateway over the same catalog has taken; whether it was new."""
        before = self.doc.get_state()
        for doc in (self.doc, self.trial):
            doc.apply_update(data)
        return self.doc.get_state() != before

    def take(self, update: bytes) -> tuple[list[str], list[str]]:
        """Take a visitor's update: the ids of the markers that it put down, and of those that it
        took away.

        Raises:
            Wrong: it cannot be read, or leaves something that may not be; the document is as it
                was.
        """
        if len(update) > UPDATE:
            raise ConfigValueError("", f"{len(update)} bytes came at once", f"at most {UPDATE}")
        before = self.all()
        try:
            self.trial.apply_update(update)
            now = self._found(before)
        except (ValueError, RuntimeError, TypeError, KeyError) as error:
            self.trial = self._read(self.whole())
            raise ConfigValueError(
                "", "what came is no update of this Yjs document", "one that Yjs made"
            ) from error
        except ConfigValueError:
            self.trial = self._read(self.whole())
            raise
        self.doc.apply_update(update)
        return sorted(now - set(before)), sorted(set(before) - now)

    def _found(self, before: dict[str, dict[str, Any]]) -> set[str]:
        """The ids of what the trial holds.

        Raises:
            Wrong: something of it may not be.
        """
        if set(self.trial.keys()) != {ROOT}:
            raise ConfigValueError("", "the document has other parts", f"'{ROOT}' alone")
        root = self.trial.get(ROOT, type=Map)
        if len(root) > max(MOST, len(before)):
            raise ConfigValueError(
                "", f"{len(root)} markers would stand", f"at most {MOST}; take some away first"
            )
        if len(self.trial.get_update()) > WHOLE:
            raise ConfigValueError(
                "",
                "the document is full, with what is kept of old markers",
                f"at most {WHOLE} bytes; it is begun anew when nobody is here",
            )
        for ident in root:
            if not IDENT.fullmatch(ident):
                raise ConfigValueError(
                    "", "a marker has an odd id", "8 to 40 small letters, figures and dashes"
                )
            one = root[ident]
            if (
                not isinstance(one, Map)
                or set(one.keys()) != FIELDS
                or not isinstance(one["words"], Text)
            ):
                raise ConfigValueError(
                    "", "a marker lacks something or has more", ", ".join(sorted(FIELDS))
                )
            fault = _fault(one.to_py() or {}, before.get(ident))
            if fault:
                raise ConfigValueError("", *fault)
        return set(root)


def _fault(one: dict[str, Any], before: dict[str, Any] | None) -> tuple[str, str] | None:
    """What of a marker may not be, and what would be right."""
    for name, most in (("x", REACH), ("z", REACH), ("turn", 7.0)):
        value = one[name]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
            or abs(value) > most
        ):
            return f"a marker's '{name}' is out of bounds", f"a number from {-most:g} to {most:g}"
    if before is not None:
        return (
            (f"a marker's {', '.join(KEPT)} changed", "its place, its turn and its words may")
            if any(one[k] != before[k] for k in KEPT)
            else _long(one)
        )
    if one["form"] not in FORMS:
        return "a marker has an odd form", ", ".join(FORMS)
    if (
        not isinstance(one["who"], str)
        or not 1 <= len(one["who"]) <= 40
        or not one["who"].isprintable()
    ):
        return "a marker's 'who' is no name", "1 to 40 characters"
    if (
        isinstance(one["at"], bool)
        or not isinstance(one["at"], int | float)
        or not 0 <= one["at"] < 2**40
    ):
        return "a marker's 'at' is no time", "seconds since 1970"
    return _long(one)


def _long(one: dict[str, Any]) -> tuple[str, str] | None:
    return (
        (f"{len(one['words'])} characters stand on one marker", f"at most {WORDS}")
        if len(one["words"]) > WORDS
        else None
    )
