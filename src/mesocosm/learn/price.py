"""What growing a version will cost, told before the work: seconds and memory by phase, from sizes, this machine's pace and what earlier builds took.

Each phase's work is counted in units of its own (products of rows, tokens and weights). A unit's time was measured once on a machine
whose pace is known by the same small trial; here the trial is run again, and from the second build on the store's book of what
phases really took stands for both. Knows sizes and clocks; fits nothing.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.base.files import write_json
from mesocosm.learn.bases.base import kept_features
from mesocosm.learn.choose import heads_for
from mesocosm.learn.laps import Laps, memory

if TYPE_CHECKING:
    from mesocosm.learn.bases import Base
    from mesocosm.learn.model import Model
    from mesocosm.learn.parts import Parts

BOOK = "price.json"
TRIAL = 0.0101  # seconds of the trial on the machine where the units were timed
UNITS = {  # seconds a unit, on that machine
    "token": 1.0e-11, "graph token": 1.6e-11, "load": 8e-9, "import": 4.5, "export": 6e-7, "step": 0.12, "start": 1.5,
    "eigen": 2.4e-6, "solve": 6e-12, "logistic": 1.5e-3, "tree": 5e-4, "tree row": 4e-7, "word": 2e-6, "row": 4e-5, "net row": 1e-5,
}  # fmt: skip
BACK = {"full": 3.0, "gradual": 3.0, "last": 1.2, "prefix": 2.6, "prompt": 2.8}  # of a forward pass; other methods 2.3


@dataclass(frozen=True)
class Price:
    """Seconds by phase, gigabytes at most, and the machine's pace when they were told."""

    phases: Mapping[str, float]
    gigabytes: float
    pace: float = 1.0

    @property
    def seconds(self) -> float:
        """Of all phases."""
        return sum(self.phases.values())

    def text(self) -> str:
        """In words, the phases that count most first."""
        first = sorted(self.phases.items(), key=lambda p: -p[1])[:3]
        return f"about {short(self.seconds)} and {self.gigabytes:.1f} GB ({', '.join(f'{name} {short(s)}' for name, s in first)})"

    def as_json(self) -> dict[str, Any]:
        """The price as plain data."""
        return {"seconds": round(self.seconds, 2), "gigabytes": round(self.gigabytes, 2), "phases": {k: round(v, 2) for k, v in self.phases.items()}}


def short(seconds: float) -> str:
    """A length of time in two digits.

    >>> short(7.62), short(128), short(7300)
    ('7.6 s', '2.1 min', '2.0 h')
    """
    return f"{seconds:.2g} s" if seconds < 99.5 else f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def pace() -> float:
    """How much longer a small trial (products, an eigendecomposition, a loop) takes here than where the units were timed; the median of nine, the first two left out."""
    x = np.random.default_rng(0).normal(size=(260, 260)).astype(np.float32)
    took = []
    for _ in range(11):
        began = time.perf_counter()
        np.linalg.eigh(x @ x.T)
        for _ in range(4):
            x @ x
        sum(i % 7 for i in range(60_000))
        took.append(time.perf_counter() - began)
    return float(np.median(took[2:])) / TRIAL


def price(model: Model, parts: Parts, base: Base | None, store: Path, sees: Base | None = None) -> Price:
    """What growing this version will take; `sees` is the base of its images, which is tuned then, and what it looks at before is not counted."""
    work, key = _work(model, parts, base, store, sees), variant(model, parts)
    here = pace()
    known = _book(store)
    phases = {}
    for phase, units in work.items():
        ratio = known.get(f"{phase}|{key}", known.get(phase, here))
        phases[phase] = ratio * sum(UNITS[u] * n for u, n in units.items())
    need = known.get(f"memory|{key}", known.get("memory", 1.0)) * _memory(model, parts, base, sees)
    return Price({k: v for k, v in phases.items() if v > 0}, max(memory() + 0.02, _floor(base) + need), here)


def _floor(base: Base | None) -> float:
    """Gigabytes of this process with what is imported for the work; freed memory is used again."""
    return 0.75 if base else 0.25


def variant(model: Model, parts: Parts) -> str:
    """What tells the pace of one model's phases from another's, beside sizes."""
    heads = "+".join(_heads(model, parts))
    return f"{model.tune.method} {heads} {'image' if parts.images['train'] else 'text' if parts.text_names else 'table'}"


def settled(said: Price, laps: Laps, before: float, model: Model, parts: Parts, base: Base | None, store: Path) -> dict[str, Any]:
    """What was `said` and what it `took`; the store's book is corrected by it, each phase halfway in the logarithm.

    Args:
        before: gigabytes that were held when the price was told.
    """
    held = memory(peak=True)
    known, key = _book(store), variant(model, parts)
    pairs = {p: (s, laps.took[p]) for p, s in said.phases.items() if laps.took.get(p, 0) > 0.05 and s > 0.05}
    floor = _floor(base)
    if held > 1.05 * before and said.gigabytes > floor + 0.01 and held > floor + 0.01:
        pairs["memory"] = (said.gigabytes - floor, held - floor)
    for phase, (guess, true) in pairs.items():
        old = known.get(f"{phase}|{key}", known.get(phase, 1.0 if phase == "memory" else said.pace))
        for name in (phase, f"{phase}|{key}"):
            known[name] = round(old * (true / guess) ** (0.5 if name in known else 1.0), 4)
    store.mkdir(parents=True, exist_ok=True)
    write_json(store / BOOK, known)
    took = {"seconds": round(laps.seconds, 2), "gigabytes": round(held, 2), "phases": {k: round(v, 2) for k, v in laps.took.items()}}
    return {"said": said.as_json(), "took": took}


def _book(store: Path) -> dict[str, float]:
    try:
        found = json.loads((store / BOOK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): float(v) for k, v in found.items() if isinstance(v, (int, float)) and 0.01 < v < 100} if isinstance(found, dict) else {}


def _heads(model: Model, parts: Parts) -> list[str]:
    if model.fusion == "attention":
        return ["attention"]
    only = getattr(model.tune, "head", "auto") if model.tune.method == "frozen" else "linear"
    text = np.zeros((1, 1 if parts.text_names else 0), np.float32)
    return heads_for(text, parts.table["train"], parts.y["train"], parts.task.classes) if only == "auto" else [only]


def _fit(head: str, rows: int, text: int, table: int, outputs: int) -> dict[str, float]:
    """Units of fitting one head once."""
    if head == "kernel":
        sample = min(rows, 2500)
        tries = 9.0 if text and table else 5.0  # widths that are tried, and the last solution
        return {"eigen": tries * sample**1.6, "solve": 0.0 if rows <= 3000 else rows**3.0}
    if head == "linear":
        return {"logistic": rows**0.25 * (text + table) ** 0.55 * outputs**0.55} if outputs else {"solve": 100.0 * rows * (text + table) ** 2}
    if head in ("mlp", "attention"):
        cells = rows * (text + table) * (1 if head == "mlp" else 6)
        return {"net row": 4 * 30 * (rows + cells / 50)}
    trees = 16 * 150 * (outputs if outputs > 2 else 1)
    return {"tree": trees, "tree row": trees * min(rows, 1500)}


def _again(head: str, rows: int, text: int, table: int, outputs: int) -> dict[str, float]:
    """Units of fitting one on other rows: trees have their settings then. About half of the kinds that are tried are in the head that wins."""
    return _times(_fit(head, rows, text, table, outputs), 0.6 / (16 if head == "boost" else 1))


def _add(*some: Mapping[str, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in some:
        for unit, n in one.items():
            found[unit] = found.get(unit, 0.0) + n
    return found


def _times(units: Mapping[str, float], by: float) -> dict[str, float]:
    return {u: n * by for u, n in units.items()}


def _work(model: Model, parts: Parts, base: Base | None, store: Path, sees: Base | None) -> dict[str, dict[str, float]]:
    """Units of each phase."""
    rows, test = len(parts.y["train"]), len(parts.y["test"])
    text = 0 if not base else _width(base) * (4 if model.apart else 1)
    table, outputs = parts.table["train"].shape[1], parts.task.classes
    kinds = _heads(model, parts)
    tuned = model.tune.method != "frozen"
    weights = _weights(base)
    tokens = {p: _tokens(parts.texts[p]) if base else 0.0 for p in parts.texts}
    all_tokens = sum(tokens.values())
    cached = base is not None and _cached(base, model, parts, store)
    found: dict[str, dict[str, float]] = {}
    found["starting"] = {"import": float("transformers.models.auto.modeling_auto" not in sys.modules) if base and not cached else 0}
    found["reading"] = {"token": 0 if cached else all_tokens * weights, "load": 0 if cached else 4 * weights}
    found["heads"] = _add(*(_fit(h, rows, text, table, outputs) for h in kinds))
    if tuned:
        tune: Any = model.tune
        steps = tune.epochs * math.ceil(rows / tune.batch)
        moved = tokens if not sees else {p: float(sum(map(len, fields.values())) * _places(sees)) for p, fields in parts.images.items()}
        heavy = weights if not sees else _weights(sees)
        once = moved["train"] * heavy * BACK.get(tune.method, 2.3) + moved["validation"] * heavy
        found["tuning"] = {"token": once * tune.epochs + sum(moved.values()) * heavy, "step": steps, "start": 1, "load": 4 * heavy}
        if sees:  # nets of any size see, and theirs is exported within
            found["tuning"] |= {"step": steps * (0.15 + 0.85 * min(1.0, heavy / 1e7)), "export": heavy, "import": 0.8}
    if model.search:
        trial = _add(found["heads"], found.get("tuning", {}))
        found["search"] = _times(trial, model.search.trials)
    words = tokens["train"] * 2
    found["judging"] = {"word": words * max(1, outputs) ** 0.5, "logistic": rows**0.25 * min(5000, 40 + words / 3) ** 0.55 * max(1, outputs) ** 0.55 / 10, "row": test * 300 * 0.05}
    agree = min(400, len(parts.y["validation"]) + test)
    mean = all_tokens / max(1, sum(map(len, parts.texts.values())))
    exports = float(base is not None and ((tuned and not sees) or not _exported(base, store)))
    found["export"] = {"export": weights * exports, "import": 0.8 * exports * float("onnxscript" not in sys.modules)}
    found["agreement"] = {"graph token": 2 * agree * mean * weights}
    if text and table and rows <= 5000:
        found["parts alone"] = _add(*(_again(h, rows, text, 0, outputs) for h in kinds if h != "boost"), *(_again(h, rows, 0, table, outputs) for h in kinds))
    if not tuned and rows <= 5000:
        found["curve"] = _add(*(_again(h, int(rows * share), text, table, outputs) for h in kinds for share in (0.125, 0.25, 0.5)))
    found["looking closer"] = {"graph token": (3 * min(300, test) * mean * weights) if base and parts.task.classes else 0, "row": 20 * test ** 0.5}
    return found


def _memory(model: Model, parts: Parts, base: Base | None, sees: Base | None) -> float:
    """Gigabytes beyond what is held already."""
    rows, weights = len(parts.y["train"]), _weights(base)
    kernel = 0.0
    if "kernel" in _heads(model, parts):
        sample = min(rows, 2500)
        kernel = 7 * 4 * sample**2 + (3 * 8 if rows <= 3000 else 1.4 * 4) * rows**2
    net = 0.0
    if base:
        net = 4 * weights * (1.2 if model.tune.method == "frozen" else 5.0) + (2.5e8 if model.tune.method == "frozen" else 4.5e8)
        if model.tune.method != "frozen" and not sees:
            tune: Any = model.tune
            longest = max((_tokens([t]) for t in parts.texts["train"][:2000]), default=1.0)
            net += tune.batch * min(longest, model.max_length) * _width(base) * 6 * 40
    if sees and model.tune.method != "frozen":
        pictures: Any = model.tune
        net += 20 * _weights(sees) + 4.5e8 + pictures.batch * len(parts.images["train"]) * _places(sees) * _width(sees) * 6 * 40
    return max(kernel + net, 5e7) / 1e9


def _tokens(texts: Any) -> float:
    """About how many tokens: a quarter of the characters of distinct texts, and two more each."""
    return float(sum(len(t) / 4.2 + 2 for t in set(texts)))


def _weights(base: Base | None) -> float:
    """Weights outside the words' table, which every token passes."""
    if base is None:
        return 0.0
    size = sum(p.stat().st_size for p in base.folder.glob("*.safetensors")) / 4
    config = _config(base)
    return float(max(size / 4, size - config.get("vocab_size", 0) * config.get("hidden_size", 0)))


def _width(base: Base) -> int:
    return int(_config(base).get("hidden_size", 384))


def _places(base: Base) -> float:
    """About how many places of a picture a base that sees looks at."""
    config = _config(base)
    side, patch = config.get("image_size", 224), config.get("patch_size", 32)
    return float(side[0] if isinstance(side, list) else side) ** 2 / float(patch[0] if isinstance(patch, list) else patch) ** 2


def _config(base: Base) -> dict[str, Any]:
    return dict(json.loads((base.folder / "config.json").read_text(encoding="utf-8")))


def _cached(base: Base, model: Model, parts: Parts, store: Path) -> bool:
    texts = [t for p in parts.where for t in parts.texts[p]]
    if model.apart:
        return False
    return kept_features(base, texts, model.max_length, store).is_file()


def _exported(base: Base, store: Path) -> bool:
    from mesocosm.learn.export import trunk_folder

    return (trunk_folder(base, store) / "trunk.int8.onnx").is_file()
