"""Every command that the pages name in passing is run on the bank, with its words in the places of
those in capitals.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from conftest import ROOT

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.cli.app import GROUPS
from mesocosm.data.snapshots.delta_tables import read_table

pytestmark = pytest.mark.slow

WORDS = {
    "D": "credit",
    "MODEL": "risk",
    "SERVICE": "credit-desk",
    "S": "credit-desk",
    "MONITOR": "credit-watch",
    "ROLE": "analyst",
    "LABEL": "good",
    "FIELD": "email",
    "F": "email",
    "NAME": "credit-desk",
    "DIR": "new",
    "see|ask|change": "see",
    "K": "A-1",
    "W": "asked",
}
LONG = {
    "up",
    "build",
    "scenario",
    "drill",
    "picture",
    "draft",
    "init",
    "doctor",
    "retrain",
}  # each has its own tests
REFUSED = {  # what the bank has no case for, and what is then said
    "close ALERT --why REASON": "no open alert",
    "aggregate D": "budget",
    "aggregate D --mean age --low 0 --high 100 --epsilon 0.5": "budget",
    "reveal FIELD --dataset D --key K --why W": "encrypt",
    "reveal F": "--dataset",
    "diff D": "only one version",
    "rollback D --to 3": "version",
    "rollback SERVICE": "no previous version",
    "promote SERVICE": "no rollout",
    "labels MODEL --new": "no request",
    "labels MODEL --next": "no request",
}


def without_group(words: str) -> str:
    """A command without the group that it is in."""
    first, _, rest = words.partition(" ")
    return rest if first in GROUPS and rest else words


def named() -> list[str]:
    """The commands of the pages with something behind them, each once, in an order that leaves what
    the others need; `...` stands for anything.
    """
    pages = [
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs" / "how-to").glob("*.md"),
        *(ROOT / "docs" / "concepts").glob("*.md"),
        ROOT / "README.md",
    ]
    quoted = "`mesocosm (?:--lang zh )?([^`]+)`"
    found = {said for page in pages for said in re.findall(quoted, page.read_text())}
    whole = [
        s
        for s in found
        if "..." not in s
        and without_group(s).split()[0] not in LONG
        and (" " in without_group(s) or without_group(s) in ("check", "plan", "status", "report"))
    ]
    late = ("forget", "rotate")
    return sorted(whole, key=lambda s: (without_group(s).split()[0] in late, "--revoke" in s, s))


def test_the_commands_of_the_pages_run(bank: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    home = tmp_path / "bank"
    shutil.copytree(bank, home)
    eco = open_ecosystem(home)
    snapshot = eco.catalog.snapshot(dataset="credit")
    inputs = eco.spec.eco.models["risk"].features
    rows = [
        {n: r[n] for n in inputs}
        for r in read_table(
            home / ".mesocosm" / snapshot["path"] / "rows", snapshot["delta"]
        ).to_pylist()[:5]
    ]
    with (home / "in.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(inputs))
        writer.writeheader()
        writer.writerows(rows)
    read = (
        read_table(home / ".mesocosm" / snapshot["path"] / "rows", snapshot["delta"])
        .select(list(inputs))
        .slice(0, 5)
    )
    pq.write_table(read, home / "in.parquet")
    done = cli(
        "predict",
        "credit-desk",
        "--input",
        json.dumps(rows[0], default=str),
        "-f",
        str(home),
        "--json",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    words = WORDS | {name: json.loads(done.stdout)["id"] for name in ("ID", "PREDICTION")}
    wrong, ran = [], 0
    for said in named():
        parts = [words.get(part, part) for part in shlex.split(said)]
        done = cli(*parts, "-f", str(home), cwd=home)
        told = " ".join((done.stdout + done.stderr).split())
        ran += 1
        if "Traceback" in told or (
            done.returncode != 0
            and (without_group(said) not in REFUSED or REFUSED[without_group(said)] not in told)
        ):
            wrong.append(f"{said}: {done.returncode}: {told[-300:]}")
    assert ran >= 30 and not wrong, "\n".join(wrong)
