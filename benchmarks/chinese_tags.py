"""Tags over the characters of Chinese headlines and over the words of the same in English: the F1
of whole spans, every row predicted by a head that saw no row of its wording.

    ONLY=tags make bench-chinese
"""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from parts import Line, run_parts, size
from sklearn.model_selection import GroupKFold

from mesocosm.learning.base_models import Base, resolve
from mesocosm.learning.features.embeddings import load_trunk
from mesocosm.learning.features.tokenizer import Tokens
from mesocosm.learning.heads.folds import number_groups
from mesocosm.learning.tasks.tagging.metrics import evaluate, tag_by_dictionary
from mesocosm.learning.tasks.tagging.net import StateEncoder, encode_parts, encode_states
from mesocosm.learning.tasks.tagging.parts import choose_cut, cut_words, find_places, read_tags
from mesocosm.learning.tasks.tagging.tag_head.fit import TaggedStates, fit_head
from mesocosm.learning.tasks.tagging.words import allowed_transitions, decode_viterbi

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "examples" / "newsroom-zh" / "data"
BASE = "e5"
FOLDS, SEED = size(5, 2), 7
ROWS = size(10_000, 40)
MARGIN = 0.03  # by which Chinese may be under English
LONGEST = 128


def read_rows(path: Path) -> tuple[list[str], list[str], list[object]]:
    """Texts, spans as JSON, and wordings, which are the same in both languages."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:ROWS]
    return (
        [row["sentence"] for row in rows],
        [row["spans"] for row in rows],
        [row["wording"] for row in rows],
    )


def measure(base: Base, path: Path, cut: str | None = None) -> dict[str, float]:
    """Span F1 of a frozen base's head and of a dictionary, over rows left out by wording; how many
    rows have spans that do not fit.

    Args:
        cut: `words` for words between spaces, each with the tag of the span that it overlaps.
    """
    texts, spans, wordings = read_rows(path)
    way = cut or choose_cut(texts, spans)
    tags = [_read(way, text, value) for text, value in zip(texts, spans, strict=True)]
    fitting = [i for i, tag in enumerate(tags) if tag is not None]
    texts = [texts[i] for i in fitting]
    right = [tags[i] or [] for i in fitting]
    groups = number_groups([wordings[i] for i in fitting])
    ids, parts = encode_parts(Tokens(base.folder, LONGEST), texts, way)
    states = encode_states(StateEncoder(load_trunk(base).net), ids)
    words = [cut_words(way, text) for text in texts]
    kinds = sorted(set().union(*right), key=lambda tag: (tag != "O", tag))
    predicted: list[list[str]] = [[] for _ in texts]
    looked_up: list[list[str]] = [[] for _ in texts]
    for train, test in GroupKFold(FOLDS).split(texts, groups=groups):
        data = TaggedStates(states, parts, words, right, way != "words").pick(train)
        head = fit_head(data, kinds, groups[train])
        for i in test:
            scores = head.score(states[i], parts[i], words[i])
            path = decode_viterbi(scores, allowed_transitions(kinds), head.transitions)
            predicted[i] = [kinds[k] for k in path]
        by_part = {"train": train, "test": test}
        found = tag_by_dictionary(
            {part: _pick(texts, where) for part, where in by_part.items()},
            {part: _pick(right, where) for part, where in by_part.items()},
            way,
        )
        for i, row in zip(test, found, strict=True):
            looked_up[i] = row
    report, low = evaluate(predicted, right, SEED), evaluate(looked_up, right, SEED)
    return {
        "f1": report["span_f1"],
        "low": report["interval"]["span_f1"][0],
        "high": report["interval"]["span_f1"][1],
        "dictionary": low["span_f1"],
        "misfits": len(tags) - len(fitting),
        "parts": sum(map(len, right)),
        "inside": sum(sum(part.inside) for part in parts),
    }


def _pick(values: Sequence, where: Sequence[int]) -> list:
    return [values[i] for i in where]


def _read(cut: str, text: str, spans: str) -> list[str] | None:
    """A row's tags; words between spaces take that of the span that they overlap."""
    if cut != "words":
        return read_tags(_canonical(spans), text, cut)
    tags = []
    for start, end in find_places(cut, text):
        inside = [s for s in json.loads(spans) if s["start"] < end and start < s["end"]]
        if inside:
            tags.append(("B-" if start <= inside[0]["start"] else "I-") + inside[0]["label"])
        else:
            tags.append("O")
    return tags


def _canonical(spans: str) -> str:
    return json.dumps(json.loads(spans), ensure_ascii=False)


def tags() -> list[Line]:
    """F1 of Chinese spans beside English ones, and the rows whose spans do not fit."""
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    base = resolve(BASE, ROOT)
    chinese = measure(base, DATA / "spans.csv")
    english = measure(base, DATA / "spans-en.csv", "words")
    signs = measure(base, DATA / "spans-en.csv")
    target = english["f1"] - MARGIN
    described = f">= {target:.4f} (English words {english['f1']:.4f}, a dictionary"
    described += f" {chinese['dictionary']:.4f})"
    return [
        ("tags: span F1, Chinese characters", chinese["f1"], described, chinese["f1"] >= target),
        *(
            (
                f"tags: rows whose spans do not fit, {name}",
                found["misfits"],
                "0",
                not found["misfits"],
            )
            for name, found in (("Chinese", chinese), ("English", signs))
        ),
    ]


if __name__ == "__main__":
    raise SystemExit(run_parts({"tags": tags}))
