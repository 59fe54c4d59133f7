"""Whether the price told before the work is what it came to: models of all kinds, each grown twice
in a store of its own. Called by `learn.py`.

The first time nothing is known but sizes and this machine's pace; the second time the store's book
has seen one build of that kind, of other rows. Both are told; the target is for the second, and for
the memory.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from data import DATA, messages
from parts import SMALL

from mesocosm.learning.model import Model
from mesocosm.learning.training.context import TrainContext
from mesocosm.learning.training.train import train_version

Line = tuple[str, float, str, bool]
NEAR = 0.2


Thing = tuple[str, dict[str, Any], dict[str, list[Any]], dict[str, str]]


def of_sklearn(name: str, kind: str) -> Thing:
    """A table that scikit-learn ships."""
    import sklearn.datasets

    given = getattr(sklearn.datasets, f"load_{name.replace(' ', '_')}")()
    columns: dict[str, list[Any]] = {
        f"x{i}": given.data[:, i].tolist() for i in range(given.data.shape[1])
    }
    columns["y"] = [str(v) for v in given.target] if kind == "category" else given.target.tolist()
    return (
        name,
        {"features": [c for c in columns if c != "y"]},
        columns,
        {c: "number" for c in columns} | {"y": kind},
    )


def shelf() -> list[Thing]:
    """Names, settings, columns and types of what is grown."""
    import csv

    said, named = messages("train")
    order = np.random.default_rng(5).permutation(len(said))
    texts, labels = [said[i] for i in order], [named[i] for i in order]
    ten = sorted(set(labels))[:60:6]
    few = [i for i, c in enumerate(labels) if c in ten]
    found: list[Thing] = []
    for name, pick, tune in (
        ("2,000 messages", range(2000), "frozen"),
        ("6,000 messages", range(6000), "frozen"),
        ("ten classes", few[:800], "frozen"),
        ("ten classes, LoRA", few[:400], {"method": "lora", "epochs": 2}),
        ("ten classes, full", few[:400], {"method": "full", "epochs": 2}),
        ("ten classes, last", few[:600], {"method": "last", "epochs": 3}),
    ):
        found.append(
            (
                name,
                {"base": "minilm", "features": ["text"], "fine_tune": tune},
                {"text": [texts[i] for i in pick], "y": [labels[i] for i in pick]},
                {"text": "text", "y": "category"},
            )
        )
    found += [of_sklearn("breast cancer", "category"), of_sklearn("diabetes", "number")]
    with (DATA / "german_credit.csv").open(encoding="utf-8") as table:
        rows = list(csv.reader(table))
    head, body = (
        (rows[0], rows[1:])
        if not rows[0][1].isdigit()
        else ([f"c{i}" for i in range(len(rows[0]))], rows)
    )
    numeric = [
        all(v.replace(".", "", 1).isdigit() for v in column) for column in zip(*body, strict=True)
    ]
    columns: dict[str, list[Any]] = {
        h: [float(v) for v in column] if n and i < len(head) - 1 else list(column)
        for i, (h, n, column) in enumerate(zip(head, numeric, zip(*body, strict=True), strict=True))
    }
    columns["y"] = columns.pop(head[-1])
    kinds = {
        h: "number" if n else "category" for h, n in zip(head[:-1], numeric[:-1], strict=True)
    } | {"y": "category"}
    found.append(("German credit", {"features": head[:-1]}, columns, kinds))
    both = {
        "text": texts[:700],
        **{f"x{i}": np.random.default_rng(i).normal(size=700).tolist() for i in range(4)},
        "y": [c[0] for c in labels[:700]],
    }
    found.append(
        (
            "messages and a table",
            {"base": "minilm", "features": [c for c in both if c != "y"]},
            both,
            {c: "number" for c in both} | {"text": "text", "y": "category"},
        )
    )
    pick = range(1500)
    said = [f"This is about {labels[i].replace('_', ' ')}." for i in pick]
    found.append(
        (
            "answers found",
            {"base": "minilm", "features": ["text"], "fine_tune": "frozen"},
            {"text": [texts[i] for i in pick], "y": said},
            {"text": "text", "y": "text"},
        )
    )
    found.append(
        (
            "answers found, LoRA",
            {"base": "minilm", "features": ["text"], "fine_tune": {"method": "lora", "epochs": 2}},
            {"text": texts[:400], "y": said[:400]},
            {"text": "text", "y": "text"},
        )
    )
    found.append(
        (
            "a base pretrained",
            {
                "base": "minilm",
                "features": ["text"],
                "fine_tune": "frozen",
                "pretrain": {"fields": ["text"]},
            },
            {"text": texts[2000:2800], "y": labels[2000:2800]},
            {"text": "text", "y": "category"},
        )
    )
    found.append(
        (
            "sites that average",
            {"features": [c for c in columns if c != "y"], "federated": {"rounds": 100}},
            columns,
            kinds,
        )
    )
    return (
        found
        + [
            tags(600, "frozen"),
            tags(400, "last"),
            basket({}),
            basket({"towers": {"epochs": 10}}),
            scans(),
        ]
        + ([functions()] if os.environ.get("WRITERS", "1") == "1" else [])
    )


def tags(rows: int, tune: str) -> Thing:
    """Texts with names and places in them."""
    draw = random.Random(4)
    first, last, town = (
        ["Anna", "Boris", "Chen", "Dewi", "Emma", "Farid", "Grace", "Hans", "Ines", "Jonas"],
        ["Smith", "Novak", "Garcia", "Tanaka", "Rossi", "Okafor"],
        ["Paris", "New York", "Utrecht", "Osaka", "Cape Town"],
    )
    shapes = [
        "{p} moved to {t} last year",
        "please call {p} about the invoice",
        "the parcel from {t} never came",
        "in {t} we met {p} again",
        "nothing to report today",
    ]
    columns: dict[str, list[Any]] = {"text": [], "y": []}
    for _ in range(rows):
        words: list[str] = []
        marks: list[str] = []
        for part in draw.choice(shapes).split():
            name, kind = {
                "{p}": (f"{draw.choice(first)} {draw.choice(last)}", "PERSON"),
                "{t}": (draw.choice(town), "PLACE"),
            }.get(part, (part, ""))
            words += (these := name.split())
            marks += (
                [f"B-{kind}", *[f"I-{kind}"] * (len(these) - 1)] if kind else ["O"] * len(these)
            )
        columns["text"].append(" ".join(words))
        columns["y"].append(" ".join(marks))
    return (
        f"words tagged, {tune}",
        {"base": "minilm", "features": ["text"], "fine_tune": tune},
        columns,
        {"text": "text", "y": "tags"},
    )


def basket(rank: dict[str, Any]) -> Thing:
    """Who took what, of 1,200 things in forty groups."""
    draw = np.random.default_rng(6)
    who = np.repeat(np.arange(1500), 12)
    likes = draw.integers(0, 40, 1500)
    what = np.where(
        draw.random(len(who)) < 0.7,
        likes[who] * 30 + draw.integers(0, 30, len(who)),
        draw.integers(0, 1200, len(who)),
    )
    columns: dict[str, list[Any]] = {"who": who.tolist(), "y": [f"thing {i}" for i in what]}
    return (
        "ranked" + (", two towers" if rank else ""),
        {"features": ["who"], "rank": rank},
        columns,
        {"who": "category", "y": "category"},
    )


def scans(many: int = 900) -> Thing:
    """Digits as pictures, seen by filters learnt from them."""
    import base64
    import io

    from PIL import Image
    from sklearn.datasets import load_digits

    given = load_digits()
    shown = []
    for image in given.images[:many]:
        out = io.BytesIO()
        Image.fromarray((image * 15).astype(np.uint8)).convert("RGB").resize((32, 32)).save(
            out, "PNG"
        )
        shown.append(base64.b64encode(out.getvalue()).decode())
    return (
        "digits seen",
        {"features": ["scan"]},
        {"scan": shown, "y": [str(v) for v in given.target[:many]]},
        {"scan": "image", "y": "category"},
    )


def functions() -> Thing:
    """Functions and what their authors say of them."""
    from writers import instructions

    rows = instructions()[:120]
    settings = {
        "base": "smollm2",
        "features": ["asked"],
        "max_length": 96,
        "max_new_tokens": 24,
        "fine_tune": {"method": "lora", "epochs": 1, "batch": 8},
    }
    return (
        "written, LoRA",
        settings,
        {"asked": [q for q, _ in rows], "y": [a for _, a in rows]},
        {"asked": "text", "y": "text"},
    )


def prices() -> list[Line]:
    """The share of models whose seconds, and whose memory, came within 20 % of what was told."""
    near: list[bool] = []
    held: list[bool] = []
    only = os.environ.get("SHELF")
    for name, settings, columns, kinds in [of_sklearn("diabetes", "number")] if SMALL else shelf():
        if only and only not in name:
            continue
        model = Model.model_validate({"dataset": "x", "target": "y", "track": [], **settings})
        rows = len(columns["y"])
        with tempfile.TemporaryDirectory() as home:
            told = []
            for turn, part in enumerate((range(rows * 4 // 5), range(rows))):
                here = {c: [values[i] for i in part] for c, values in columns.items()}
                split = [
                    "test" if i % 5 == 0 else "validation" if i % 10 == 1 else "train"
                    for i in range(len(part))
                ]
                store = Path(home)
                folder = store / str(turn)
                folder.mkdir()
                more: dict[str, Any] = {}
                if model.pretrain:
                    more = {
                        "corpus": [
                            t
                            for t, p in zip(here[model.pretrain.fields[0]], split, strict=True)
                            if p == "train"
                        ]
                    }
                if kinds["y"] == "tags":
                    more = {
                        "order": ["O", *(f"{a}-{b}" for b in ("PERSON", "PLACE") for a in "BI")]
                    }
                if model.federated:
                    more = {"sites": [f"site {i % 4}" for i in part]}
                told.append(
                    train_version(
                        "m",
                        model,
                        here,
                        split,
                        kinds,
                        TrainContext(store, store / ".mesocosm", folder, f"m{turn}", **more),
                        lambda _: None,
                    ).metrics["price"]
                )
        first, second = told
        ratio = [t["said"]["seconds"] / t["took"]["seconds"] for t in told]
        size = [t["said"]["gigabytes"] / t["took"]["gigabytes"] for t in told]
        near.append(abs(ratio[1] - 1) <= NEAR)
        held.append(abs(size[1] - 1) <= NEAR)
        print(
            f"  {name:<22} first told {first['said']['seconds']:6.1f} s, came to"
            f" {first['took']['seconds']:6.1f} ({ratio[0]:.2f}); then told"
            f" {second['said']['seconds']:6.1f} s, came to {second['took']['seconds']:6.1f}"
            f" ({ratio[1]:.2f}); memory told {first['said']['gigabytes']:.2f} and"
            f" {second['said']['gigabytes']:.2f} GB, came to {first['took']['gigabytes']:.2f} and"
            f" {second['took']['gigabytes']:.2f}",
            flush=True,
        )
        if os.environ.get("PHASES"):
            print(
                "   ",
                {
                    k: (round(v, 2), second["took"]["phases"].get(k))
                    for k, v in second["said"]["phases"].items()
                },
            )
            print(
                "   ",
                {
                    k: (round(v, 2), first["took"]["phases"].get(k))
                    for k, v in first["said"]["phases"].items()
                },
            )
    return [
        (
            "models whose seconds came within 20 % of the price, the second of a kind",
            float(np.mean(near)),
            ">= 0.9",
            float(np.mean(near)) >= 0.9,
        ),
        ("models whose memory did", float(np.mean(held)), ">= 0.9", float(np.mean(held)) >= 0.9),
    ]


if __name__ == "__main__":
    lines = prices()
    for line in lines:
        print(f"{line[0]}  {line[1]:.4f}  {line[2]}  {'met' if line[3] else 'missed'}")
    sys.exit(0 if all(line[3] for line in lines) else 1)
