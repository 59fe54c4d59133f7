"""Somebody who has the document of a world's markers."""

from __future__ import annotations

from typing import Any

from pycrdt import Doc, Map, Text, YSyncMessageType, read_message, write_message
from websockets.sync.client import connect


def marker(**other: Any) -> Any:
    return Map(
        {
            "form": "flag",
            "x": 1.5,
            "z": -2.0,
            "turn": 0.5,
            "who": "Ann",
            "at": 1.7e9,
            "words": Text("look here"),
        }
        | other
    )


class Hand:
    """Somebody's own document, and what of its changes nobody else has."""

    def __init__(self, whole: bytes = b"") -> None:
        self.doc: Doc[Any] = Doc()
        if whole:
            self.doc.apply_update(whole)
        self.root = self.doc.get("markers", type=Map)
        self.known = self.doc.get_state()

    def news(self) -> bytes:
        update, self.known = self.doc.get_update(self.known), self.doc.get_state()
        return update


def put(url: str, token: str, ident: str, words: str, **other: Any) -> None:
    """Put a marker down at a running server."""
    with connect(
        f"ws{url.removeprefix('http')}/v1/markers",
        additional_headers={"Authorization": f"Bearer {token}"},
    ) as socket:
        hand = Hand()
        hand.root[ident] = marker(words=Text(words), **other)
        socket.send(bytes([0, YSyncMessageType.SYNC_UPDATE]) + write_message(hand.news()))
        socket.send(bytes([0, YSyncMessageType.SYNC_STEP1]) + write_message(b"\x00"))
        while True:  # what comes back was read after what was sent
            message = socket.recv()
            assert isinstance(message, bytes) or "refused" not in message, message
            if isinstance(message, bytes) and message[1] == YSyncMessageType.SYNC_STEP2:
                assert ident in Hand(read_message(message[2:])).root
                return
