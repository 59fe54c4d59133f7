"""Who is here: poses in, one small snapshot a cell out, the near before the far.

Knows bytes and distances; knows no sockets. All numbers are little-endian. A pose is 12 bytes: x,
y, z in steps of 5 cm (i16), the head's turn as the three smallest parts of a quaternion (u32), and
bits (u16, of which bit 0 says that hands follow); hands are 10 bytes each, of the same parts. A
snapshot is the tick (u32), how many poses and how many pairs of hands follow (u16 each), poses of
14 bytes (id, pose), hands of 22.

Source: Fiedler 2015, Snapshot Compression (the smallest three parts of a quaternion).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

POSE = np.dtype([("x", "<i2"), ("y", "<i2"), ("z", "<i2"), ("turn", "<u4"), ("bits", "<u2")])
SEEN = np.dtype([("id", "<u2"), ("pose", POSE)])
HANDS = 20
STEP = 0.05  # metres
CELL = 16.0  # metres
NEAREST = 64  # poses of a cell's own surroundings in one snapshot at most
# ticks after which everybody who moves is told of again, wherever they are, with the first pose
# that comes then
FAR = 20
STOOD = 4  # ticks more after which who stands still since is told of
# ticks in which each visitor is told again where everybody is, if anybody moved: what was lost on
# the way is mended
AGAIN = 100
ARM = 8.0  # metres within which hands are seen
REACH = 1600.0  # metres from the middle that a pose may name


class Crowd:
    """The visitors of one world.

    Args:
        most: who may be here at once.
    """

    def __init__(self, most: int = 2000) -> None:
        self.most = most
        self.poses = np.zeros(most, POSE)
        self.at = np.zeros((most, 3), np.float32)
        self.here = np.zeros(most, bool)
        self.moved = np.zeros(
            most, np.int64
        )  # the tick of a visitor's newest pose; 0 before the first
        self.told: dict[
            tuple[int, int], Any
        ] = {}  # by cell: the tick of the pose of each visitor that was last told there
        self.asked: dict[
            tuple[int, int], Any
        ] = {}  # by cell: the tick at which each was last told of there
        self.spread = np.zeros(
            most, np.int64
        )  # the tick at which each was last told of to everybody
        self.hands: dict[int, bytes] = {}
        self.new: dict[int, bytes] = {}  # poses since the last tick
        self.stirred = -AGAIN  # the last tick at which somebody moved or left
        self.ids: list[int] = list(range(most - 1, -1, -1))
        self.tick = 0

    def enter(self) -> int | None:
        """A number for a new visitor; None where there is no room."""
        if not self.ids:
            return None
        who = self.ids.pop()
        self.here[who], self.moved[who], self.spread[who] = True, 0, self.tick - who % FAR
        for each in (*self.told.values(), *self.asked.values()):
            each[who] = 0
        return who

    def leave(self, who: int) -> None:
        """Take a visitor out; the number is given to another one later, as late as can be."""
        if self.here[who]:
            self.here[who] = False
            self.hands.pop(who, None)
            self.new.pop(who, None)
            self.ids.insert(0, who)

    def pose(self, who: int, data: bytes) -> bool:
        """Keep a visitor's newest pose; False where the bytes are none."""
        if len(data) not in (POSE.itemsize, POSE.itemsize + HANDS):
            return False
        self.new[who] = data[: POSE.itemsize]
        if len(data) > POSE.itemsize:
            self.hands[who] = data[POSE.itemsize :]
        else:
            self.hands.pop(who, None)
        return True

    def _taken(self) -> None:
        """Poses that came in since the last tick, all at once."""
        if not self.new:
            return
        who = np.fromiter(self.new, np.int64, len(self.new))
        found = np.frombuffer(b"".join(self.new.values()), POSE)
        self.poses[who], self.moved[who] = found, self.tick
        self.at[who] = np.stack([found["x"], found["y"], found["z"]], 1) * np.float32(STEP)
        self.stirred = self.tick
        self.new.clear()

    def snapshots(self) -> Iterator[tuple[bytes, list[int]]]:
        """One tick: what each cell's visitors are told together, and who they are; cells where
        nothing moved are left out.

        Of those around a cell that moved since it was told of them, the nearest and the longest
        waiting come first; whoever is far is told of once in 20 ticks. A visitor whose first pose
        this is, and everybody once in 100 ticks while somebody moves, is told of all.
        """
        self.tick += 1
        first = [who for who in self.new if self.moved[who] == 0]
        self._taken()
        here = np.flatnonzero(self.here & (self.moved > 0))
        if not here.size:
            return
        at = self.at[here]
        cells = np.floor(at[:, [0, 2]] / CELL).astype(np.int64)
        order = np.lexsort((cells[:, 1], cells[:, 0]))
        firsts = np.flatnonzero(np.r_[True, (np.diff(cells[order], axis=0) != 0).any(axis=1)])
        groups = {
            tuple(cells[order[i]].tolist()): here[part]
            for i, part in zip(firsts, np.split(order, firsts[1:]), strict=True)
        }
        everyone = np.flatnonzero(self.here)
        again = (
            everyone[everyone % AGAIN == self.tick % AGAIN].tolist()
            if self.tick - self.stirred < AGAIN
            else []
        )
        for who in {*first, *again}:
            yield self._packed(here, np.array([who])), [who]
        since, moved = self.tick - self.spread[here], self.moved[here]
        late = here[
            ((since >= FAR) & (moved == self.tick))
            | ((since >= FAR + STOOD) & (moved > self.spread[here]))
        ]
        self.spread[late] = self.tick
        if late.size and everyone.size > here.size:  # who looks on from no place of their own
            yield self._packed(late, here[:0]), np.setdiff1d(everyone, here).tolist()
        for cell, mine in groups.items():
            told, asked = (
                book.setdefault(cell, np.zeros(self.most, np.int64))
                for book in (self.told, self.asked)
            )
            around = np.concatenate(
                [
                    g
                    for dx in (-1, 0, 1)
                    for dz in (-1, 0, 1)
                    if (g := groups.get((cell[0] + dx, cell[1] + dz))) is not None
                ]
            )
            fresh = around[self.moved[around] > told[around]]
            if fresh.size > NEAREST:
                middle = self.at[mine].mean(0)
                far = np.linalg.norm(self.at[fresh] - middle, axis=1)
                wait = self.tick - asked[fresh]
                fresh = fresh[np.argpartition(-wait / (4.0 + far), NEAREST)[:NEAREST]]
            told[fresh], asked[fresh] = self.moved[fresh], self.tick
            some = np.union1d(fresh, late) if late.size else fresh
            if some.size:
                yield self._packed(some, mine), mine.tolist()
        if self.tick % 1200 == 0:  # cells that nobody is in are forgotten
            self.told = {c: v for c, v in self.told.items() if c in groups}
            self.asked = {c: v for c, v in self.asked.items() if c in groups}

    def whole(self) -> bytes:
        """Where everybody is, for who has just come."""
        here = np.flatnonzero(self.here & (self.moved > 0))
        return self._packed(here, here[:0])

    def _packed(self, some: Any, mine: Any) -> bytes:
        seen = np.zeros(len(some), SEEN)
        seen["id"], seen["pose"] = some, self.poses[some]
        hands = b""
        count = 0
        placed = mine[self.moved[mine] > 0]
        if self.hands and placed.size:
            near = self.at[placed]
            for who in some.tolist():
                if who in self.hands and np.linalg.norm(near - self.at[who], axis=1).min() <= ARM:
                    hands += int(who).to_bytes(2, "little") + self.hands[who]
                    count += 1
        return (
            self.tick.to_bytes(4, "little")
            + len(some).to_bytes(2, "little")
            + count.to_bytes(2, "little")
            + seen.tobytes()
            + hands
        )


def named(text: object, who: int) -> str:
    """A visitor's name as others see it: a line of at most 40 characters.

    >>> named("  Lin\\u0000\\n ", 3), named(None, 3)
    ('Lin', 'visitor 3')
    """
    said = (
        " ".join("".join(c if c.isprintable() else " " for c in text).split())[:40]
        if isinstance(text, str)
        else ""
    )
    return said or f"visitor {who}"
