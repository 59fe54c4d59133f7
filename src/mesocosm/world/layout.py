"""Where everything stands: one watershed, from the graph and a seed.

Depth in the graph is altitude, so every lineage edge runs downhill. The same things and seed give
the same places on any machine. Knows addresses and edges; knows nothing of what a thing is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, sqrt

from mesocosm.core.hashing import digest

Things = Sequence[tuple[str, Sequence[str]]]
Place = tuple[float, float, float]
"""x, z and altitude, in metres."""

WIDE = 34.0  # metres between neighbours in a row
STEP = 30.0  # metres between rows
# metres that a thing may stand off its place, in all; what is left between two is more than both
# are wide
JITTER = 8.0
DROP = 7.0  # metres of fall between two depths, where the whole falls less than TALL
TALL = 90.0  # metres that a whole valley falls at most
ROW = 7  # things in a row before a depth takes a second row


def unit(*words: object) -> float:
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
        _measure_depth(start, needs, found)
    return found


def _measure_depth(start: str, needs: Mapping[str, Sequence[str]], found: dict[str, int]) -> None:
    """Add the depth of an address, and of all above it, to those that are found."""
    waiting = [start]
    while waiting:
        here = waiting[-1]
        above = [n for n in needs[here] if n in needs and n not in (*found, *waiting)]
        if here not in found and above:
            waiting += above[:1]
        else:
            depths_above = [1 + found[n] for n in needs[here] if n in found]
            found.setdefault(here, max(depths_above, default=0))
            waiting.pop()


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
    ranks = _rank_by_depth(things)
    drop = min(DROP, TALL / max(len(ranks) - 1, 1))
    wide = max(ROW, ceil(sqrt(len(things))))
    found: dict[str, Place] = {}
    z = 0.0
    for depth, rank in enumerate(ranks):
        rows = ceil(len(rank) / wide)
        if depth:
            rank = _order(rank, found, seed)
        aside = 0.25 if depth % 2 else -0.25
        altitude = (len(ranks) - 1 - depth) * drop
        for address, (x, at) in _place_rank(rank, rows, z, aside, seed).items():
            found[address] = (x, at, altitude)
        z += rows * STEP
    middle = (z - STEP) / 2
    return {a: (round(x, 2), round(at - middle, 2), round(y, 3)) for a, (x, at, y) in found.items()}


def _rank_by_depth(things: Things) -> list[list[tuple[str, Sequence[str]]]]:
    """The things of each depth, from where the water springs."""
    deep = depths(things)
    most = max(deep.values(), default=0)
    ranks: list[list[tuple[str, Sequence[str]]]] = [[] for _ in range(most + 1)]
    for entry in things:
        ranks[deep[entry[0]]].append(entry)
    return ranks


def _place_rank(
    rank: Sequence[tuple[str, Sequence[str]]], rows: int, z: float, aside: float, seed: int
) -> dict[str, tuple[float, float]]:
    """Where the things of one depth stand as x and z, in rows from a z on."""
    columns = ceil(len(rank) / max(1, rows))
    places = {}
    for i, (address, _) in enumerate(rank):
        column, row = divmod(i, rows)
        x = (column - (columns - 1) / 2 + aside) * WIDE
        x += (unit(seed, address, "x") - 0.5) * JITTER
        places[address] = x, z + row * STEP + (unit(seed, address, "z") - 0.5) * JITTER
    return places


def _order(
    rank: Sequence[tuple[str, Sequence[str]]],
    found: Mapping[str, Place],
    seed: int,
) -> list[tuple[str, Sequence[str]]]:
    """The things of one depth, each near what it needs."""
    return sorted(rank, key=lambda entry: (_pull(entry, found), unit(seed, entry[0], "tie")))


def _pull(entry: tuple[str, Sequence[str]], found: Mapping[str, Place]) -> float:
    """The mean place of what a thing needs, so that streams cross seldom."""
    above = [found[n][0] for n in entry[1] if n in found]
    return sum(above) / max(1, len(above))
