"""The architect on tables that it has not seen: does the draft build at once, and how good is its
model? Called by `scenes.py`.
"""

from __future__ import annotations

import csv
import json
import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data import DATA, ROOT, command
from parts import SMALL, some

Line = tuple[str, float, str, bool]
Table = tuple[list[str], Sequence[Sequence[Any]]]


def tables() -> dict[str, tuple[str, str, Table]]:
    """Twelve tables by name: the goal in words, the field that it means, and the rows."""
    from sklearn import datasets

    def of(loaded: Any, target: str) -> Table:
        names = [str(n) for n in loaded.feature_names]
        labels = (
            [str(loaded.target_names[int(t)]) for t in loaded.target]
            if hasattr(loaded, "target_names")
            else loaded.target.tolist()
        )
        return [*names, target], [
            [*row, label] for row, label in zip(loaded.data.tolist(), labels, strict=True)
        ]

    def made(x: Any, y: Any, target: str) -> Table:
        return [*(f"m{i}" for i in range(x.shape[1])), target], [
            [*row, value] for row, value in zip(x.round(4).tolist(), y.tolist(), strict=True)
        ]

    found = {
        "iris": ("tell the species of an iris", "species", of(datasets.load_iris(), "species")),
        "wine": ("which cultivar is a wine", "cultivar", of(datasets.load_wine(), "cultivar")),
        "tumours": (
            "predict whether a tumour is malignant",
            "diagnosis",
            of(datasets.load_breast_cancer(), "diagnosis"),
        ),
        "diabetes": (
            "how much will the disease progress in a year",
            "progression",
            of(datasets.load_diabetes(scaled=False), "progression"),
        ),
        "rare": (
            "predict the rare fault",
            "fault",
            made(
                *datasets.make_classification(
                    2000, 12, n_informative=6, weights=[0.95], random_state=1
                ),
                "fault",
            ),
        ),
        "friedman": (
            "estimate the yield",
            "yield",
            made(*datasets.make_friedman1(800, noise=1.0, random_state=2), "yield"),
        ),
        "blobs": (
            "预测类别",
            "类别",
            made(*datasets.make_blobs(600, 5, centers=4, cluster_std=4.0, random_state=3), "类别"),
        ),
    }
    if SMALL:
        return {"iris": found["iris"]}
    for name, path, goal, target in (
        (
            "heart",
            ROOT / "examples/hospital/data/cleveland.csv",
            "predict which patients have heart disease",
            "disease",
        ),
        ("headlines", ROOT / "examples/newsroom/data/headlines.csv", "判断标题的情绪", "mood"),
        (
            "tickets",
            ROOT / "examples/support/data/messages.csv",
            "name the intent of a message",
            "intent",
        ),
        (
            "credit",
            DATA / "german_credit.csv",
            "predict which applicants are a bad credit risk",
            "creditability",
        ),
    ):
        if path.is_file():
            with path.open(encoding="utf-8") as file:
                rows = list(csv.reader(file))
            found[name] = (goal, target, (rows[0], rows[1:]))
    wire = DATA / "finance_headlines" / "SemEval2017Task5Headlines.json"
    if wire.is_file():
        items = json.loads(wire.read_text(encoding="utf-8"))
        found["wire"] = (
            "estimate the sentiment of a headline",
            "sentiment",
            (
                ["id", "company", "title", "sentiment"],
                [[i["id"], i["company"], i["title"], i["sentiment"]] for i in items],
            ),
        )
    return found


TABLE = [
    {"fine_tune": {"method": "frozen", "head": h}}
    for h in some(("linear", "boost", "kernel", "mlp"), "linear")
] + some([{"fusion": "attention"}])
TEXT = [{"fine_tune": {"method": "frozen", "head": h}} for h in ("linear", "kernel")] + [
    {"fine_tune": {"method": "full", "epochs": 4}}
]
FIRST = (
    "auc",
    "macro_f1",
    "r2",
)  # what a model is judged by here, the first that it has; two classes by AUC


def by_hand(home: Path, name: str, target: str) -> dict[str, float]:
    """What models written by hand reach on the draft's own rows and split: one of each head, and a
    tuned base where there are texts. The best of them on the test rows is taken, which favours
    them.
    """
    import yaml

    from mesocosm.api.ecosystem import open_ecosystem

    draft = yaml.safe_load((home / "ecosystem.yaml").read_text(encoding="utf-8"))
    ((data, settings),) = draft["datasets"].items()
    kinds = {
        f: s if isinstance(s, str) else s.get("type", "text") for f, s in settings["fields"].items()
    }
    settings = {
        **settings,
        "fields": {
            f: {k: v for k, v in s.items() if k != "private"} if isinstance(s, dict) else s
            for f, s in settings["fields"].items()
        },
    }
    inputs = [f for f in kinds if f not in (target, settings.get("key"), "id", "rowid")]
    done = re.findall(
        r"'([^'\n]+)' is left out: it tells", (home / "ecosystem.yaml").read_text(encoding="utf-8")
    )
    inputs = [f for f in inputs if f not in done]  # what tells the answer by itself no build takes
    texts = any(kinds[f] == "text" for f in inputs)
    models = {
        f"hand{k}": {
            "dataset": data,
            "target": target,
            "features": inputs,
            "track": [],
            **({"base": "minilm"} if texts else {}),
            **more,
        }
        for k, more in enumerate(TEXT if texts else TABLE)
    }
    folder = home / "by-hand"
    folder.mkdir()
    (folder / f"{name}.csv").write_bytes((home / f"{name}.csv").read_bytes())
    (folder / "ecosystem.yaml").write_text(
        json.dumps(
            {k: draft[k] for k in ("grammar", "ecosystem", "sources")}
            | {"datasets": {data: settings}, "models": models},
            ensure_ascii=False,
        ),
        encoding="utf-8",
    )
    eco = open_ecosystem(folder)
    eco.build()
    return {
        _called(models[m]): figure(v[-1]["metrics"])
        for m in models
        if (v := eco.catalog.versions(m))
    }


def _called(model: dict[str, Any]) -> str:
    return (
        str(model["fusion"])
        if "fusion" in model
        else str(model["fine_tune"].get("head", model["fine_tune"]["method"]))
    )


def figure(metrics: dict[str, Any]) -> float:
    """The figure a model is judged by."""
    return float(next(metrics[k] for k in FIRST if k in metrics))


def drafting() -> list[Line]:
    """Draft and build each, and beside it what is written by hand."""
    from mesocosm.api.ecosystem import open_ecosystem

    done = right = near = 0
    every = tables()
    for name, (goal, target, (head, rows)) in every.items():
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            with (home / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
                csv.writer(out, lineterminator="\n").writerows([head, *rows])
            began = time.time()
            words = [["draft", f"{name}.csv", "--goal", goal, "-o", "ecosystem.yaml"], ["build"]]
            failed = next((r for w in words if (r := command(*w, cwd=home)).returncode), None)
            took = time.time() - began
            if failed:
                print(
                    f"    {name:<10} failed:"
                    f" {(failed.stdout + failed.stderr).strip().splitlines()[-2:]}"
                )
                continue
            version = open_ecosystem(home).catalog.versions(f"{name}-model")[-1]
            m = version["metrics"]
            said = {k: round(m[k], 3) for k in ("accuracy", "macro_f1", "auc", "r2") if k in m}
            done += version["state"] == "champion"
            right += version["recipe"]["predict"] == target
            print(
                f"    {name:<10} {took:5.1f} s  predicts {version['recipe']['predict']:<14} {said},"
                f" {version['state']}"
            )
            others = by_hand(home, name, target)
            best = max(others, key=lambda k: others[k])
            near += figure(m) >= others[best] - 0.02
            print(
                f"    {'':<10} judged by {figure(m):.3f}; by hand: "
                + ", ".join(f"{k} {v:.3f}" for k, v in others.items())
            )
    least = len(every) - 1
    return [
        (
            f"architect: drafts of {len(every)} that build and serve at once",
            float(done),
            f">= {least}",
            done >= least,
        ),
        ("architect: goals whose field was found", float(right), f">= {least}", right >= least),
        (
            "architect: drafts within 0.02 of the best of several models written by hand",
            float(near),
            f">= {least}",
            near >= least,
        ),
    ]


if __name__ == "__main__":
    for line in drafting():
        print(f"{line[0]}  {line[1]:.4f}  {line[2]}  {'met' if line[3] else 'missed'}")
