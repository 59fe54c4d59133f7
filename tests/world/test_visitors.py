"""Visitors meet: what is told of whom, who may come in and speak, and what notes outlive them."""

from __future__ import annotations

import json
import random
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.app.run import Running
from mesocosm.app.world import presence_socket
from mesocosm.world.presence.state import (
    AGAIN,
    ARM,
    FAR,
    HANDS,
    NEAREST,
    SEEN,
    STEP,
    STOOD,
    Crowd,
    named,
)

TOKEN = "t" * 20


def pose(x: float, z: float, turn: int = 0, hands: bytes = b"") -> bytes:
    return struct.pack("<hhhIH", round(x / STEP), 34, round(z / STEP), turn, bool(hands)) + hands


def read(message: bytes) -> tuple[dict[int, int], set[int]]:
    """Of a snapshot: the turn of each visitor, and whose hands came."""
    many, pairs = struct.unpack_from("<HH", message, 4)
    seen = np.frombuffer(message, SEEN, many, 8)
    assert len(message) == 8 + 14 * many + (2 + HANDS) * pairs
    return dict(zip(seen["id"].tolist(), seen["pose"]["turn"].tolist(), strict=True)), {
        struct.unpack_from("<H", message, 8 + 14 * many + i * (2 + HANDS))[0] for i in range(pairs)
    }


def test_whoever_is_near_is_seen_at_once_and_whoever_is_far_within_a_second() -> None:
    crowd, rng = Crowd(100), random.Random(1)
    ids = [crowd.enter() for _ in range(60)]
    assert sorted(ids) == list(range(60))  # type: ignore[type-var]
    where = {i: (rng.uniform(-150, 150), rng.uniform(-150, 150)) for i in range(60)}
    knows: dict[int, dict[int, int]] = {i: {} for i in range(60)}
    for tick in range(1, 60):
        for i, (x, z) in where.items():
            crowd.pose(i, pose(x, z, tick))
        for message, mine in crowd.snapshots():
            seen, _ = read(message)
            for one in mine:
                knows[one] |= seen
        for i, (x, z) in where.items():
            for j, (u, v) in where.items():
                gap = ((x - u) ** 2 + (z - v) ** 2) ** 0.5
                if gap < 16:  # the cell and those around it hold it
                    assert knows[i][j] == tick
                elif tick > FAR:
                    assert tick - knows[i][j] < FAR


def test_a_crowd_is_told_of_in_turns_and_the_near_before_the_far() -> None:
    """300 in one place are more than a snapshot takes: nobody is left out for long, and neighbours
    come more often.
    """
    crowd, rng = Crowd(400), random.Random(2)
    where = {crowd.enter(): (rng.uniform(-20, 20), rng.uniform(-20, 20)) for _ in range(300)}
    times: dict[int, list[int]] = {i: [] for i in where}
    middle = (0.0, 0.0)
    for tick in range(200):
        for i, (x, z) in where.items():
            crowd.pose(i, pose(x, z, tick))  # type: ignore[arg-type]
        for message, mine in crowd.snapshots():
            seen, _ = read(message)
            if len(mine) == 1 and len(seen) == 300:
                continue  # all, told to one: at first, and once in a hundred ticks
            assert len(seen) <= NEAREST + 300 // FAR + 1
            if any(abs(where[m][0] - 8) < 8 and abs(where[m][1] - 8) < 8 for m in mine):
                for who in seen:
                    times[who].append(tick)
    longest = {i: max(np.diff([0, *t, 200])) for i, t in times.items()}
    assert max(longest.values()) <= FAR + 1
    often = {
        near: np.mean(
            [
                len(times[i])
                for i, (x, z) in where.items()
                if (((x - 8) ** 2 + (z - 8) ** 2) ** 0.5 < 8) == near
            ]
        )
        for near in (True, False)
    }
    assert often[True] > 1.5 * often[False], (often, middle)


def test_who_stands_still_is_told_of_once_and_again_to_a_newcomer() -> None:
    crowd = Crowd(8)
    first = crowd.enter()
    assert first is not None
    crowd.pose(first, pose(1, 1, 7))
    assert [read(m)[0] for m, _ in crowd.snapshots()] == [
        {first: 7}
    ] * 2  # all there are, to who is new; what moved, to the cell
    assert len([m for _ in range(FAR + STOOD) for m in crowd.snapshots()]) <= 1  # to whoever is far
    assert [m for _ in range(FAR) for m in crowd.snapshots()] == []
    assert read(crowd.whole()) == ({first: 7}, set())
    second = crowd.enter()
    assert second is not None
    crowd.pose(second, pose(2, 2, 8))
    assert [(read(m)[0], mine) for m, mine in crowd.snapshots()] == [
        ({first: 7, second: 8}, [second]),
        ({second: 8}, [first, second]),
    ]


def test_what_was_lost_on_the_way_is_told_again_and_who_has_no_place_looks_on() -> None:
    """A pose that came while a newcomer had none itself, or that a slow reader lost, is not lost
    for ever; a still crowd is silent.
    """
    crowd = Crowd(8)
    still, late, onlooker = (crowd.enter() for _ in range(3))
    crowd.pose(still, pose(1, 1, 7))  # type: ignore[arg-type]
    told: dict[Any, list[dict[int, int]]] = {i: [] for i in (still, late, onlooker)}

    def ticks(many: int) -> None:
        for _ in range(many):
            for message, mine in crowd.snapshots():
                for i in mine:
                    told[i].append(read(message)[0])

    ticks(FAR)
    assert {still: 7} in told[onlooker]
    told[late].clear()
    crowd.pose(late, pose(2, 2, 8))  # type: ignore[arg-type]
    ticks(1)
    assert told[late][0] == {still: 7, late: 8}
    for found in told.values():
        found.clear()
    ticks(AGAIN)
    assert all({still: 7, late: 8} in found for found in told.values())
    ticks(AGAIN)
    for found in told.values():
        found.clear()
    ticks(5 * AGAIN)
    assert not any(told.values())


def test_hands_are_seen_within_an_arms_reach_only() -> None:
    crowd = Crowd(8)
    a, b, c = (crowd.enter() for _ in range(3))
    crowd.pose(a, pose(0, 0, 1, bytes(HANDS)))  # type: ignore[arg-type]
    crowd.pose(b, pose(1, 1, 2))  # type: ignore[arg-type]
    crowd.pose(c, pose(ARM + 12, 0, 3))  # type: ignore[arg-type]
    for message, mine in crowd.snapshots():
        assert read(message)[1] == ({a} if {a, b} & set(mine) else set())
    crowd.pose(a, pose(0, 0, 4))  # type: ignore[arg-type]
    assert all(read(m)[1] == set() for m, _ in crowd.snapshots())


def test_what_is_no_pose_moves_nobody_and_a_full_world_takes_nobody() -> None:
    crowd = Crowd(2)
    one = crowd.enter()
    for data in (b"", b"x", bytes(11), bytes(13), bytes(31), bytes(33), bytes(5000)):
        assert not crowd.pose(one, data)  # type: ignore[arg-type]
    assert list(crowd.snapshots()) == []
    assert crowd.enter() is not None and crowd.enter() is None
    crowd.leave(one)  # type: ignore[arg-type]
    crowd.leave(one)  # type: ignore[arg-type]
    assert crowd.enter() == one and crowd.enter() is None
    assert (
        named("x" * 300, 1) == "x" * 40
        and named("林 <b>", 1) == "林 <b>"
        and named(7, 1) == "visitor 1"
        and named("\n", 2) == "visitor 2"
    )


@pytest.fixture
def http(pond: Path) -> Iterator[tuple[TestClient, Running]]:
    eco = open_ecosystem(pond)
    running = Running(eco.spec, eco.catalog, TOKEN)
    with TestClient(running.app, base_url="http://127.0.0.1") as client:
        yield client, running
    running.nursery.close()


def bearer(token: str = TOKEN, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "host": "127.0.0.1", **more}


def text(socket: Any) -> dict[str, Any]:
    """The next message that is words."""
    while True:
        message = socket.receive()
        socket._raise_on_close(message)
        if message.get("text"):
            return dict(json.loads(message["text"]))


def test_only_who_may_come_in_does_and_only_who_may_use_services_speaks(
    http: tuple[TestClient, Running],
) -> None:
    client, running = http
    for headers in (
        {"host": "127.0.0.1"},
        bearer("wrong"),
        bearer(host="evil.example"),
        bearer(origin="https://evil.example"),
    ):
        for path in ("/v1/visitors", "/v1/world"):
            with (
                pytest.raises(WebSocketDisconnect) as caught,
                client.websocket_connect(path, headers=headers) as socket,
            ):
                socket.receive()
            assert caught.value.code == 4401
    guest = running.catalog.give_token("guest", "see", 60, "test")
    with client.websocket_connect("/v1/visitors?name=Ann", headers=bearer()) as ann:
        first = text(ann)
        assert first["name"] == "Ann" and first["here"] == []
        with client.websocket_connect("/v1/visitors", headers=bearer(guest)) as other:
            second = text(other)
            assert second["here"] == [[first["you"], "Ann"]] and text(ann) == {
                "came": [second["you"], f"visitor {second['you']}"]
            }
            other.send_text(json.dumps({"say": "a guest's word"}))
            for nonsense in ("", "[]", "{", '{"say": 5}', '{"say": "  "}', "x" * 60_000):
                ann.send_text(nonsense)
            ann.send_bytes(b"nonsense")
            ann.send_text(json.dumps({"say": "hello\u0000 there" + "!" * 500}))
            line = text(other)["said"]
            assert (
                line["name"] == "Ann"
                and line["say"].startswith("hello  there!")
                and len(line["say"]) == 280
            )
            for n in range(9):
                ann.send_text(json.dumps({"say": str(n)}))
            heard = [text(other)["said"]["say"] for _ in range(4)]
            assert heard == ["0", "1", "2", "3"]  # five in five seconds
        assert text(ann)["said"]["name"] == "Ann"
    assert not running.visiting.all


def test_a_token_holds_so_many_sockets_and_no_more(
    http: tuple[TestClient, Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, running = http
    monkeypatch.setattr(presence_socket, "MOST_SOCKETS", 2)
    guest, other = (
        running.catalog.give_token(name, "see", 60, "test") for name in ("guest", "other")
    )
    with (
        client.websocket_connect("/v1/world", headers=bearer(guest)) as first,
        client.websocket_connect("/v1/markers", headers=bearer(guest)),
    ):
        for path in ("/v1/world", "/v1/visitors", "/v1/markers"):
            with (
                pytest.raises(WebSocketDisconnect) as caught,
                client.websocket_connect(path, headers=bearer(guest)) as socket,
            ):
                socket.receive()
            assert caught.value.code == 4429 and "2 sockets" in caught.value.reason
        with (
            client.websocket_connect("/v1/world", headers=bearer(other)) as theirs,
            client.websocket_connect("/v1/world", headers=bearer()) as owners,
        ):
            assert all(json.loads(s.receive_text()) for s in (first, theirs, owners)), (
                "others come in, and who is in stays"
            )
    with client.websocket_connect("/v1/world", headers=bearer(guest)) as again:
        assert json.loads(again.receive_text())


def test_a_token_that_is_taken_back_ends_what_it_opened(http: tuple[TestClient, Running]) -> None:
    client, running = http
    guest = running.catalog.give_token("guest", "see", 60, "test")
    for path in ("/v1/visitors", "/v1/world"):
        token = running.catalog.give_token("passer", "see", 60, "test")
        with (
            client.websocket_connect(path, headers=bearer(guest)) as stays,
            client.websocket_connect(path, headers=bearer(token)) as leaves,
        ):
            stays.receive()
            running.catalog.revoke_tokens("passer", "test")
            with pytest.raises(WebSocketDisconnect) as caught:
                while True:
                    leaves.receive_text() if path == "/v1/world" else text(leaves)
            assert caught.value.code == 4401
            stays.send_text("{}")


def test_one_sees_the_other_move(http: tuple[TestClient, Running]) -> None:
    client, _ = http
    with (
        client.websocket_connect("/v1/visitors?name=Ann", headers=bearer()) as ann,
        client.websocket_connect("/v1/visitors?name=Ben", headers=bearer()) as ben,
    ):
        me = text(ann)["you"]
        text(ben)
        ben.send_bytes(pose(5, 5, 1))
        ann.send_bytes(pose(3, 4, 77))
        end = time.monotonic() + 5
        while time.monotonic() < end:
            message = ben.receive()
            if message.get("bytes") and read(message["bytes"])[0].get(me) == 77:
                return
    raise AssertionError("never seen")


def test_notes_stay_are_bounded_and_taken_away_by_who_may_change(
    http: tuple[TestClient, Running],
) -> None:
    client, running = http
    clerk, guest = (
        running.catalog.give_token(n, may, 60, "test")
        for n, may in (("clerk", "ask"), ("guest", "see"))
    )

    def ask(method: str, path: str, token: str, body: Any = None) -> Any:
        return client.request(method, path, headers={"Authorization": f"Bearer {token}"}, json=body)

    note = {"on": "models.judge", "text": "why did it shrink? <img src=x>", "who": "Ann"}
    made = ask("POST", "/v1/notes", clerk, note)
    assert (
        made.status_code == 200 and made.json()["name"] == "Ann" and made.json()["role"] == "clerk"
    )
    assert [n["text"] for n in ask("GET", "/v1/notes", guest).json()] == [note["text"]]
    assert ask("POST", "/v1/notes", guest, note).status_code == 403
    for bad in (
        [],
        {"on": "models.none", "text": "x"},
        {"on": "models.judge", "text": " "},
        {"on": "models.judge", "text": "x" * 1001},
        {"on": "models.judge"},
    ):
        assert ask("POST", "/v1/notes", clerk, bad).status_code == 422
    ident = made.json()["id"]
    assert ask("DELETE", f"/v1/notes/{ident}", clerk).status_code == 403
    assert (
        ask("DELETE", f"/v1/notes/{ident}", TOKEN).status_code == 200
        and ask("DELETE", f"/v1/notes/{ident}", TOKEN).status_code == 404
    )
    assert ask("GET", "/v1/notes", guest).json() == []
    acts = [(a["who"], a["act"], a["why"]) for a in running.catalog.audit(5) if a["act"] == "note"]
    assert (
        acts == [("owner", "note", "taken away"), ("clerk", "note", "a note of 30 characters")]
        and running.catalog.verify_audit() is None
    )


def test_the_scene_is_sent_when_it_changes_and_made_once_for_all(
    http: tuple[TestClient, Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, running = http
    scenery, made = running.scenery, 0
    whole = scenery.scene

    def scene() -> Any:
        nonlocal made
        made += 1
        return whole()

    monkeypatch.setattr(scenery, "scene", scene)
    monkeypatch.setattr("mesocosm.app.world.scene_state.FRESH", 60.0)
    marks = {scenery.now()[1] for _ in range(50)}
    assert made <= 1 and len(marks) == 1
    one = running.catalog.alert("watch", "desk", "drift", "they moved", {})
    assert scenery.now()[1] not in marks and made <= 2
    with client.websocket_connect("/v1/world", headers=bearer()) as socket:
        first = json.loads(socket.receive_text())
        alert = running.catalog.alert("watch", "desk", "drift", "a test of the world", {})
        began = time.monotonic()
        second = json.loads(socket.receive_text())
        assert (
            time.monotonic() - began < 1.5
            and [a["id"] for a in second["alerts"]] == [alert, one]
            and [a["id"] for a in first["alerts"]] == [one]
        )
