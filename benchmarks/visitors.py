"""Many visitors in one world: how late others see a pose, and what it costs the server, beside a
naive broadcast and Yjs awareness in the same run.

A visitor is a raw WebSocket: the pose's turn carries the millisecond at which it was sent, so that
a snapshot tells its own age. Half of the visitors wander over 240 m, half stand in five places;
each sends ten poses a second. Called by `world.py`.
"""

from __future__ import annotations

import asyncio
import base64
import math
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvloop
from parts import SMALL, size

from mesocosm.world.presence.state import SEEN, STEP

Line = tuple[str, float, str, bool]
HERE = Path(__file__).parent
MANY = (size(100, 10), size(500, 20), size(1000, 30))
RATE = 10.0
EAR = 6  # every sixth visitor reads what it is sent; the others only take it off the wire
NAIVE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
here = set()
async def visit(socket):
    await socket.accept(); here.add(socket)
    try:
        while True:
            pose = await socket.receive_bytes()
            for other in list(here):
                if other is not socket:
                    await other.send_bytes(pose)
    except Exception:
        here.discard(socket)
uvicorn.run(Starlette(routes=[WebSocketRoute("/v1/visitors", visit)]), port=int(sys.argv[1]), log_level="error", ws="websockets-sansio", ws_per_message_deflate=False, loop="uvloop")
"""
YJS = """
import asyncio, sys
from hypercorn.asyncio import serve
from hypercorn.config import Config
from pycrdt.websocket import ASGIServer, WebsocketServer
async def main():
    async with WebsocketServer() as server:
        config = Config(); config.bind = [f"127.0.0.1:{sys.argv[1]}"]; config.loglevel = "error"
        await serve(ASGIServer(server), config)
asyncio.run(main())
"""


def now_ms() -> int:
    return int(time.monotonic() * 1000) & 0xFFFFFFFF


class Visitor(asyncio.Protocol):
    """One raw WebSocket that sends poses and, where it listens, notes how old those it is sent
    are.
    """

    def __init__(
        self,
        number: int,
        crowd: bool,
        host: str,
        token: str,
        kind: str,
        told: list[float],
        seen: Counter[str],
    ) -> None:
        self.number, self.host, self.token, self.kind, self.told, self.seen = (
            number,
            host,
            token,
            kind,
            told,
            seen,
        )
        rng = random.Random(number)
        self.at = (
            (rng.uniform(-12, 12), rng.uniform(-12, 12))
            if crowd
            else (
                (rng.uniform(-120, 120), rng.uniform(-120, 120))
                if number % 2
                else (40 * (number // 2 % 5) - 80 + rng.uniform(-4, 4), 30 + rng.uniform(-4, 4))
            )
        )
        self.roams = bool(number % 2) or crowd
        self.rng, self.joined, self.last, self.known = rng, 0.0, b"", {}
        self.listens = number % EAR == 0
        self.clock = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        path = "/v1/visitors" if self.kind != "yjs" else "/room"
        words = (
            f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nUpgrade: websocket\r\nConnection:"
            f" Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nOrigin:"
            f" http://{self.host}\r\nAuthorization: Bearer {self.token}\r\n\r\n"
        )
        transport.write(words.encode())  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if not self.joined:
            self.last += data
            end = self.last.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self.last[:20]:
                self.seen["refused"] += 1
                self.transport.close()
                return
            self.joined = time.monotonic()
            data, self.last = self.last[end + 4 :], b""
        if not self.listens:
            self.seen["bytes"] += len(data)
            return
        self.last += data
        at = 0
        while len(self.last) - at >= 2:
            long, head = self.last[at + 1] & 127, 2
            if long == 126:
                if len(self.last) - at < 4:
                    break
                long, head = struct.unpack_from(">H", self.last, at + 2)[0], 4
            elif long == 127:
                if len(self.last) - at < 10:
                    break
                long, head = struct.unpack_from(">Q", self.last, at + 2)[0], 10
            if len(self.last) - at < head + long:
                break
            if self.last[at] & 15 == 2:
                self.heard(self.last[at + head : at + head + long])
            at += head + long
        self.last = self.last[at:]

    def heard(self, message: bytes) -> None:
        self.seen["messages"] += 1
        now = now_ms()
        if self.kind == "ours":
            many = struct.unpack_from("<H", message, 4)[0]
            found = np.frombuffer(message, SEEN, many, 8)
            ages = [
                (i, t)
                for i, t in zip(found["id"].tolist(), found["pose"]["turn"].tolist(), strict=True)
                if self.known.get(i) != t
            ]
        elif self.kind == "naive":
            ages = [
                (struct.unpack_from("<H", message, 10)[0], struct.unpack_from("<I", message, 6)[0])
            ]
        else:
            at = message.find(b'"t":')
            ages = (
                []
                if at < 0
                else [
                    (
                        int(message[message.find(b'"i":') + 4 :].split(b",")[0]),
                        int(message[at + 4 :].split(b"}")[0]),
                    )
                ]
            )
        for who, sent in ages:
            if (
                self.known.get(who) is not None or self.kind != "ours"
            ):  # what was there before is not counted
                late = (now - sent) & 0xFFFFFFFF
                if late < 60_000:
                    self.told.append(float(late))
                    self.seen["poses"] += 1
            self.known[who] = sent

    def send(self) -> None:
        if self.roams:
            self.at = (
                self.at[0] + self.rng.uniform(-0.2, 0.2),
                self.at[1] + self.rng.uniform(-0.2, 0.2),
            )
        if self.kind == "yjs":
            self.clock += 1
            state = b'{"i":%d,"x":%.1f,"t":%d}' % (self.number, self.at[0], now_ms())
            update = (
                varint(1)
                + varint(self.number + 1)
                + varint(self.clock)
                + varint(len(state))
                + state
            )
            payload = b"\x01" + varint(len(update)) + update
        else:
            payload = struct.pack(
                "<hhhIH",
                round(self.at[0] / STEP),
                34,
                round(self.at[1] / STEP),
                now_ms(),
                0 if self.kind == "ours" else self.number,
            )
        self.transport.write(bytes([0x82, 0x80 | len(payload)]) + b"\0\0\0\0" + payload)  # type: ignore[attr-defined]


def varint(n: int) -> bytes:
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


async def visit(
    host: str,
    token: str,
    many: int,
    seconds: float,
    crowd: bool,
    kind: str,
    spent: Callable[[], float],
    joins_a_second: float = 150.0,
) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    told: list[float] = []
    seen: Counter[str] = Counter()
    address, _, port = host.partition(":")
    began, everyone = time.monotonic(), []
    for number in range(many):
        _, one = await loop.create_connection(
            lambda n=number: Visitor(n, crowd, host, token, kind, told, seen), address, int(port)
        )  # type: ignore[misc]
        everyone.append(one)
        await asyncio.sleep(max(0.0, began + (number + 1) / joins_a_second - time.monotonic()))
    end = time.monotonic() + 10
    while time.monotonic() < end and sum(bool(v.joined) for v in everyone) < many:
        await asyncio.sleep(0.02)
    joined = [v for v in everyone if v.joined]
    took = max((v.joined for v in joined), default=began) - began

    async def poses(seconds: float) -> int:
        sent, due = 0, time.monotonic()
        over = due + seconds
        slots = [joined[i::10] for i in range(10)]
        turn = 0
        while time.monotonic() < over:
            for one in slots[turn % 10]:
                if not one.transport.is_closing():  # type: ignore[attr-defined]
                    one.send()
                    sent += 1
            turn += 1
            due += 1 / RATE / 10
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        return sent

    await poses(size(20, 5) / 10)
    told.clear()
    seen.clear()
    before, at = spent(), time.monotonic()
    sent = await poses(seconds)
    wall = time.monotonic() - at
    cpu = (spent() - before) / wall
    ears = sum(v.listens for v in joined)
    for one in everyone:
        one.transport.abort()  # type: ignore[attr-defined]
    found = np.array(told or [math.inf])
    return {
        "joined": len(joined),
        "joining": took,
        "sent": sent / wall,
        "cpu": cpu,
        "p50": float(np.median(found)),
        "p99": float(np.percentile(found, 99)),
        "heard": seen["poses"] / max(1, ears) / wall,
        "messages": seen["messages"] / max(1, ears) / wall,
    }


def cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def peer(code: str, python: str = sys.executable) -> Iterator[tuple[str, int]]:
    port = 18000 + os.getpid() % 2000
    process = subprocess.Popen([python, "-c", code, str(port)], stderr=subprocess.PIPE, text=True)
    try:
        import socket

        for _ in range(150):
            if process.poll() is not None:
                raise RuntimeError((process.stderr.read() if process.stderr else "")[-300:])
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"127.0.0.1:{port}", process.pid
    finally:
        process.kill()
        process.wait()


def show(name: str, r: dict[str, float]) -> None:
    print(
        f"  {name:44} {r['joined']:5.0f} in {r['joining']:4.1f} s  {r['sent']:6.0f} poses/s in "
        f" {r['cpu'] * 100:4.0f} % of a core  {r['heard']:6.0f} poses/s heard by one  p50"
        f" {r['p50']:6.0f} p99 {r['p99']:7.0f} ms",
        flush=True,
    )


def many_visitors(seconds: float = size(12, 1)) -> list[Line]:
    """Ours at 100, 500, 500 in one crowd and 1,000; the naive broadcast at 100; Yjs awareness at 25
    and 50.
    """
    from conftest import Server

    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as folder:
        from trouble import two

        home = Path(folder) / "pond"
        two(home)
        up = Server(home)
        host = up.url.removeprefix("http://")
        pid = up.process.pid

        def ours(many: int, crowd: bool = False, joins: float = 150.0) -> dict[str, float]:
            found = uvloop.run(
                visit(host, up.token, many, seconds, crowd, "ours", lambda: cpu_of(pid), joins)
            )
            time.sleep(size(15, 1) / 10)  # those before have left
            return found

        hundred = ours(MANY[0], joins=1000.0)
        show("ours, 100 (joining at once)", hundred)
        five = ours(MANY[1])
        show("ours, 500", five)
        crowd = ours(MANY[1], crowd=True)
        show("ours, 500 in one crowd of 24 m", crowd)
        thousand = ours(MANY[2])
        show("ours, 1,000", thousand)
        up.close()
    lines += [
        (
            "100 visitors join (s)",
            hundred["joining"],
            "<= 2",
            hundred["joining"] <= 2 and hundred["joined"] == MANY[0],
        ),
        (
            "500 visitors: p99 ms",
            five["p99"],
            "<= 100",
            five["p99"] <= 100 and five["joined"] == MANY[1],
        ),
        ("500 visitors: share of a core", five["cpu"], "<= 1", five["cpu"] <= 1),
        ("500 in one crowd: p99 ms", crowd["p99"], "<= 150", crowd["p99"] <= 150),
        (
            "1,000 visitors: p99 ms",
            thousand["p99"],
            "<= 150",
            thousand["p99"] <= 150 and thousand["joined"] == MANY[2],
        ),
        ("1,000 visitors: share of a core", thousand["cpu"], "<= 0.6", thousand["cpu"] <= 0.6),
    ]
    with peer(NAIVE) as (host, pid):
        naive = uvloop.run(
            visit(host, "", MANY[0], seconds / 2, False, "naive", lambda: cpu_of(pid))
        )
        show("naive broadcast, 100", naive)
        print(
            f"    of {naive['sent'] * 0.99:.0f} poses/s that each should hear it heard"
            f" {naive['heard']:.0f}:"
            f" {100 * (1 - naive['heard'] / max(1, naive['sent'] * 0.99)):.0f} % did not come in"
            " time"
        )
    python = yjs_python()
    if python:
        for many in (25, 50):
            try:
                with peer(YJS, python) as (host, pid):
                    yjs = uvloop.run(
                        visit(host, "", many, seconds / 2, False, "yjs", lambda: cpu_of(pid))
                    )
                    show(f"Yjs awareness, {many}", yjs)
            except (RuntimeError, OSError) as error:
                print(
                    f"  Yjs awareness, {many}: did not run"
                    f" ({str(error).strip().splitlines()[-1][:120]})"
                )
    else:
        print("  Yjs awareness: pycrdt-websocket is not installed here")
    return lines


def yjs_python() -> str:
    """A Python that has Yjs's server, in a virtual environment of its own."""
    venv = HERE.parent / ".venv-yjs"
    if not (venv / ".ready").exists():
        if SMALL:
            return ""
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        done = subprocess.run(
            [
                str(venv / "bin" / "pip"),
                "install",
                "-q",
                "--no-compile",
                "pycrdt-websocket",
                "hypercorn",
            ],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if done.returncode:
            return ""
        (venv / ".ready").touch()
    return str(venv / "bin" / "python")
