"""Who is here: poses in, one small snapshot a cell out, the near before the far.

Knows bytes and distances; knows no sockets. All numbers are little-endian. A pose is 12 bytes: x,
y, z in steps of 5 cm (i16), the head's turn as the three smallest parts of a quaternion (u32), and
bits (u16, of which bit 0 says that hands follow); hands are 10 bytes each, of the same parts. A
snapshot is the tick (u32), how many poses and how many pairs of hands follow (u16 each), poses of
14 bytes (id, pose), hands of 22.

Source: Fiedler 2015, Snapshot Compression (the smallest three parts of a quaternion).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from mesocosm.core.messages import Message

POSE = np.dtype([("x", "<i2"), ("y", "<i2"), ("z", "<i2"), ("turn", "<u4"), ("bits", "<u2")])
SEEN = np.dtype([("id", "<u2"), ("pose", POSE)])
HANDS = 20
STEP = 0.05  # metres
CELL = 16.0  # metres
NEAREST = 64  # poses of a cell's own surroundings in one snapshot at most
# ticks after which everybody who moves is sent again, wherever they are, with the first pose
# that comes then
FAR = 20
STOOD = 4  # ticks more after which who stands still since is sent
# ticks in which each visitor gets everybody's pose again, if anybody moved: what was lost on the
# way is repaired
AGAIN = 100
ARM = 8.0  # metres within which hands are seen

Cell = tuple[int, int]
Visitors = NDArray[np.int64]
"""Numbers of visitors, or a tick of each."""

REACH = 1600.0  # metres from the middle that a pose may name


class Crowd:
    """The visitors of one world.

    Args:
        most: who may be here at once.
    """

    def __init__(self, most: int = 2000) -> None:
        self.most = most
        self.poses = np.zeros(most, POSE)
        self.at: NDArray[np.float32] = np.zeros((most, 3), np.float32)
        self.here: NDArray[np.bool_] = np.zeros(most, np.bool_)
        # the tick of a visitor's newest pose; 0 before the first
        self.moved: Visitors = np.zeros(most, np.int64)
        # by cell: the tick of the pose of each visitor that was last sent there
        self.told: dict[Cell, Visitors] = {}
        # by cell: the tick at which each was last sent there
        self.asked: dict[Cell, Visitors] = {}
        # the tick at which each was last sent to everybody
        self.spread: Visitors = np.zeros(most, np.int64)
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
        """Keep a visitor's newest pose; False where the bytes are not a pose."""
        if len(data) not in (POSE.itemsize, POSE.itemsize + HANDS):
            return False
        self.new[who] = data[: POSE.itemsize]
        if len(data) > POSE.itemsize:
            self.hands[who] = data[POSE.itemsize :]
        else:
            self.hands.pop(who, None)
        return True

    def _take_poses(self) -> None:
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
        """One tick: the snapshot that each cell's visitors get together, and who they are; cells
        where nothing moved are left out.

        Of those around a cell that moved since their last snapshot there, the nearest and the
        longest waiting come first; whoever is far is sent once in 20 ticks. A visitor whose first
        pose this is, and everybody once in 100 ticks while somebody moves, gets all poses.
        """
        self.tick += 1
        first = [who for who in self.new if self.moved[who] == 0]
        self._take_poses()
        here = np.flatnonzero(self.here & (self.moved > 0))
        if not here.size:
            return
        groups = self._group_by_cell(here)
        everyone = np.flatnonzero(self.here)
        for who in {*first, *self._refreshed(everyone)}:
            yield self._packed(here, np.array([who])), [who]
        late = self._find_late(here)
        self.spread[late] = self.tick
        if late.size and everyone.size > here.size:  # who looks on from no place of their own
            yield self._packed(late, here[:0]), np.setdiff1d(everyone, here).tolist()
        yield from self._pack_cells(groups, late)
        if self.tick % 1200 == 0:
            self._forget_empty_cells(groups)

    def _pack_cells(
        self, groups: Mapping[Cell, Visitors], late: Visitors
    ) -> Iterator[tuple[bytes, list[int]]]:
        """The snapshot of each cell around which somebody moved, and who gets it."""
        for cell, members in groups.items():
            poses = self._choose_fresh(cell, members, groups)
            if late.size:
                poses = np.union1d(poses, late)
            if poses.size:
                yield self._packed(poses, members), members.tolist()

    def _forget_empty_cells(self, groups: Mapping[Cell, Visitors]) -> None:
        self.told = {cell: ticks for cell, ticks in self.told.items() if cell in groups}
        self.asked = {cell: ticks for cell, ticks in self.asked.items() if cell in groups}

    def _group_by_cell(self, here: Visitors) -> dict[Cell, Visitors]:
        """The visitors of each cell that somebody is in."""
        cells = np.floor(self.at[here][:, [0, 2]] / CELL).astype(np.int64)
        order = np.lexsort((cells[:, 1], cells[:, 0]))
        firsts = np.flatnonzero(np.r_[True, (np.diff(cells[order], axis=0) != 0).any(axis=1)])
        groups: dict[Cell, Visitors] = {}
        for i, part in zip(firsts, np.split(order, firsts[1:]), strict=True):
            x, z = cells[order[i]].tolist()
            groups[x, z] = here[part]
        return groups

    def _refreshed(self, everyone: Visitors) -> list[int]:
        """Whose turn it is to get all poses again."""
        if self.tick - self.stirred >= AGAIN:
            return []
        refreshed: list[int] = everyone[everyone % AGAIN == self.tick % AGAIN].tolist()
        return refreshed

    def _find_late(self, here: Visitors) -> Visitors:
        """The visitors whose pose is due to everybody, wherever they are."""
        since, moved = self.tick - self.spread[here], self.moved[here]
        is_moving = (since >= FAR) & (moved == self.tick)
        has_stopped = (since >= FAR + STOOD) & (moved > self.spread[here])
        late: Visitors = here[is_moving | has_stopped]
        return late

    def _choose_fresh(
        self, cell: Cell, members: Visitors, groups: Mapping[Cell, Visitors]
    ) -> Visitors:
        """The visitors around a cell that moved since their last snapshot there: of too many, the
        nearest and the longest waiting.
        """
        told = self.told.setdefault(cell, np.zeros(self.most, np.int64))
        asked = self.asked.setdefault(cell, np.zeros(self.most, np.int64))
        neighbours = [groups[near] for near in _around(cell) if near in groups]
        around = np.concatenate(neighbours)
        fresh = around[self.moved[around] > told[around]]
        if fresh.size > NEAREST:
            middle = self.at[members].mean(0)
            far = np.linalg.norm(self.at[fresh] - middle, axis=1)
            wait = self.tick - asked[fresh]
            fresh = fresh[np.argpartition(-wait / (4.0 + far), NEAREST)[:NEAREST]]
        told[fresh], asked[fresh] = self.moved[fresh], self.tick
        return fresh

    def whole(self) -> bytes:
        """Where everybody is, for who has just come."""
        here = np.flatnonzero(self.here & (self.moved > 0))
        return self._packed(here, here[:0])

    def _packed(self, some: Visitors, mine: Visitors) -> bytes:
        seen = np.zeros(len(some), SEEN)
        seen["id"], seen["pose"] = some, self.poses[some]
        hands = self._list_hands(some, mine)
        return (
            self.tick.to_bytes(4, "little")
            + len(some).to_bytes(2, "little")
            + len(hands).to_bytes(2, "little")
            + seen.tobytes()
            + b"".join(hands)
        )

    def _list_hands(self, some: Visitors, mine: Visitors) -> list[bytes]:
        """The hands of visitors that are near one of mine, each after the visitor's number."""
        placed = mine[self.moved[mine] > 0]
        if not self.hands or not placed.size:
            return []
        near = self.at[placed]
        shown: list[int] = some.tolist()
        return [
            who.to_bytes(2, "little") + self.hands[who]
            for who in shown
            if who in self.hands and np.linalg.norm(near - self.at[who], axis=1).min() <= ARM
        ]


def named(text: object, who: int) -> str:
    """A visitor's name as others see it: a line of at most 40 characters.

    >>> named("  Lin\\u0000\\n ", 3), named(None, 3)
    ('Lin', 'visitor 3')
    """
    if not isinstance(text, str):
        return Message("world.visitor", number=who).render()
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:40] or Message("world.visitor", number=who).render()


def _around(cell: Cell) -> Iterator[Cell]:
    """A cell and the eight around it."""
    for dx in (-1, 0, 1):
        for dz in (-1, 0, 1):
            yield cell[0] + dx, cell[1] + dz
