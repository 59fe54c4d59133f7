"""Markers that people put down in a world: one Yjs document, in which what several of them change
at once is merged.

A change comes as an update of the document that cannot be read beforehand. So it is tried on a
copy, and what the copy then holds is checked; only an update that leaves everything in bounds is
taken. Knows the document and its bounds; knows no sockets and no catalog.

Source: the Yjs document update format; Nicolaescu et al., Near Real-Time Peer-to-Peer Shared
Editing on Extensible Data Types (2016).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TypedDict, TypeGuard, cast

from pycrdt import Doc, Map, Text

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message

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
BOUNDS = {"x": REACH, "z": REACH, "turn": 7.0}


class Marker(TypedDict):
    """A marker: x and z in metres, its turn in radians, when it was put down in seconds since
    1970.
    """

    form: str
    x: float
    z: float
    turn: float
    who: str
    at: float
    words: str


class Markers:
    """The document.

    Args:
        data: an update that holds all of it, as `whole` gives it.
    """

    def __init__(self, data: bytes = b"") -> None:
        self.doc = self._read(data)
        self.trial = self._read(data)

    @staticmethod
    def _read(data: bytes) -> Doc[Map[object]]:
        doc: Doc[Map[object]] = Doc()
        if data:
            doc.apply_update(data)
        doc.get(ROOT, type=Map)
        return doc

    def all(self) -> dict[str, Marker]:
        """The markers by their id."""
        markers = self.doc.get(ROOT, type=Map).to_py()
        return cast(dict[str, Marker], markers or {})

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
            ConfigValueError: it is not a state vector.
        """
        try:
            return self.doc.get_update(state)
        except (ValueError, RuntimeError) as error:
            raise ConfigValueError(
                "", Message("world.not_a_state"), Message("world.a_state_vector")
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
            ConfigValueError: it cannot be read, or leaves something invalid; the document stays as
                it was.
        """
        if len(update) > UPDATE:
            raise ConfigValueError(
                "",
                Message("world.update_too_large", bytes=len(update)),
                Message("world.at_most", most=UPDATE),
            )
        before = self.all()
        try:
            self.trial.apply_update(update)
            now = self._check_trial(before)
        except (ValueError, RuntimeError, TypeError, KeyError) as error:
            self.trial = self._read(self.whole())
            raise ConfigValueError(
                "", Message("world.not_an_update"), Message("world.an_update")
            ) from error
        except ConfigValueError:
            self.trial = self._read(self.whole())
            raise
        self.doc.apply_update(update)
        return sorted(now - set(before)), sorted(set(before) - now)

    def _check_trial(self, before: Mapping[str, Marker]) -> set[str]:
        """The ids of what the trial holds.

        Raises:
            ConfigValueError: something of it is invalid.
        """
        root = self._check_size(len(before))
        idents = list(root.keys())
        for ident in idents:
            _check_marker(ident, root[ident], before.get(ident))
        return set(idents)

    def _check_size(self, markers: int) -> Map[object]:
        """The root of the trial, which has nothing beside it and is not too large.

        Args:
            markers: how many stood before.
        """
        if set(self.trial.keys()) != {ROOT}:
            raise ConfigValueError(
                "", Message("world.document_other_parts"), Message("world.root_alone", name=ROOT)
            )
        root: Map[object] = self.trial.get(ROOT, type=Map)
        if len(root) > max(MOST, markers):
            raise ConfigValueError(
                "",
                Message("world.too_many_markers", markers=len(root)),
                Message("world.markers_at_most", most=MOST),
            )
        if len(self.trial.get_update()) > WHOLE:
            raise ConfigValueError(
                "",
                Message("world.document_full"),
                Message("world.document_at_most", bytes=WHOLE),
            )
        return root


def _check_marker(ident: str, marker: object, before: Marker | None) -> None:
    """Raise where a marker of the trial is invalid.

    Args:
        before: as it stood; None where it is new.
    """
    if not IDENT.fullmatch(ident):
        raise ConfigValueError("", Message("world.marker_id_invalid"), Message("world.marker_id"))
    if not isinstance(marker, Map) or set(marker.keys()) != FIELDS:
        raise _incomplete()
    if not isinstance(marker["words"], Text):
        raise _incomplete()
    fault = _find_fault(marker.to_py() or {}, before)
    if fault:
        raise ConfigValueError("", *fault)


def _incomplete() -> ConfigValueError:
    expected = ", ".join(sorted(FIELDS))
    return ConfigValueError("", Message("world.marker_incomplete"), expected)


def _find_fault(
    marker: Mapping[str, object], before: Marker | None
) -> tuple[Message, Message | str] | None:
    """What of a marker is invalid, and what was expected."""
    fault = _find_fault_of_place(marker)
    if fault:
        return fault
    fault = _find_change(marker, before) if before else _find_fault_of_new(marker)
    words = str(marker["words"])
    if not fault and len(words) > WORDS:
        return Message("world.marker_text_too_long", length=len(words)), Message(
            "world.at_most", most=WORDS
        )
    return fault


def _find_fault_of_place(marker: Mapping[str, object]) -> tuple[Message, Message | str] | None:
    for name, most in BOUNDS.items():
        value = marker[name]
        if not _is_number(value) or abs(value) > most:
            return Message("world.marker_out_of_bounds", name=name), Message(
                "world.number_between", least=-most, most=most
            )
    return None


def _find_change(
    marker: Mapping[str, object], before: Marker
) -> tuple[Message, Message | str] | None:
    """A change of what of a marker never changes."""
    now = [marker[key] for key in KEPT]
    if now != [before["form"], before["who"], before["at"]]:
        return Message("world.marker_changed", names=", ".join(KEPT)), Message(
            "world.marker_may_change"
        )
    return None


def _find_fault_of_new(marker: Mapping[str, object]) -> tuple[Message, Message | str] | None:
    at = marker["at"]
    if marker["form"] not in FORMS:
        return Message("world.marker_form_invalid"), ", ".join(FORMS)
    if not _is_name(marker["who"]):
        return Message("world.marker_who_invalid"), Message("world.name_length")
    if not _is_number(at) or not 0 <= at < 2**40:
        return Message("world.marker_at_invalid"), Message("world.seconds_since_1970")
    return None


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 40 and value.isprintable()


def _is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a finite number; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
