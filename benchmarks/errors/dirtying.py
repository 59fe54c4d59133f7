"""Eight kinds of error put into a clean table, as BART does: seeded, each cell at most once.

A format and a factor are drawn once for each column, as a source that writes otherwise would.
"""

from __future__ import annotations

import random
import re
import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from errors.clean_tables import Table

KINDS = (
    "typo",
    "missing",
    "format",
    "swapped",
    "scale",
    "dependency",
    "outlier",
    "shifted",
)
SHARE = 0.08  # of all cells
GAPS = ("", "", "N/A", "unknown", "-", "?")
FACTORS = (10.0, 100.0, 1000.0, 2.54, 0.4536, 1.609)
NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)")
DATE = re.compile(r"(\d{4})([-/])(\d\d)\2(\d\d)")


@dataclass
class Dirtied:
    """A table with errors, and the kind of each wrong cell by row and column."""

    table: Table
    kinds: dict[tuple[int, str], str] = field(default_factory=dict)


class Dirtying:
    """One table on its way."""

    def __init__(self, clean: Table, seed: int) -> None:
        self.clean, self.draw = clean, random.Random(seed)
        self.names = list(clean)
        self.rows = len(clean[self.names[0]])
        self.out = Dirtied({name: list(texts) for name, texts in clean.items()})
        numbers = {n: [t for t in ts if NUMBER.fullmatch(t)] for n, ts in clean.items()}
        self.numeric = {n for n, ts in numbers.items() if len(ts) > 0.8 * self.rows}
        self.determined = {n for n in self.names if _is_determined(clean, n)}
        self.factor = {n: self.draw.choice(FACTORS) for n in self.names}
        self.style = {n: self.draw.randrange(4) for n in self.names}

    def run(self, share: float = SHARE) -> Dirtied:
        """Put in each kind until its part of the cells is wrong, or it no longer finds any."""
        each = max(1, round(share * self.rows * len(self.names) / len(KINDS)))
        makers: dict[str, Callable[[int, str], dict[str, str]]] = {
            kind: getattr(self, f"make_{kind}") for kind in KINDS
        }
        for kind, make in makers.items():
            made = tries = 0
            while made < each and tries < 60 * each:
                tries += 1
                row, name = self.draw.randrange(self.rows), self.draw.choice(self.names)
                made += self._put(row, make(row, name), kind)
        return self.out

    def _put(self, row: int, cells: dict[str, str], kind: str) -> int:
        """Write new cells if each differs from the clean one and none was changed before."""
        wrong = [n for n, text in cells.items() if text != self.clean[n][row]]
        if not cells or len(wrong) < len(cells):
            return 0
        if any((row, n) in self.out.kinds for n in cells):
            return 0
        for name, text in cells.items():
            self.out.table[name][row] = text
            self.out.kinds[row, name] = kind
        return len(cells)

    def make_typo(self, row: int, name: str) -> dict[str, str]:
        """A letter too many, too few, another, or two exchanged."""
        text, draw = self.clean[name][row], self.draw
        if len(text) < 3 or name in self.numeric:
            return {}
        at, letter = draw.randrange(len(text) - 1), draw.choice("abcdefghijklmnopqrstuvwxyz")
        ends = (
            text[at + 1 :],
            letter + text[at:],
            letter + text[at + 1 :],
            text[at + 1] + text[at] + text[at + 2 :],
        )
        return {name: text[:at] + draw.choice(ends)}

    def make_missing(self, row: int, name: str) -> dict[str, str]:
        """No value, or a word for none."""
        return {name: self.draw.choice(GAPS)} if self.clean[name][row] not in GAPS else {}

    def make_format(self, row: int, name: str) -> dict[str, str]:
        """The same value written otherwise, in one way for each column."""
        text, style = self.clean[name][row], self.style[name]
        date = DATE.fullmatch(text)
        if not text:
            return {}
        if date:
            year, _, month, day = date.groups()
            ways = (
                f"{day}.{month}.{year}",
                f"{month}/{day}/{year}",
                year + month + day,
                f"{day}-{month}-{year}",
            )
        elif name in self.numeric:
            unit = f"{text} {name.lower()[:2]}"
            ways = (unit, text.replace(".", ","), f"${text}", f"{text} units")
        else:
            ways = (text.upper(), text.replace(" ", "_"), f'"{text}"', f"{text}.")
        return {name: ways[style]}

    def make_swapped(self, row: int, name: str) -> dict[str, str]:
        """The cells of two columns in one row, exchanged."""
        other = self.draw.choice(self.names)
        a, b = self.clean[name][row], self.clean[other][row]
        return {name: b, other: a} if other != name else {}

    def make_scale(self, row: int, name: str) -> dict[str, str]:
        """A number in another unit, by one factor for each column."""
        text = self.clean[name][row]
        if name not in self.numeric or not NUMBER.fullmatch(text):
            return {}
        digits = len(text.partition(".")[2])
        factor = self.factor[name]
        places = digits if factor in (10.0, 100.0, 1000.0) else max(digits, 2)
        return {name: f"{float(text) * factor:.{places}f}"}

    def make_dependency(self, row: int, name: str) -> dict[str, str]:
        """Another value of a column that another one determines."""
        return {name: self.draw.choice(self.clean[name])} if name in self.determined else {}

    def make_outlier(self, row: int, name: str) -> dict[str, str]:
        """A number five to twenty deviations away."""
        text = self.clean[name][row]
        if name not in self.numeric or not NUMBER.fullmatch(text):
            return {}
        values = [float(t) for t in self.clean[name] if NUMBER.fullmatch(t)]
        far = statistics.pstdev(values) * self.draw.uniform(5, 20) * self.draw.choice((-1, 1))
        digits = len(text.partition(".")[2])
        return {name: f"{statistics.fmean(values) + far:.{digits}f}"}

    def make_shifted(self, row: int, name: str) -> dict[str, str]:
        """Two or three cells moved one to the right, or one that repeats its left neighbour."""
        at, long = self.names.index(name), self.draw.choice((1, 2, 3))
        cells = self.names[at : at + long + 1]
        if len(cells) < 2:
            return {}
        moved = {b: self.clean[a][row] for a, b in zip(cells, cells[1:], strict=False)}
        return moved if long == 1 else {cells[0]: "", **moved}


def _is_determined(table: Table, name: str) -> bool:
    """Whether rows with the same value of some other column agree on this one, in 95 of 100."""
    return len(set(table[name])) > 1 and any(
        _agreement(texts, table[name]) >= 0.95 for other, texts in table.items() if other != name
    )


def _agreement(given: list[str], then: list[str]) -> float:
    """The share of the rows in groups of three and more that have their group's commonest value;
    nothing where fewer than half of the rows are in such groups.
    """
    groups: dict[str, list[str]] = {}
    for a, b in zip(given, then, strict=True):
        groups.setdefault(a, []).append(b)
    large = [Counter(group) for group in groups.values() if len(group) >= 3]
    rows = sum(group.total() for group in large)
    if len(large) < 2 or rows < len(given) / 2:
        return 0.0
    return sum(max(group.values()) for group in large) / rows
