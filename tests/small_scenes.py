"""The Chinese scenes with a part of their rows, for tests that build them."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from conftest import ROOT

INTENTS = {"查物流", "退货", "开发票", "改密码"}
TOPICS = 8  # answers of the table
Row = dict[str, str]


def read_rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def keep_rows(path: Path, keep: Callable[[int, Row], bool]) -> None:
    """Write a table again with some of its rows."""
    rows = read_rows(path)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(row for number, row in enumerate(rows) if keep(number, row))


def copy_scene(scene: str, home: Path) -> Path:
    shutil.copytree(
        ROOT / "examples" / scene, home, ignore=shutil.ignore_patterns(".mesocosm", "__pycache__")
    )
    return home


def small_support(home: Path) -> Path:
    """The help desk with four intents and eight answers."""
    data = copy_scene("support-zh", home) / "data"
    for name in ("messages", "two-languages", "messages-test"):
        keep_rows(data / f"{name}.csv", lambda _, row: row["intent"] in INTENTS)
    topics = list(dict.fromkeys(row["topic"] for row in read_rows(data / "answers.csv")))[:TOPICS]
    keep_rows(data / "answers.csv", lambda _, row: row["topic"] in topics)
    keep_rows(data / "tickets.csv", lambda number, _: number < 40)
    _edit(home, r"min: 1000", "min: 10")
    return home


def small_newsroom(home: Path) -> Path:
    """The newsroom with a third of its wordings, and one model."""
    data = copy_scene("newsroom-zh", home) / "data"
    keep_rows(data / "headlines.csv", lambda _, row: int(row["wording"][-2:]) % 3 == 0)
    _edit(home, r"min: 900", "min: 10")
    return home


def _edit(home: Path, pattern: str, by: str) -> None:
    file = home / "ecosystem.yaml"
    text, count = re.subn(pattern, by, file.read_text(encoding="utf-8"))
    assert count, pattern
    file.write_text(text, encoding="utf-8")
