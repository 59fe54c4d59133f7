"""Pretraining on a domain's texts measured: what it does for few labels there. Called by
`learn.py`; alone: `python domain.py`.

The domain is what installed Python libraries say of themselves: about 5 MB of docstrings. The task
is to tell which library a sentence is from, with eight labelled sentences a library; those
sentences, and the ones that judge, are of docstrings that were not pretrained on.
"""

from __future__ import annotations

import ast
import random
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from data import BASE
from parts import size, some

LIBRARIES = some(
    ("numpy", "scipy", "sklearn", "pandas", "torch", "transformers", "sqlalchemy", "ibis"),
    "httpx",
    "typer",
    "duckdb",
    "optuna",
)
SIZE = size(5_000_000, 8_000)
SHOTS = 8
Line = tuple[str, float, str, bool]


def trees(name: str) -> list[ast.Module]:
    """The syntax trees of a library's files, its tests left out, without importing it."""
    spec = find_spec(name)
    if not spec or not spec.submodule_search_locations:
        return []
    found = []
    for path in sorted(Path(spec.submodule_search_locations[0]).rglob("*.py")):
        if "test" not in path.as_posix():
            try:
                found.append(ast.parse(path.read_text(encoding="utf-8")))
            except (SyntaxError, UnicodeDecodeError):
                continue
    return found


def docstrings(name: str) -> list[str]:
    """The docstrings of a library, read from its files without importing it."""
    found = []
    for tree in trees(name):
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)) and (
                doc := ast.get_docstring(node)
            ):
                found.append(doc)
    return sorted(set(found))


def sentences(doc: str, name: str) -> list[str]:
    """Its sentences of a length that says something, the library's own name hidden."""
    import re

    flat = re.sub(r"\s+", " ", doc)
    said = re.sub(rf"(?i)\b({name}|np|pd|sklearn|scikit-learn)\b", "it", flat)
    return [
        s.strip() for s in re.split(r"(?<=[.!?]) ", said) if 40 <= len(s) <= 300 and ">>>" not in s
    ]


def material(seed: int = 3) -> tuple[list[str], dict[str, list[str]]]:
    """Texts to pretrain on, about `SIZE` bytes, and sentences of other docstrings by library."""
    rng = random.Random(seed)
    apart: dict[str, list[str]] = {}
    rest: list[str] = []
    for name in LIBRARIES:
        docs = docstrings(name)
        rng.shuffle(docs)
        cut = len(docs) // 5
        apart[name] = list(dict.fromkeys(s for d in docs[:cut] for s in sentences(d, name)))
        rest += [s for d in docs[cut:] for s in sentences(d, name)]
    known = set(rest)
    apart = {n: [s for s in said if s not in known] for n, said in apart.items()}
    rest = sorted(known)
    rng.shuffle(rest)
    held, texts = 0, []
    for text in rest:
        if held > SIZE:
            break
        texts.append(text)
        held += len(text.encode()) + 1
    return texts, apart


def shots(base: Any, apart: dict[str, list[str]], store: Path, draws: int = size(5, 1)) -> float:
    """Mean accuracy over draws with few labels, a frozen base."""
    from mesocosm.learning.features.embeddings import embed_texts
    from mesocosm.learning.heads.selection import TrainingRows, select_head

    names, right = [n for n in LIBRARIES if len(apart[n]) > 120], []
    for draw in range(draws):
        rng = random.Random(draw)
        picked = {n: rng.sample(apart[n], SHOTS + 100) for n in names}
        x = embed_texts(base, [t for n in names for t in picked[n][:SHOTS]], 128, store)
        z = embed_texts(base, [t for n in names for t in picked[n][SHOTS:]], 128, store)
        y, w = np.repeat(np.arange(len(names)), SHOTS), np.repeat(np.arange(len(names)), 100)
        head = select_head(TrainingRows(x, np.zeros((len(x), 0), np.float32), y, len(names), 7))
        right.append(
            float((head.logits(z, np.zeros((len(z), 0), np.float32)).argmax(1) == w).mean())
        )
    return mean(right)


def domain() -> list[Line]:
    """Accuracy with few labels before and after each objective."""
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.pretraining import OBJECTIVES
    from mesocosm.learning.pretraining.run import Corpus, pretrain
    from mesocosm.learning.pretraining.settings import Pretrain

    texts, apart = material()
    tried = some(OBJECTIVES, "masked")
    base = resolve(*BASE)
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as home:
        found["as it is"] = shots(base, apart, Path(home))
        print(
            f"  domain: {sum(len(t.encode()) for t in texts) / 1e6:.1f} MB, {len(texts):,}"
            f" sentences; {SHOTS} labels of each of {sum(len(a) > 120 for a in apart.values())}"
            f" libraries; as it is {found['as it is']:.4f}",
            flush=True,
        )
        for name in tried:
            began = time.perf_counter()
            known = (
                {"fields": ["long"]} if name == "multitask" else {}
            )  # nothing else is known of these texts
            setting = Pretrain.model_validate(
                {
                    "fields": ["x"],
                    "method": {"method": name, **known},
                    "learning_rate": 5e-5 if name == "masked" else 3e-5,
                    "batch": 64,
                }
            )
            made, told = pretrain(
                base,
                Corpus(texts, {"long": [len(t) > 100 for t in texts]}),
                setting,
                64,
                7,
                Path(home),
                lambda _: None,
            )
            found[name] = shots(made, apart, Path(home))
            print(
                f"  {name:<12} held-out loss {told['before']:.3f} -> {told['after']:.3f} in"
                f" {time.perf_counter() - began:.0f} s; accuracy {found[name]:.4f}",
                flush=True,
            )
    best = max(tried, key=lambda n: found[n])
    gain = found[best] - found["as it is"]
    return [
        (
            f"few labels after pretraining on the domain ({best}), minus before",
            gain,
            "> 0",
            gain > 0,
        )
    ]


if __name__ == "__main__":
    lines = domain()
    for line in lines:
        print(f"{line[0]}  {line[1]:.4f}  {line[2]}  {'met' if line[3] else 'missed'}")
    sys.exit(0 if all(line[3] for line in lines) else 1)
