"""The data that benchmarks read: Banking77, the SemEval headlines and the bank's governed table.

    SHARED=FOLDER       holds banking77/, finance_headlines/ and cleaning/; ../shared/data where not
    given

At the smallest size (`SIZE=small`) rows of the scenes stand in for both sets of texts and a small
cut of minilm for minilm, so that every part runs whole from the repository alone.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from parts import SMALL

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SHARED", ROOT.parent / "shared" / "data"))
BANK = ROOT / "examples" / "bank"


def reading_base() -> tuple[str, Path]:
    """The base that reads, and the folder that its name is resolved in; at the smallest size a
    small cut of it.
    """
    if not SMALL:
        return "minilm", Path(".")
    sys.path.insert(0, str(ROOT / "tests"))
    from little_base import little_base

    return str(little_base()), Path("/")


BASE = reading_base()


def have(name: str) -> bool:
    """Whether a set of texts is at hand."""
    return SMALL or (DATA / name).is_dir()


def messages(part: str) -> tuple[list[str], list[str]]:
    """Texts and categories of Banking77's `train` or `test` rows."""
    if not SMALL:
        with (DATA / "banking77" / f"{part}.csv").open(encoding="utf-8") as handle:
            rows = [(r["text"], r["category"]) for r in csv.DictReader(handle)]
    else:
        with (ROOT / "examples/support/data/messages.csv").open(encoding="utf-8") as handle:
            rows = [(r["message"], r["intent"]) for r in csv.DictReader(handle)]
        random.Random(0).shuffle(rows)
        rows = [r for i, r in enumerate(rows) if (i % 4 == 0) == (part == "test")]
    return [text for text, _ in rows], [category for _, category in rows]


def headlines() -> list[dict[str, Any]]:
    """The SemEval headlines: `id`, `company`, `title` and `sentiment` from -1 to 1."""
    if not SMALL:
        rows = json.loads(
            (DATA / "finance_headlines" / "SemEval2017Task5Headlines.json").read_text(
                encoding="utf-8"
            )
        )
        return list(rows.values()) if isinstance(rows, dict) else list(rows)
    with (ROOT / "examples/newsroom/data/headlines.csv").open(encoding="utf-8") as handle:
        found = list(csv.DictReader(handle))[::8]
    return [
        {
            "id": i,
            "company": r["outlet"],
            "title": r["headline"],
            "sentiment": {"negative": -0.5, "positive": 0.5}.get(r["mood"], 0.0),
        }
        for i, r in enumerate(found)
    ]


def govern_bank(home: Path) -> Any:
    """The bank in a copy at `home` whose tables are governed and whose models are not trained; its
    ecosystem.
    """
    from mesocosm.api.ecosystem import open_ecosystem
    from mesocosm.lifecycle.apply import apply

    shutil.copytree(BANK, home, ignore=shutil.ignore_patterns(".mesocosm"))
    eco = open_ecosystem(home)
    wanted = [c for c in eco.plan() if c.address.startswith(("sources.", "datasets."))]
    if failed := apply(eco.spec, eco.catalog, wanted, lambda address, text: None).failed:
        raise SystemExit(f"the bank's tables could not be governed: {failed[0]}")
    return eco


def command(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `mesocosm` with some words; in a run of the tests by their fork server, which has
    imported already.
    """
    if "MESOCOSM_TEST_FORKS" in os.environ:
        sys.path.insert(0, str(ROOT / "tests"))
        from conftest import run

        return run(*words, **({"cwd": cwd} if cwd else {}))
    return subprocess.run(
        [sys.executable, "-m", "mesocosm", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )
