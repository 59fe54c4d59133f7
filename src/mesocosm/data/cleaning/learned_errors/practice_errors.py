"""Errors put into a copy of a table, so that a model can practise on cells whose right value is
known.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from mesocosm.data.cleaning.learned_errors.text_edits import UNIT_FACTORS, Edit
from mesocosm.data.cleaning.learned_errors.text_table import NUMBER, TextTable, to_number

DATE = re.compile(r"(\d{4})\D?(\d\d)\D?(\d\d)|(\d\d?)\D(\d\d?)\D(\d{4})")
WORDS = ("", "", "", "n/a", "null", "-", "none", "unknown", "?")
Place = tuple[int, str]  # a row and a column


class Practice:
    """A copy of a table with wrong cells.

    Args:
        edits: how a person corrected cells of each column; done backwards they make errors alike.
    """

    def __init__(
        self, table: TextTable, seed: int, edits: dict[str, list[Edit]] | None = None
    ) -> None:
        self.table, self.draw, self.edits = table, random.Random(seed), edits or {}
        self.cells = {n: [c.values[k] for k in c.codes] for n, c in table.columns.items()}
        self.right: dict[Place, str] = {}
        self.factors = {n: self.draw.choice(UNIT_FACTORS) for n in self.cells}
        self.letters = {n: _letters(c.values) for n, c in table.columns.items()}

    def fill(self, share: float) -> None:
        """Make a share of the cells wrong."""
        names, rows = self.table.names, self.table.rows
        wanted = max(8, round(share * rows * len(names)))
        for _ in range(wanted * 5):
            if len(self.right) >= wanted:
                return
            self._spoil(self.draw.randrange(rows), self.draw.choice(names))

    def _spoil(self, row: int, name: str) -> None:
        text = self.table.text(row, name)
        numeric = self.table.columns[name].is_numeric
        ways = [self._drop, self._write_otherwise, self._replace, self._take_beside, self._shift]
        ways += [self._rescale, self._throw] if numeric else [self._mistype, self._mistype]
        new = self.draw.choice(ways)(row, name, text)
        if any(place in self.right for place in new):
            return
        if all(self.table.text(*place) != made for place, made in new.items()):
            for (at, column), made in new.items():
                self.right[at, column] = self.table.text(at, column)
                self.cells[column][at] = made

    def _drop(self, row: int, name: str, text: str) -> dict[Place, str]:
        if self.table.columns[name].gaps[self.table.columns[name].places[text]]:
            return {}
        return {(row, name): self.draw.choice(WORDS)}

    def _mistype(self, row: int, name: str, text: str) -> dict[Place, str]:
        if len(text) < 2:
            return {}
        draw, letter = self.draw, self.draw.choice(self.letters[name])
        if draw.random() < 0.3:
            letter = draw.choice("abcdefghijklmnopqrstuvwxyz")
        at = draw.randrange(len(text))
        way = draw.randrange(4)
        new = text[:at] + letter + text[at + (way == 0) :]
        if way == 1:
            new = text[:at] + text[at + 1 :]
        if way == 2 and at + 1 < len(text):
            new = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        return {(row, name): new}

    def _write_otherwise(self, row: int, name: str, text: str) -> dict[Place, str]:
        draw = self.draw
        learnt = [edit.back(text) for edit in self.edits.get(name, [])]
        made = [text for text in learnt if text]
        if made and draw.random() < 0.7:
            return {(row, name): draw.choice(made)}
        date = DATE.fullmatch(text)
        if date:
            parts = [part for part in date.groups() if part]
            draw.shuffle(parts)
            return {(row, name): draw.choice(("/", ".", "-", "", " ")).join(parts)}
        if NUMBER.fullmatch(text):
            unit = "".join(draw.choices("abcdefghiklmnoprst", k=draw.randint(1, 5)))
            return {(row, name): draw.choice(_number_ways(text, unit))}
        sign = draw.choice("_.-*;'\"#")
        ways = (
            text.upper(),
            text.lower(),
            text.title(),
            text.replace(" ", sign),
            text + sign,
            f"{sign}{text}{sign}",
            f" {text}",
        )
        return {(row, name): draw.choice(ways)}

    def _replace(self, row: int, name: str, text: str) -> dict[Place, str]:
        other = self.draw.randrange(self.table.rows)
        return {(row, name): self.table.text(other, name)}

    def _take_beside(self, row: int, name: str, text: str) -> dict[Place, str]:
        other = self.draw.choice(self.table.names)
        if other == name:
            return {}
        taken = {(row, name): self.table.text(row, other)}
        return taken | ({(row, other): text} if self.draw.random() < 0.6 else {})

    def _shift(self, row: int, name: str, text: str) -> dict[Place, str]:
        names = self.table.names
        at = names.index(name)
        cells = names[at : at + self.draw.randint(2, 5)]
        if len(cells) < 2:
            return {}
        pairs = zip(cells, cells[1:], strict=False)
        moved = {(row, b): self.table.text(row, a) for a, b in pairs}
        return moved | ({(row, name): ""} if self.draw.random() < 0.6 else {})

    def _rescale(self, row: int, name: str, text: str) -> dict[Place, str]:
        number = to_number(text)
        if number != number:
            return {}
        draw = self.draw
        factor = self.factors[name] if draw.random() < 0.8 else draw.choice(UNIT_FACTORS)
        digits = len(text.partition(".")[2])
        return {(row, name): f"{number * factor:.{max(digits, draw.choice((0, 2)))}f}"}

    def _throw(self, row: int, name: str, text: str) -> dict[Place, str]:
        column = self.table.columns[name]
        if to_number(text) != to_number(text):
            return {}
        numbers = sorted(n for n in column.numbers if n == n)
        wide = (numbers[int(0.9 * len(numbers))] - numbers[int(0.1 * len(numbers))]) or 1.0
        far = wide * self.draw.uniform(1, 12) * self.draw.choice((-1, 1))
        return {(row, name): f"{to_number(text) + far:.{len(text.partition('.')[2])}f}"}


def _letters(values: Sequence[str]) -> str:
    return "".join(sorted({c for v in values for c in v if c.isalnum()})) or "a"


def _number_ways(text: str, unit: str) -> tuple[str, ...]:
    return (
        f"{text} {unit}",
        f"{text}{unit}",
        text.replace(".", ","),
        f"${text}",
        f"{unit} {text}",
        f"{float(text):,.2f}",
    )
