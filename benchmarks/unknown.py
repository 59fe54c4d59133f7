"""Intents that a desk was never taught: seven of Banking77's 77 are held out of what it learns, and all of the published test rows are sent.

    SHARED=../shared/data       without it the lines are missed

What tells them apart is what a service's `abstain` reads: the probability of the answer.
"""

from __future__ import annotations

import csv
import os
import random
import tempfile
from pathlib import Path
from statistics import mean

import numpy as np

Line = tuple[str, float, str, bool]
HELD, DRAWS, LEFT = 7, (1, 2, 3), 0.1
FILE = """grammar: 1
ecosystem: banking
sources:
  train: {type: csv, path: train.csv}
  judged: {type: csv, path: test.csv}
datasets:
  mail:
    from: train
    fields: {text: {type: text, missing: quarantine}, category: {type: category, missing: quarantine}}
    split: {test: judged, validation: 0}
models:
  intent: {base: minilm, learns: mail, predict: category, inputs: [text], track: []}
services:
  desk: {serves: intent, abstain: 0.1}
"""


def rows_of(path: Path) -> list[tuple[str, str]]:
    """Texts and their intents."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(r["text"], r["category"]) for r in csv.DictReader(file)]


def written(path: Path, rows: list[tuple[str, str]]) -> None:
    """Write texts and their intents."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "category"), *rows])


def drawn(data: Path, seed: int) -> tuple[float, float, float, float]:
    """Of one draw: AUROC of unknown intents, accuracy on known ones, and the shares of unknown and of known ones left to a person."""
    from sklearn.metrics import roc_auc_score

    from mesocosm.build.wiring import net_of
    from mesocosm.ecosystem import open_ecosystem

    taught, judged = rows_of(data / "train.csv"), rows_of(data / "test.csv")
    unknown = set(random.Random(seed).sample(sorted({c for _, c in taught}), HELD))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        written(home / "train.csv", [r for r in taught if r[1] not in unknown])
        written(home / "test.csv", [r for r in judged if r[1] not in unknown])
        (home / "ecosystem.yaml").write_text(FILE)
        eco = open_ecosystem(home)
        assert not eco.build().failed
        net = net_of(eco.spec, eco.catalog.versions("intent")[-1])
        p = np.asarray(net.outputs({"text": [t for t, _ in judged]}, len(judged)))
    new = np.array([c in unknown for _, c in judged])
    sure, right = p.max(1), np.array([net.labels[k] == c for k, (_, c) in zip(p.argmax(1), judged, strict=True)])
    floor = np.quantile(sure[~new], LEFT)
    return float(roc_auc_score(new, -sure)), float(right[~new].mean()), float((sure[new] < floor).mean()), float((sure[~new] < floor).mean())


def unknown() -> list[Line]:
    """The lines of all draws."""
    data = Path(os.environ.get("SHARED", "../shared/data")) / "banking77"
    name = "support: AUROC of intents never taught (7 of 77)"
    if not data.is_dir():
        return [(name, float("nan"), ">= 0.90", False)]
    found = [drawn(data, seed) for seed in DRAWS]
    for seed, (area, accuracy, caught, lost) in zip(DRAWS, found, strict=True):
        print(f"  unknown intents, draw {seed}: AUROC {area:.3f}; of the known {accuracy:.3f} right; where {lost:.2f} of the known are left to a person, so are {caught:.2f} of the unknown")
    area = mean(f[0] for f in found)
    return [(name, area, ">= 0.90", area >= 0.90)]


if __name__ == "__main__":
    for line in unknown():
        print(f"{line[0]}  {line[1]:.4f}  {line[2]}  {'met' if line[3] else 'missed'}")
