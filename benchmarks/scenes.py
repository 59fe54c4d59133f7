"""The scenes' figures, each beside what it is held to: `make bench-scenes`.

The heart table is read from the hospital's own files.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from banking import banking
from data import ROOT, have
from drafting import drafting
from parts import SMALL, Line, Parts, run_parts, size, some
from ranking import ranking
from surging import surges
from transfer import headlines
from unknown import unknown

from mesocosm.learning.features import tabular
from mesocosm.learning.heads.kernel import log_loss
from mesocosm.learning.heads.linear import Linear
from mesocosm.learning.strategies.domain_adaptation import Taught, adapted
from mesocosm.learning.strategies.federated import Federated, federated_head

NUMBERS = ("age", "blood_pressure", "cholesterol", "heart_rate", "st_depression", "vessels")
CLASSES = ("sex", "chest_pain", "fasting_sugar", "ecg", "exercise_angina", "st_slope", "thallium")
SITES = ("cleveland", "hungary", "switzerland", "long_beach")


def hearts() -> tuple[dict[str, str], dict[str, Any]]:
    """Each column's kind, and each hospital's columns and diseases."""
    kinds = dict.fromkeys(NUMBERS, "number") | dict.fromkeys(CLASSES, "category")

    def value(row: dict[str, str], name: str) -> Any:
        said = row[name].strip()
        if not said or (name in ("cholesterol", "blood_pressure") and float(said) == 0):
            return None
        return float(said) if name in NUMBERS else said

    tables = {}
    for site in SITES:
        with (ROOT / "examples" / "hospital" / "data" / f"{site}.csv").open(
            encoding="utf-8"
        ) as file:
            rows = list(csv.DictReader(file))
        tables[site] = (
            {n: [value(r, n) for r in rows] for n in kinds},
            np.array([r["disease"] == "yes" for r in rows]).astype(int),
        )
    return kinds, tables


def federated() -> list[Line]:
    """All four hospitals: one model of the pooled rows, one that they learn together while rows
    stay, and one of each alone; mean over hospitals of the AUC on a held-out third.
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedShuffleSplit

    warnings.simplefilter("ignore")
    kinds, tables = hearts()
    found: dict[str, list[float]] = {"pooled": [], "federated": [], "alone": []}
    for seed in range(size(6, 1)):
        parts = {
            s: next(StratifiedShuffleSplit(1, test_size=0.3, random_state=seed).split(y, y))
            for s, (_, y) in tables.items()
        }
        facts = tabular.fit(
            {n: [tables[s][0][n][i] for s in SITES for i in parts[s][0]] for n in kinds}, kinds
        )
        x = {s: tabular.build(t, facts, len(y)) for s, (t, y) in tables.items()}
        rows, y = (
            np.vstack([x[s][parts[s][0]] for s in SITES]),
            np.concatenate([tables[s][1][parts[s][0]] for s in SITES]),
        )
        sites = np.repeat(range(len(SITES)), [len(parts[s][0]) for s in SITES])
        none = np.zeros((len(y), 0), np.float32)
        heads: dict[str, Any] = {
            "pooled": Linear().fit(none, rows, y, 2, seed),
            "federated": federated_head(Federated(), sites, none, rows, y, 2, seed, lambda _: None),
        }
        for i, site in enumerate(SITES):
            heads["alone"] = Linear().fit(
                none[sites == i], rows[sites == i], y[sites == i], 2, seed
            )
            test, right = x[site][parts[site][1]], tables[site][1][parts[site][1]]
            for name, head in heads.items():
                said = head.logits(np.zeros((len(test), 0), np.float32), test)
                found[name].append(float(roc_auc_score(right, said[:, 1] - said[:, 0])))
    mean = {k: float(np.mean(v)) for k, v in found.items()}
    print(
        "  four hospitals learn together: mean AUC "
        + ", ".join(f"{k} {v:.4f}" for k, v in mean.items())
    )
    return [
        (
            "hospital, federated: mean AUC beside pooled rows",
            mean["federated"] - mean["pooled"],
            ">= -0.005",
            mean["federated"] >= mean["pooled"] - 0.005,
        ),
        (
            "hospital, federated: mean AUC over each alone",
            mean["federated"] - mean["alone"],
            "> 0",
            mean["federated"] > mean["alone"],
        ),
    ]


def hospital() -> list[Line]:
    """Each hospital in turn as the newcomer: the general model of the three others, a local one,
    and the adapted one, with 30 rows and with four fifths.
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

    warnings.simplefilter("ignore")
    kinds, tables = hearts()
    lines: list[Line] = []
    for few in some((30, None), 30):
        print(
            f"  {few or 'four fifths of the'} rows a hospital; AUC, accuracy and log-loss on the"
            f" rest, mean of {12 if few else 20} draws"
        )
        means: dict[str, list[Any]] = {k: [] for k in ("general", "local", "adapted")}
        for site in SITES:
            others = [tables[s] for s in SITES if s != site]
            pooled = {n: [v for t, _ in others for v in t[n]] for n in kinds}
            y_pooled = np.concatenate([y for _, y in others])
            facts = tabular.fit(pooled, kinds)
            none = np.zeros((len(y_pooled), 0), np.float32)
            head = Linear().fit(none, tabular.build(pooled, facts, len(y_pooled)), y_pooled, 2, 0)
            general = Taught("general", ["no", "yes"], facts, head.weights, head.bias)
            table, y = tables[site]
            x, found = tabular.build(table, facts, len(y)), {k: [] for k in means}  # type: ignore[var-annotated]
            taken = Counter[str]()
            for seed in range(size(4, 1)):
                draws = (
                    StratifiedShuffleSplit(size(3, 1), train_size=few, random_state=seed)
                    if few
                    else StratifiedKFold(5, shuffle=True, random_state=seed)
                )
                for train, test in draws.split(x, y):
                    e, t = (
                        np.zeros((len(train), 0), np.float32),
                        np.zeros((len(test), 0), np.float32),
                    )
                    own_facts = tabular.fit(
                        {n: [v[i] for i in train] for n, v in table.items()}, kinds
                    )
                    own_x = tabular.build(table, own_facts, len(y))
                    moved, own = (
                        adapted(general, e, x[train], y[train], 2, seed, lambda _: None),
                        Linear().fit(e, own_x[train], y[train], 2, seed),
                    )
                    taken[moved.name] += 1
                    for name, said in (
                        ("general", x[test] @ head.weights + head.bias),
                        ("local", own.logits(t, own_x[test])),
                        ("adapted", moved.logits(t, x[test])),
                    ):
                        found[name].append(
                            (
                                roc_auc_score(y[test], said[:, 1] - said[:, 0]),
                                np.mean(said.argmax(1) == y[test]),
                                log_loss(said, y[test]),
                            )
                        )
            told = {k: np.mean(v, 0) for k, v in found.items()}
            print(
                f"    {site:<12}"
                + "  ".join(f"{k} {v[0]:.3f} {v[1]:.3f} {v[2]:.3f}" for k, v in told.items())
                + f"  took {dict(taken.most_common(3))}"
            )
            for k, v in told.items():
                means[k].append(v)
        mean = {k: np.mean(v, 0) for k, v in means.items()}
        print(
            "    all         "
            + "  ".join(f"{k} {v[0]:.3f} {v[1]:.3f} {v[2]:.3f}" for k, v in mean.items())
        )
        named = f"hospital, {few or 'four fifths of the'} rows"
        best = max(mean["general"][0], mean["local"][0])
        lines.append(
            (
                f"{named}: mean AUC over the better of general and local",
                float(mean["adapted"][0] - best),
                "> 0",
                bool(mean["adapted"][0] > best),
            )
        )
        least = min(mean["general"][2], mean["local"][2])
        lines.append(
            (
                f"{named}: log-loss under the better of both",
                float(least - mean["adapted"][2]),
                "> 0",
                bool(mean["adapted"][2] < least),
            )
        )
        if not few:
            short = min(
                float(a[0] - max(g[0], w[0]))
                for g, w, a in zip(means["general"], means["local"], means["adapted"], strict=True)
            )
            lines.append(
                (
                    f"{named}: worst hospital's AUC beside the better of both",
                    short,
                    ">= -0.01",
                    short >= -0.01,
                )
            )
    return lines


def write_scene(scene: str, home: Path) -> None:
    """Write a scene's files; at the smallest size those of the tests' small project."""
    if not SMALL:
        words = [sys.executable, "-m", "mesocosm", "init", str(home), "--template", scene]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        return
    sys.path.insert(0, str(ROOT / "tests"))
    import conftest

    home.mkdir()
    (home / "ecosystem.yaml").write_text(conftest.SMALL)
    (home / "notes.csv").write_text(conftest.small_rows())


def ready() -> list[Line]:
    """Seconds until each scene serves, from nothing but its files."""
    lines: list[Line] = []
    for scene in some(
        ("bank", "hospital", "support", "newsroom", "shop"), "the tests' small project"
    ):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            write_scene(scene, home)
            began = time.time()
            up = subprocess.Popen(
                [sys.executable, "-m", "mesocosm", "up", str(home), "--port", "0"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(os.environ, **({} if SMALL else {"MESOCOSM_CACHE": f"{folder}/cache"})),
            )
            took = 600.0
            while time.time() - began < 600 and up.poll() is None:
                try:
                    import json

                    url = json.loads((home / ".mesocosm" / "server.json").read_text())["url"]
                    if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                        took = time.time() - began
                        break
                except (OSError, ValueError, httpx.HTTPError):
                    pass
                time.sleep(0.2)
            up.terminate()
            up.wait()
        print(f"  {scene}: ready after {took:.0f} s")
        lines.append((f"{scene}: seconds until it serves", took, "<= 180", took <= 180))
    return lines


def shared() -> list[Line]:
    """The desk's figure on Banking77 and the newsroom's on the SemEval headlines, whose texts are
    read where they lie and never shipped.
    """
    lines: list[Line] = []
    if have("banking77"):
        accuracy, took = banking()
        print(
            f"  Banking77: accuracy {accuracy:.4f} on the published test split, built in"
            f" {took:.0f} s"
        )
        lines.append(("support: Banking77 accuracy", accuracy, ">= 0.93", accuracy >= 0.93))
    else:
        lines.append(("support: Banking77 accuracy", float("nan"), ">= 0.93", False))
    if have("finance_headlines"):
        return [*lines, *headlines()]
    return [*lines, ("headlines macro F1 minus TF-IDF", float("nan"), ">= 0.05", False)]


PARTS: Parts = {
    "hospital": hospital,
    "federated": federated,
    "surges": surges,
    "drafting": drafting,
    "unknown": unknown,
    "shared": shared,
    "ranking": ranking,
    "ready": ready,
}

if __name__ == "__main__":
    sys.exit(run_parts(PARTS))
