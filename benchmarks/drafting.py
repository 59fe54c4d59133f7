"""The architect on tables that it has not seen: does the draft build at once, and how good is its model? Called by `scenes.py`."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Line = tuple[str, float, str, bool]
ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("SHARED", ROOT.parent / "shared" / "data"))
Table = tuple[list[str], Sequence[Sequence[Any]]]


def tables() -> dict[str, tuple[str, str, Table]]:
    """Twelve tables by name: the goal in words, the field that it means, and the rows."""
    from sklearn import datasets

    def of(loaded: Any, target: str) -> Table:
        names = [str(n) for n in loaded.feature_names]
        labels = [str(loaded.target_names[int(t)]) for t in loaded.target] if hasattr(loaded, "target_names") else loaded.target.tolist()
        return [*names, target], [[*row, label] for row, label in zip(loaded.data.tolist(), labels, strict=True)]

    def made(x: Any, y: Any, target: str) -> Table:
        return [*(f"m{i}" for i in range(x.shape[1])), target], [[*row, value] for row, value in zip(x.round(4).tolist(), y.tolist(), strict=True)]

    found = {
        "iris": ("tell the species of an iris", "species", of(datasets.load_iris(), "species")),
        "wine": ("which cultivar is a wine", "cultivar", of(datasets.load_wine(), "cultivar")),
        "tumours": ("predict whether a tumour is malignant", "diagnosis", of(datasets.load_breast_cancer(), "diagnosis")),
        "diabetes": ("how much will the disease progress in a year", "progression", of(datasets.load_diabetes(scaled=False), "progression")),
        "rare": ("predict the rare fault", "fault", made(*datasets.make_classification(2000, 12, n_informative=6, weights=[0.95], random_state=1), "fault")),
        "friedman": ("estimate the yield", "yield", made(*datasets.make_friedman1(800, noise=1.0, random_state=2), "yield")),
        "blobs": ("预测类别", "类别", made(*datasets.make_blobs(600, 5, centers=4, cluster_std=4.0, random_state=3), "类别")),
    }  # fmt: skip
    for name, path, goal, target in (
        ("heart", ROOT / "examples/hospital/data/cleveland.csv", "predict which patients have heart disease", "disease"),
        ("headlines", ROOT / "examples/newsroom/data/headlines.csv", "判断标题的情绪", "mood"),
        ("tickets", ROOT / "examples/support/data/messages.csv", "name the intent of a message", "intent"),
        ("credit", SHARED / "german_credit.csv", "predict which applicants are a bad credit risk", "creditability"),
    ):
        if path.is_file():
            with path.open(encoding="utf-8") as file:
                rows = list(csv.reader(file))
            found[name] = (goal, target, (rows[0], rows[1:]))
    wire = SHARED / "finance_headlines" / "SemEval2017Task5Headlines.json"
    if wire.is_file():
        items = json.loads(wire.read_text(encoding="utf-8"))
        found["wire"] = ("estimate the sentiment of a headline", "sentiment", (["id", "company", "title", "sentiment"], [[i["id"], i["company"], i["title"], i["sentiment"]] for i in items]))
    return found


def drafting() -> list[Line]:
    """Draft and build each."""
    from mesocosm.ecosystem import open_ecosystem

    done = right = 0
    every = tables()
    for name, (goal, target, (head, rows)) in every.items():
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            with (home / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
                csv.writer(out, lineterminator="\n").writerows([head, *rows])
            began = time.time()
            words = [[sys.executable, "-m", "mesocosm", "draft", f"{name}.csv", "--goal", goal, "-o", "ecosystem.yaml"], [sys.executable, "-m", "mesocosm", "build"]]
            failed = next((r for w in words if (r := subprocess.run(w, cwd=home, capture_output=True, text=True, check=False)).returncode), None)
            took = time.time() - began
            if failed:
                print(f"    {name:<10} failed: {(failed.stdout + failed.stderr).strip().splitlines()[-2:]}")
                continue
            version = open_ecosystem(home).catalog.versions(f"{name}-model")[-1]
            m = version["metrics"]
            said = {k: round(m[k], 3) for k in ("accuracy", "macro_f1", "auc", "r2") if k in m}
            done += version["state"] == "champion"
            right += version["recipe"]["predict"] == target
            print(f"    {name:<10} {took:5.1f} s  predicts {version['recipe']['predict']:<14} {said}, {version['state']}")
    least = len(every) - 1
    return [(f"architect: drafts of {len(every)} that build and serve at once", float(done), f">= {least}", done >= least), ("architect: goals whose field was found", float(right), f">= {least}", right >= least)]


if __name__ == "__main__":
    for line in drafting():
        print(f"{line[0]}  {line[1]:.4f}  {line[2]}  {'met' if line[3] else 'missed'}")
