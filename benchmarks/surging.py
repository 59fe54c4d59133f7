"""Surges of one answer: false alarms in quiet items, and items until a surge of one topic is told.
Called by `scenes.py`.

    SHARED=../shared/data       without it the line of real headlines is missed

Streams of five topics: labels that are always right; answers that are right 85 times in 100, as
sure as they should be; and the answers of a model of the SemEval headlines to headlines that it
never saw, drawn again and again.
"""

from __future__ import annotations

import csv
import math
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data import have
from data import headlines as wire
from parts import size

from mesocosm.monitoring.surge.detector import SurgeDetector
from mesocosm.monitoring.surge.evidence import HELD_LABEL
from mesocosm.monitoring.surge.settings import Surge

Line = tuple[str, float, str, bool]
QUIET = size(20_000, 500)  # items of a stream in which nothing rises
Said = Callable[
    [random.Random, float], dict[str, Any]
]  # an item where so many are truly of the label
FILE = """grammar: 2
ecosystem: wire
sources: {wire: {type: csv, path: wire.csv}}
datasets:
  mail:
    from: wire
    fields: {text: {type: text, missing: quarantine}, mood: {type: category}}
    split: {test: 0.5, validation: 0}
models:
  mood: {base: minilm, dataset: mail, target: mood, features: [text], fine_tune: {method: full, epochs: EPOCHS}}
services:
  desk: {model: mood}
"""


def plain(draw: random.Random, share: float) -> dict[str, Any]:
    """Labels at their word."""
    return {
        "label": "negative" if draw.random() < share else "other",
        "topic": str(draw.randrange(5)),
    }


def erring(usual: float, right: float = 0.85) -> Said:
    """Answers that are right so often, and as sure of it as they should be."""
    apart = 2 * statistics.NormalDist().inv_cdf(right)

    def said(draw: random.Random, share: float) -> dict[str, Any]:
        true = draw.random() < share
        at = draw.gauss(apart / 2 if true else -apart / 2, 1)
        sure = 1 / (1 + (1 - usual) / usual * math.exp(-apart * at))
        return {
            "label": "negative" if sure > 0.5 else "other",
            "sure": sure,
            HELD_LABEL: "negative" if true else "other",
            "topic": str(draw.randrange(5)),
        }

    return said


def items(said: Said, usual: float) -> tuple[Said, Callable[[random.Random], list[dict[str, Any]]]]:
    """A stream, and 300 held-out rows of it."""
    return said, lambda draw: [said(draw, usual) for _ in range(300)]


def headlines(usual: float) -> tuple[Said, Callable[[random.Random], list[dict[str, Any]]]]:
    """The same of real headlines: a model learns half of them; of the other half one half is what
    was held out, the other the stream.
    """
    from mesocosm.api.ecosystem import open_ecosystem
    from mesocosm.lifecycle.access.data_access import read_columns
    from mesocosm.lifecycle.access.model_access import load_version

    rows = wire()
    with tempfile.TemporaryDirectory() as home:
        with (Path(home) / "wire.csv").open("w", encoding="utf-8", newline="") as file:
            of = [(str(r["title"]), float(r["sentiment"])) for r in rows]
            csv.writer(file).writerows(
                [
                    ("text", "mood"),
                    *(
                        (t, "negative" if s < -0.1 else "positive" if s > 0.1 else "neutral")
                        for t, s in of
                    ),
                ]
            )
        (Path(home) / "ecosystem.yaml").write_text(FILE.replace("EPOCHS", str(size(3, 1))))
        eco = open_ecosystem(Path(home))
        assert not eco.build().failed
        columns, split = read_columns(
            eco.spec, eco.catalog.snapshot(dataset="mail"), ["text", "mood"]
        )
        held = [
            {"text": columns["text"][i], HELD_LABEL: columns["mood"][i]}
            for i, s in enumerate(split)
            if s == "test"
        ]
        said = load_version(eco.spec, eco.catalog.versions("mood")[-1]).predict(
            [{"text": r["text"]} for r in held]
        )
    surge = Surge(label="negative")
    answers = [
        {"label": one["label"], "sure": surge.read_probability(one), HELD_LABEL: r[HELD_LABEL]}
        for one, r in zip(said, held, strict=True)
    ]
    right = statistics.mean(a["label"] == a[HELD_LABEL] for a in answers)
    random.Random(1).shuffle(answers)
    before, later = answers[::2], answers[1::2]
    parts = [[a for a in later if (a[HELD_LABEL] == "negative") == true] for true in (False, True)]
    print(f"  headlines: {len(answers)} held out, {right:.3f} of the answers right")

    def item(draw: random.Random, share: float) -> dict[str, Any]:
        return draw.choice(parts[draw.random() < share]) | {"topic": str(draw.randrange(5))}

    def start(draw: random.Random) -> list[dict[str, Any]]:
        other = [a for a in before if a[HELD_LABEL] != "negative"]
        bad = draw.sample(
            [a for a in before if a[HELD_LABEL] == "negative"],
            round(len(other) * usual / (1 - usual)),
        )
        return [a | {"topic": str(draw.randrange(5))} for a in [*other, *bad]]

    return item, start


def told(
    name: str,
    said: Said,
    start: Callable[[random.Random], list[dict[str, Any]]],
    usual: float,
    risen: float,
) -> list[Line]:
    """The lines of one stream."""
    setting, false, took = Surge(label="negative", by="topic"), 0, []
    for seed in range(size(10, 1)):
        draw = random.Random(seed)
        sums = SurgeDetector(setting, start(draw))
        false += sum(
            "over" not in (sums.see(said(draw, usual)) or {"over": True}) for _ in range(QUIET)
        )
    for seed in range(size(200, 5)):
        draw = random.Random(1000 + seed)
        sums = SurgeDetector(setting, start(draw))
        for _ in range(size(1000, 100)):
            sums.see(said(draw, usual))
        took.append(
            next((n for n in range(1, 1000) if sums.see(said(draw, risen) | {"topic": "1"})), 1000)
        )
    took.sort()
    false = false * 20_000 // QUIET
    print(
        f"  surge, {name}: {false / 20:.2f} false alarms in 10,000 quiet items; told after"
        f" {statistics.median(took):.0f} items at the median, 95 % by"
        f" {took[int(0.945 * len(took))]}"
    )
    return [
        (f"surge, {name}: false alarms in 10,000 items", false / 20, "<= 1", false / 20 <= 1),
        (
            f"surge, {name}: items until told, median",
            float(statistics.median(took)),
            "<= 50",
            statistics.median(took) <= 50,
        ),
    ]


def surges() -> list[Line]:
    """The lines of all streams."""
    lines = [
        *told("three times the share", *items(plain, 0.15), 0.15, 0.45),
        *told("three times the share, 85 % told rightly", *items(erring(0.15), 0.15), 0.15, 0.45),
        *told("from 41 % to 75 %, 85 % told rightly", *items(erring(0.41), 0.41), 0.41, 0.75),
    ]
    name = "three times the share of negative headlines"
    return (
        [*lines, *told(name, *headlines(0.15), 0.15, 0.45)]
        if have("finance_headlines")
        else [*lines, (f"surge, {name}: items until told, median", float("nan"), "<= 50", False)]
    )


if __name__ == "__main__":
    lines = surges()
    for line in lines:
        print(f"{line[0]}  {line[1]:.4f}  {line[2]}  {'met' if line[3] else 'missed'}")
    sys.exit(0 if all(line[3] for line in lines) else 1)
