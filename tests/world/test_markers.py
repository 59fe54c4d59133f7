"""Markers that people put down: what several change at once is merged, nothing out of bounds is
taken, and nothing is lost on the way.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hands import Hand, marker
from pycrdt import Doc, Text, YSyncMessageType, read_message, write_message
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.app.run import Running
from mesocosm.catalog import marker_documents as book
from mesocosm.core.errors import ConfigValueError
from mesocosm.world.markers.document import MOST, UPDATE, WORDS, Markers

pytestmark = pytest.mark.slow

TOKEN = "t" * 20
FIRST, SECOND = "aaaaaaaa-1", "bbbbbbbb-2"


def said(hand: Hand, words: str) -> None:
    """Write on the first marker."""
    text = hand.root[FIRST]["words"]
    text.insert(len(text), words)


def held(*more: tuple[str, Any]) -> tuple[Markers, Hand]:
    """A document with one marker, and somebody who has it."""
    markers, hand = Markers(), Hand()
    hand.root[FIRST] = marker()
    for ident, one in more:
        hand.root[ident] = one
    assert markers.take(hand.news()) == (sorted([FIRST, *(i for i, _ in more)]), [])
    return markers, hand


def test_what_two_change_at_once_is_merged_and_what_is_taken_away_stays_away() -> None:
    markers, ann = held()
    ben = Hand(markers.whole())
    ann.root[FIRST]["words"].insert(0, "please ")
    ann.root[FIRST]["x"] = 9.0
    said(ben, ", at noon")
    ben.root[SECOND] = marker(form="board", who="Ben")
    for update in (ann.news(), ben.news()):
        markers.take(update)
    found = markers.all()
    assert (
        found[FIRST]["words"] == "please look here, at noon"
        and found[FIRST]["x"] == 9.0
        and found[SECOND]["who"] == "Ben"
    )
    ann.doc.apply_update(markers.whole())
    ben.doc.apply_update(markers.whole())
    assert ann.root.to_py() == ben.root.to_py() == found
    del ann.root[FIRST]
    ben.root[FIRST]["x"] = 3.0  # moved by one who has not heard that it is gone
    assert markers.take(ann.news()) == ([], [FIRST]) and markers.take(ben.news()) == ([], [])
    assert (
        set(markers.all()) == {SECOND} == set(markers.anew().all())
        and markers.anew().all() == markers.all()
    )


def _foreign(doc: Doc[Any]) -> None:
    doc.get("notes", type=Text).insert(0, "x")


WRONG: list[tuple[str, Callable[[Hand], Any]]] = [
    ("form of a marker is invalid", lambda h: h.root.__setitem__(SECOND, marker(form="statue"))),
    ("'x' is out of bounds", lambda h: h.root.__setitem__(SECOND, marker(x=1e9))),
    ("'z' is out of bounds", lambda h: h.root.__setitem__(SECOND, marker(z=float("nan")))),
    ("'turn' is out of bounds", lambda h: h.root.__setitem__(SECOND, marker(turn="left"))),
    ("not a name", lambda h: h.root.__setitem__(SECOND, marker(who="x" * 41))),
    ("not a name", lambda h: h.root.__setitem__(SECOND, marker(who="A\u202enn"))),
    ("not a time", lambda h: h.root.__setitem__(SECOND, marker(at=-1))),
    (
        "characters on one marker",
        lambda h: h.root.__setitem__(SECOND, marker(words=Text("x" * (WORDS + 1)))),
    ),
    ("characters on one marker", lambda h: h.root[FIRST]["words"].insert(0, "x" * WORDS)),
    ("lacks something", lambda h: h.root.__setitem__(SECOND, marker(more="x"))),
    ("lacks something", lambda h: h.root.__setitem__(SECOND, marker(words="plain"))),
    ("lacks something", lambda h: h.root.__setitem__(SECOND, 5)),
    ("lacks something", lambda h: h.root[FIRST].pop("words")),
    ("id of a marker is invalid", lambda h: h.root.__setitem__("<img>", marker())),
    ("changed", lambda h: h.root[FIRST].__setitem__("who", "Eve")),
    ("other parts", lambda h: _foreign(h.doc)),
    (
        f"at most {MOST}",
        lambda h: [h.root.__setitem__(f"cccccccc-{i}", marker()) for i in range(MOST)],
    ),
    (f"at most {UPDATE}", lambda h: h.root.__setitem__(SECOND, marker(words=Text("x" * UPDATE)))),
]


@pytest.mark.parametrize(("says", "act"), WRONG)
def test_what_may_not_be_is_refused_and_changes_nothing(
    says: str, act: Callable[[Hand], Any]
) -> None:
    markers, _ = held()
    before, whole = markers.all(), markers.whole()
    eve = Hand(whole)
    act(eve)
    with pytest.raises(ConfigValueError, match=says):
        markers.take(eve.news())
    assert markers.all() == before and markers.whole() == whole
    ann = Hand(whole)
    ann.root[FIRST]["x"] = 4.0
    markers.take(ann.news())  # and who does right after that is heard
    assert markers.all()[FIRST]["x"] == 4.0


def test_a_damaged_update_is_refused_or_leaves_all_in_bounds() -> None:
    """3,000 updates with bytes changed, cut or put in: none ends the process, none is taken that a
    right one could not be.
    """
    markers, _ = held((SECOND, marker(form="lantern")))
    hand, draw = Hand(markers.whole()), random.Random(1)
    hand.root[SECOND]["words"].insert(3, "word ")
    hand.root["cccccccc-3"] = marker(who="Cam")
    update, whole, refused = hand.news(), markers.whole(), 0
    for _ in range(3000):
        data = bytearray(update)
        for _ in range(draw.choice((1, 1, 2, 5))):
            data[draw.randrange(len(data))] = draw.randrange(256)
        if draw.random() < 0.2:
            del data[draw.randrange(1, len(data)) :]
        one = Markers(whole)
        try:
            one.take(bytes(data))
        except ConfigValueError:
            refused += 1
            assert one.whole() == whole
        Markers(one.whole()).take(
            Hand(one.whole()).news()
        )  # what was taken can be read, and is in bounds
    assert 1000 < refused < 3000


@contextmanager
def running(pond: Path) -> Iterator[tuple[TestClient, Running]]:
    eco = open_ecosystem(pond)
    one = Running(eco.spec, eco.catalog, TOKEN)
    with TestClient(one.app, base_url="http://127.0.0.1") as client:
        yield client, one
    one.nursery.close()


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "host": "127.0.0.1"}


class Page(Hand):
    """A page: a document of its own beside a socket."""

    def __init__(self, socket: Any) -> None:
        super().__init__()
        self.socket = socket
        self.told: list[dict[str, Any]] = []

    def tell(self) -> None:
        self.socket.send_bytes(
            bytes([0, YSyncMessageType.SYNC_UPDATE]) + write_message(self.news())
        )

    def meet(self) -> None:
        self.socket.send_bytes(
            bytes([0, YSyncMessageType.SYNC_STEP1]) + write_message(self.doc.get_state())
        )

    def hear(self) -> None:
        message = self.socket.receive()
        self.socket._raise_on_close(message)
        if message.get("text"):
            self.told.append(json.loads(message["text"]))
            return
        kind, payload = message["bytes"][1], read_message(message["bytes"][2:])
        if kind == YSyncMessageType.SYNC_STEP1:
            self.socket.send_bytes(
                bytes([0, YSyncMessageType.SYNC_STEP2])
                + write_message(self.doc.get_update(payload))
            )
        else:
            self.doc.apply_update(payload)
            self.known = self.doc.get_state()

    def until(self, good: Callable[[], Any]) -> None:
        while not good():
            self.hear()


def standing(client: TestClient) -> dict[str, dict[str, Any]]:
    return {one.pop("id"): one for one in client.get("/v1/markers", headers=bearer()).json()}


def soon(good: Callable[[], Any]) -> None:
    end = time.monotonic() + 10
    while not good():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_all_who_are_here_share_them_and_a_guest_looks_on(pond: Path) -> None:
    with running(pond) as (client, one):
        clerk, guest = (
            one.catalog.give_token(n, may, 60, "test")
            for n, may in (("clerk", "ask"), ("guest", "see"))
        )
        with (
            pytest.raises(WebSocketDisconnect) as caught,
            client.websocket_connect("/v1/markers", headers=bearer("wrong")) as socket,
        ):
            socket.receive()
        assert caught.value.code == 4401
        with (
            client.websocket_connect("/v1/markers", headers=bearer(clerk)) as a,
            client.websocket_connect("/v1/markers", headers=bearer(guest)) as g,
        ):
            ann, looks_on = Page(a), Page(g)
            for page in (ann, looks_on):
                page.until(lambda page=page: page.told)
                page.meet()
            assert (
                ann.told[0] == {"age": 0, "may": True, "forms": ["flag", "lantern", "board"]}
                and not looks_on.told[0]["may"]
            )
            ann.root[FIRST] = marker()
            ann.tell()
            looks_on.until(lambda: FIRST in looks_on.root)
            looks_on.root[FIRST]["x"] = 7.0
            looks_on.tell()
            looks_on.until(lambda: len(looks_on.told) > 1)
            assert (
                "read-only token" in looks_on.told[1]["refused"]
                and standing(client)[FIRST]["x"] == 1.5
            )
            for nonsense in (
                b"",
                b"\x00",
                b"\x07\x07\x07",
                b"\x00\x02\xff\xff\xff\xff\xff\xff",
                b"\x00\x00\x03abc",
                b"\x00\x02\x03abc",
            ):
                a.send_bytes(nonsense)
            a.send_text("nonsense")
            ann.until(lambda: len(ann.told) > 6)
            assert all("got what is not" in t["refused"] for t in ann.told[1:])
            del ann.root[FIRST]
            ann.tell()
            looks_on.until(lambda: FIRST not in looks_on.root)
        acts = [("clerk", f"flag {FIRST}", "taken away"), ("clerk", f"flag {FIRST}", "put down")]
        soon(
            lambda: (
                [
                    (r["who"], r["what"], r["why"])
                    for r in one.catalog.audit(9)
                    if r["act"] == "marker"
                ]
                == acts
            )
        )
        assert one.catalog.verify_audit() is None


def test_nothing_is_lost_when_the_server_goes_and_gateways_merge(pond: Path) -> None:
    """What was put down before and while the server was away stands after it; a second gateway over
    the same catalog has it too, and begins the document anew for both.
    """
    with (
        running(pond) as (client, one),
        client.websocket_connect("/v1/markers", headers=bearer()) as socket,
    ):
        ann = Page(socket)
        ann.until(lambda: ann.told)
        ann.root[FIRST] = marker()
        ann.tell()
        soon(lambda: FIRST in standing(client) and book.read_document(one.catalog))
    said(ann, ", please")  # nobody hears it
    with running(pond) as (client, one), running(pond) as (other, two):
        assert standing(client)[FIRST]["words"] == "look here"
        with (
            client.websocket_connect("/v1/markers", headers=bearer()) as here,
            other.websocket_connect("/v1/markers", headers=bearer()) as there,
        ):
            ann.socket, ben = here, Page(there)
            ann.until(
                lambda: standing(client)[FIRST]["words"] == "look here, please"
            )  # the server asks what it lacks
            ben.meet()
            ben.until(
                lambda: FIRST in ben.root and str(ben.root[FIRST]["words"]) == "look here, please"
            )
            ben.root[SECOND] = marker(who="Ben")
            ben.tell()
            ann.until(lambda: SECOND in ann.root)
            assert {i: o["who"] for i, o in standing(client).items()} == {
                FIRST: "Ann",
                SECOND: "Ben",
            }
            number, age, data = book.read_document(one.catalog) or (0, 0, b"")
            assert age == 0
            soon(lambda: two.marking.number == (book.read_document(one.catalog) or (0,))[0])
            ann.root[FIRST]["x"] = 8.0
            ann.tell()  # and before that is kept the document is begun anew
            while not book.store_document(one.catalog, number, 1, Markers(data).anew().whole()):
                number, _, data = book.read_document(one.catalog) or (0, 0, b"")
            with pytest.raises(WebSocketDisconnect) as caught:
                ann.until(lambda: False)
            assert (
                caught.value.code == 1013
                and one.marking.age == 1
                and set(standing(client)) == {FIRST, SECOND}
            )
            soon(
                lambda: (
                    standing(client)[FIRST]["x"] == 8.0
                    and Markers((book.read_document(one.catalog) or (0, 0, b""))[2]).all()[FIRST][
                        "x"
                    ]
                    == 8.0
                )
            )


def test_a_document_that_holds_little_but_what_is_gone_is_begun_anew(pond: Path) -> None:
    markers, _ = held()
    first = markers.whole()
    for i in range(3000):  # each by somebody else
        hand = Hand(first)
        hand.root[FIRST]["x"] = float(i)
        markers.merge(hand.news())
    assert len(markers.whole()) > 50_000
    with running(pond) as (client, one):
        assert book.store_document(one.catalog, 0, 0, markers.whole())
        assert standing(client) == markers.all() and one.marking.age == 1
        number, age, data = book.read_document(one.catalog) or (0, 0, b"")
        assert (number, age) == (2, 1) and len(data) < 500
        assert not book.store_document(one.catalog, 1, 1, data) and not book.store_document(
            one.catalog, 0, 1, data
        )
