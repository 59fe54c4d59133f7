"""What a reader of a model card must know without asking: sentences about its data and its figures. Knows cleaned columns and figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.learn.block import DATES, MOST_VALUES, day_of
from mesocosm.learn.card import LEADING, leading

if TYPE_CHECKING:
    from mesocosm.learn.bases import Base
    from mesocosm.learn.parts import Parts

Array = np.ndarray[Any, Any]
SURE = 0.05  # p under which a difference counts as proven
UNKNOWN = 0.05  # share of tokens that a base does not know
RARE = 0.02  # share of a class
TEXTS = 2000  # texts whose tokens are counted
GROUPS = re.compile(r"(^|_)(id|ids|user|customer|client|patient|person|subject|household|family|session|account|device|machine|sensor|site|store|shop|school|hospital|group|author|session)(_|$)", re.I)


def against(metrics: Mapping[str, Any]) -> list[str]:
    """How the model compares with its plain baselines: worse, or not significantly better."""
    figure, found = LEADING[leading(metrics)], []
    for name, other in metrics.get("baselines", {}).items():
        gain, p = float(other.get("gain") or 0.0), float(other.get("p", 1.0))
        if p < SURE and gain < 0:
            found.append(f"significantly worse than the {name} baseline: {figure} {gain:+.3f}, p = {p:.2g}")
        elif p >= SURE or gain <= 0:
            found.append(f"not significantly better than the {name} baseline: {figure} {gain:+.3f}, p = {p:.2g}")
    return found


def worse(metrics: Mapping[str, Any]) -> list[str]:
    """The baselines that the paired test proves better, in the leading figure and in the loss, each as a sentence; a version with one is not deployed."""
    found = []
    for name, other in metrics.get("baselines", {}).items():
        loss = next((k for k in ("log_loss", "mae") if k in other and metrics.get(k) is not None), None)
        if float(other.get("p", 1.0)) < SURE and float(other.get("gain") or 0.0) < 0 and (loss is None or metrics[loss] > other[loss]):
            found.append(f"it is significantly worse than the {name} baseline ({LEADING[leading(metrics)]} {other['gain']:+.3f}, p = {other['p']:.2g})")
    return found


def data(rows: Mapping[str, Sequence[Any]], kinds: Mapping[str, str], split: Sequence[str], parts: Parts, inputs: Sequence[str], predict: str, grouped: bool) -> list[str]:
    """What the data say: rows without a label, imbalance, categories that are not kept, and columns that look like time or a group under a random split."""
    found = []
    target = [parts.task.plain(v) for v in rows[predict]]
    bare = sum(t is None for t in target)
    if bare and "bare" not in parts.where:
        found.append(f"{bare:,} of {len(target):,} rows have no value of '{predict}' and neither teach nor judge")
    strange = sum(t is not None and s in ("test", "validation") and not parts.task.known(t) for t, s in zip(target, split, strict=True))
    if strange:
        found.append(f"{strange:,} validation and test rows have a value of '{predict}' that no training row has; they are not judged")
    y = parts.y["train"]
    if parts.task.labels and y.ndim == 1:
        counts = np.bincount(y, minlength=len(parts.task.labels))
        if few := [f"'{parts.task.labels[k]}' ({counts[k]})" for k in np.argsort(counts) if counts[k] < 2][:5]:
            found.append(f"classes with fewer than 2 training rows: {', '.join(few)}; they cannot be judged by rows left out")
        low = int(counts.argmin())
        if counts.min() < RARE * counts.sum() or counts.max() > 10 * counts.min():
            found.append(f"classes are imbalanced: '{parts.task.labels[int(counts.argmax())]}' has {counts.max() / counts.sum():.1%} of the training rows, '{parts.task.labels[low]}' {counts[low] / counts.sum():.1%}")
    for name in inputs:
        fact = parts.facts.get(name, {})
        if fact.get("kind") == "category" and len(fact["values"]) >= MOST_VALUES:
            seen = [str(rows[name][i]) for i in parts.where["train"] if rows[name][i] is not None]
            if past := len(set(seen)) - len(fact["values"]):
                kept = set(fact["values"])
                found.append(f"'{name}' has {len(set(seen)):,} values; the {len(kept):,} most frequent are used, {past:,} are not ({sum(v not in kept for v in seen) / len(seen):.1%} of the training rows)")
        if not grouped:
            found += _ordered(name, kinds[name], rows[name], target) or _named(name, kinds[name], rows[name])
    return found


def _ordered(name: str, kind: str, values: Sequence[Any], target: Sequence[Any]) -> list[str]:
    """A date column whose neighbours have like targets."""
    if kind not in DATES:
        return []
    there = [(day_of(v), t) for v, t in zip(values, target, strict=True) if v is not None and t is not None]
    if len(there) < 50:
        return []
    told = [t for _, t in sorted(there, key=lambda p: p[0] or 0.0)]
    number = all(isinstance(t, float) for t in told)
    ranks = np.argsort(np.argsort(told, kind="stable"), kind="stable").astype(float) if number else np.unique([str(t) for t in told], return_inverse=True)[1]
    if number:
        likeness = float(np.corrcoef(ranks[:-1], ranks[1:])[0, 1])
        alike, said = likeness * len(told) ** 0.5 > 3, f"correlation {likeness:.2f}"
    else:
        share, by_chance = float((ranks[:-1] == ranks[1:]).mean()), float(((np.bincount(ranks) / len(ranks)) ** 2).sum())
        alike, said = share - by_chance > 3 * (by_chance * (1 - by_chance) / len(told)) ** 0.5, f"equal in {share:.0%}, {by_chance:.0%} by chance"
    note = f"; rows next to each other in time have like values of the target ({said}), so figures of a random split are too good for later rows" if alike else ""
    return [f"'{name}' looks like time and the split is random{note}; judge on later rows with 'split: {{test: SOURCE}}'"]


def _named(name: str, kind: str, values: Sequence[Any]) -> list[str]:
    """A column that is named like a group and whose values come again."""
    there = [v for v in values if v is not None]
    distinct = len(set(map(str, there)))
    if kind in ("text", "image", "list", "number", "boolean") or not GROUPS.search(name) or not 10 < distinct < 0.7 * len(there):
        return []
    return [f"'{name}' looks like a group ({distinct:,} values in {len(there):,} rows) and the split is random: rows of one value are in several parts; if new values are to be predicted, use 'split: {{group: {name}}}'"]


def texts(said: Sequence[str], base: Base, most: int) -> tuple[dict[str, float], list[str]]:
    """The shares of texts that are cut at `most` tokens and of tokens that the base does not know, and sentences where they matter."""
    from tokenizers import Tokenizer

    some = [t for t in dict.fromkeys(said) if t.strip()][:TEXTS]
    if not some or not (base.folder / "tokenizer.json").is_file():
        return {}, []
    net = Tokenizer.from_file(str(base.folder / "tokenizer.json"))
    net.no_padding()
    net.no_truncation()
    ids = [e.ids for e in net.encode_batch(some)]
    word = getattr(net.model, "unk_token", None)
    unknown = net.token_to_id(word) if isinstance(word, str) else None
    own = net.num_special_tokens_to_add(False)
    tokens = sum(len(i) - own for i in ids)
    shares = {"cut": sum(len(i) > most for i in ids) / len(ids), "unknown": sum(i.count(unknown) for i in ids) / max(1, tokens) if unknown is not None else 0.0}
    found = []
    if shares["cut"] > 0:
        found.append(f"{shares['cut']:.1%} of the texts are longer than max_length ({most} tokens); what is past it is not read")
    if shares["unknown"] > UNKNOWN:
        found.append(f"'{base.name}' does not know {shares['unknown']:.0%} of the tokens of these texts: it does not know their language or script; use a base that does")
    return {k: round(v, 4) for k, v in shares.items()}, found


def figures(said: Array, parts: Parts, metrics: Mapping[str, Any]) -> list[str]:
    """What the test rows say: classes that are never predicted, and intervals that do not hold their level."""
    found = []
    if parts.task.labels and not parts.task.many and len(said):
        there, told = set(parts.y["test"].tolist()), set(said.argmax(1).tolist())
        if never := [parts.task.labels[k] for k in range(len(parts.task.labels)) if k in there and k not in told]:
            more = f" and {len(never) - 8} more" if len(never) > 8 else ""
            found.append(f"never predicted on the test rows: {', '.join(repr(n) for n in never[:8])}{more}")
    if (held := metrics.get("interval_coverage")) is not None:
        level = metrics["interval_level"]
        low = [s for s in metrics["coverage_by_slice"] if s["p"] < 0.05 / max(1, len(metrics["coverage_by_slice"]))]
        if held < level - 2 * (level * (1 - level) / max(1, metrics["rows"])) ** 0.5:
            found.append(f"intervals of level {level:.0%} hold {held:.1%} of the test rows")
        found += [f"intervals of level {level:.0%} hold {s['covered']:.1%} of the {s['rows']} test rows where {s['where']}" for s in low[:3]]
    return found
