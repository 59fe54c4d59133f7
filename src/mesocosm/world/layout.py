"""Where everything stands: one watershed, from the graph and a seed.

Depth in the graph is altitude, so every lineage edge runs downhill. The same things and seed give
the same places on any machine. Knows addresses and edges; knows nothing of what a thing is.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any

from mesocosm.core.hashing import digest

Things = Sequence[tuple[str, Sequence[str]]]
WIDE = 34.0  # metres between neighbours in a row
STEP = 30.0  # metres between rows
# metres that a thing may stand off its place, in all; what is left between two is more than both
# are wide
JITTER = 8.0
DROP = 7.0  # metres of fall between two depths, where the whole falls less than TALL
TALL = 90.0  # metres that a whole valley falls at most
ROW = 7  # things in a row before a depth takes a second row


def unit(*words: Any) -> float:
    """A number from 0 to 1 that the words alone decide."""
    return int(digest(*words, size=4), 16) / 2**32


def depths(things: Things) -> dict[str, int]:
    """How far each address is from where its water springs: the longest way up.

    >>> things = [("sources.a", []), ("datasets.b", ["sources.a"])]
    >>> depths([*things, ("services.c", ["datasets.b", "sources.a"])])
    {'sources.a': 0, 'datasets.b': 1, 'services.c': 2}
    """
    needs = dict(things)
    found: dict[str, int] = {}
    for start in needs:
        waiting = [start]
        while waiting:
            here = waiting[-1]
            above = [n for n in needs[here] if n in needs and n not in found and n not in waiting]
            if here in found or not above:
                deepest = max((1 + found[n] for n in needs[here] if n in found), default=0)
                found.setdefault(here, deepest)
                waiting.pop()
            else:
                waiting += above[:1]
    return found


def layout(things: Things, seed: int) -> dict[str, tuple[float, float, float]]:
    """Where each address stands as x, z and altitude, in metres; the middle of the valley is 0, 0,
    and water runs towards +z.

    Depths stand aside of each other by turns, so that from below nothing hides what it rests on.

    Args:
        things: addresses with what each needs.

    >>> place = layout([("sources.a", []), ("datasets.b", ["sources.a"])], 7)
    >>> place["sources.a"][2] > place["datasets.b"][2]
    True
    """
    deep = depths(things)
    most = max(deep.values(), default=0)
    drop = min(DROP, TALL / max(most, 1))
    wide = max(ROW, ceil(sqrt(len(things))))
    ranks: list[list[tuple[str, Sequence[str]]]] = [[] for _ in range(most + 1)]
    for entry in things:
        ranks[deep[entry[0]]].append(entry)
    found: dict[str, tuple[float, float, float]] = {}
    z = 0.0
    for depth, rank in enumerate(ranks):
        rows = ceil(len(rank) / wide)
        if depth:
            rank = _order(rank, found, seed)
        columns = ceil(len(rank) / rows)
        aside = 0.25 if depth % 2 else -0.25
        for i, (address, _) in enumerate(rank):
            column, row = divmod(i, rows)
            x = (column - (columns - 1) / 2 + aside) * WIDE
            x += (unit(seed, address, "x") - 0.5) * JITTER
            at = z + row * STEP + (unit(seed, address, "z") - 0.5) * JITTER
            found[address] = (x, at, (most - depth) * drop)
        z += rows * STEP
    middle = (z - STEP) / 2
    return {a: (round(x, 2), round(at - middle, 2), round(y, 3)) for a, (x, at, y) in found.items()}


def _order(
    rank: Sequence[tuple[str, Sequence[str]]],
    found: dict[str, tuple[float, float, float]],
    seed: int,
) -> list[tuple[str, Sequence[str]]]:
    """The things of one depth, each near what it needs."""
    return sorted(rank, key=lambda entry: (_pull(entry, found), unit(seed, entry[0], "tie")))


def _pull(entry: tuple[str, Sequence[str]], found: dict[str, tuple[float, float, float]]) -> float:
    """The mean place of what a thing needs, so that streams cross seldom."""
    above = [found[n][0] for n in entry[1] if n in found]
    return sum(above) / max(1, len(above))
