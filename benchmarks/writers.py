"""A base that writes, taught by each method on a small instruction set. Called by `learn.py`;
alone: `python writers.py`.

The instructions are real: a function of an installed library by its name and its arguments, and
what its author says in the first sentence of its docstring. Which functions judge is drawn by seed;
none of them teaches.
"""

from __future__ import annotations

import ast
import random
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from domain import trees
from parts import size, some

from mesocosm.learning.fine_tuning import FINE_TUNING
from mesocosm.learning.model import Model
from mesocosm.learning.training.context import TrainContext
from mesocosm.learning.training.train import train_version

LIBRARIES = some(("numpy", "scipy", "sklearn", "pandas"), "sklearn")
TAUGHT, HELD, JUDGED = size(160, 8), size(16, 2), size(24, 2)
RATES = {"full": 2e-5, "last": 1e-4, "gradual": 5e-5, "ia3": 5e-3}
Line = tuple[str, float, str, bool]


def instructions(seed: int = 3) -> list[tuple[str, str]]:
    """Functions as they are called, each with the first sentence of its docstring."""
    found: dict[str, str] = {}
    for name in LIBRARIES:
        for tree in trees(name):
            for node in tree.body:
                if (
                    isinstance(node, ast.FunctionDef)
                    and not node.name.startswith("_")
                    and (doc := ast.get_docstring(node))
                ):
                    said = re.split(r"(?<=\.)\s", re.sub(r"\s+", " ", doc.split("\n\n")[0]))[0]
                    if 30 <= len(said) <= 120 and said.endswith("."):
                        found[
                            f"{name}: {node.name}({', '.join(a.arg for a in node.args.args[:5])})"
                        ] = said
    rows = sorted(found.items())
    random.Random(seed).shuffle(rows)
    return rows[: TAUGHT + HELD + JUDGED]


def writers() -> list[Line]:
    """Each way to fine_tune: perplexity and ROUGE-L of held-out answers beside the base's, the share of
    weights, the size that is kept, seconds.
    """
    rows = instructions()
    columns: dict[str, list[Any]] = {"asked": [q for q, _ in rows], "said": [a for _, a in rows]}
    split = ["train"] * TAUGHT + ["validation"] * HELD + ["test"] * JUDGED
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as home:
        store = Path(home)
        for name in some((m for m in FINE_TUNING if m not in ("prompt", "bitfit")), "lora"):
            tune = (
                {"method": name}
                if name == "frozen"
                else {
                    "method": name,
                    "epochs": 1,
                    "batch": 8,
                    **({"learning_rate": RATES[name]} if name in RATES else {}),
                }
            )
            model = Model.model_validate(
                {
                    "base": "smollm2",
                    "dataset": "x",
                    "target": "said",
                    "features": ["asked"],
                    "max_length": 96,
                    "max_new_tokens": size(32, 4),
                    "track": [],
                    "instruction": "Say in one sentence what the function does.",
                    "fine_tune": tune,
                }
            )
            folder, began = store / name, time.perf_counter()
            folder.mkdir()
            made = train_version(
                "writer",
                model,
                columns,
                split,
                {"asked": "text", "said": "text"},
                TrainContext(store, store / ".mesocosm", folder, name),
                lambda _: None,
            )
            m = made.metrics
            found[name] = m["perplexity"] / m["baselines"]["base"]["perplexity"]
            moved = made.history[0]["trained"] if made.history else 0
            kept = (folder / "delta.safetensors").stat().st_size / 1e6
            print(
                f"  {name:<9} perplexity {m['perplexity']:7.2f} (base"
                f" {m['baselines']['base']['perplexity']:.2f})  ROUGE-L {m['rouge_l']:.3f} (base"
                f" {m['baselines']['base']['rouge_l']:.3f}, nearest"
                f" {m['baselines']['nearest']['rouge_l']:.3f})  trained {moved:>11,}"
                f" ({moved / 134_515_008:7.3%})  kept {kept:6.1f} MB "
                f" {time.perf_counter() - began:5.0f} s",
                flush=True,
            )
    worst = max((n for n in found if n != "frozen"), key=lambda n: found[n])
    return [
        (
            f"a writer's perplexity after tuning / before, the worst method ({worst})",
            found[worst],
            "<= 0.8",
            found[worst] <= 0.8,
        )
    ]


if __name__ == "__main__":
    lines = writers()
    for line in lines:
        print(f"{line[0]}  {line[1]:.4f}  {line[2]}  {'met' if line[3] else 'missed'}")
    sys.exit(0 if all(line[3] for line in lines) else 1)
