"""Drift judged: of what kind it is, whether it harms, and what would mend it.

Knows distributions and what a unit says of rows; raises nothing and repairs nothing. Harm is accuracy that is lost, estimated before
labels come: by the probabilities of the unit itself, held against those on held-out rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mesocosm.operate.drift.features import columns, drifted
from mesocosm.operate.drift.ks import KolmogorovSmirnov

FACTORS = (  # what a wrong unit multiplies by, what it is, and a word of the units that it may happen to (any, where there is none)
    (1.95583, "DM given as EUR or the other way", "DM EUR"), (2.20462, "kg and lb", "kg g t lb oz"), (28.3495, "g and oz", "kg g lb oz"),
    (1.60934, "km and miles", "km m mile miles"), (3.28084, "m and feet", "km m cm ft"), (2.54, "cm and inches", "m cm mm inch"),
    (12.0, "months and years", "year years month months"), (60.0, "minutes and hours", "hour hours h minute minutes min second seconds s"),
    (24.0, "hours and days", "day days hour hours h"), (7.0, "days and weeks", "week weeks day days"), (52.18, "weeks and years", "year years week weeks"),
    (365.25, "days and years", "year years day days"), (3.6, "m/s and km/h", "km/h m/s"), (18.0182, "mmol/L and mg/dL of glucose", "mmol/L mg/dL"),
    (88.42, "umol/L and mg/dL of creatinine", "umol/L mg/dL"), (10.0, "tens", ""), (100.0, "cents or percent", ""), (1000.0, "thousands", ""),
)  # fmt: skip
FAR = 0.5  # how large a factor that nobody knows must be, as a logarithm, before it is called one
NEAR = 0.4  # how far from what was measured, as a logarithm, a factor that is known is looked for
FITS, FITS_KNOWN = 0.01, 0.001  # the p-value over which a feature divided by a factor looks like the training rows; one that is known needs less
FEW = 30  # labelled rows under which they decide nothing
SURE = 0.01  # how unlikely fewer right answers must be before the link itself is said to have changed

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Verdict:
    """What a drift is.

    `kind` is `unit`, `schema`, `label`, `concept` or `covariate`; `harm` the accuracy lost, None where it cannot be told; `remedy` is
    `mend the source`, `recalibrate`, `retrain`, `label rows` or `nothing`; `why` says so in a sentence.
    """

    kind: str
    harm: float | None
    remedy: str
    why: str
    detail: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain data."""
        return {"kind": self.kind, "harm": self.harm, "remedy": self.remedy, "why": self.why, **self.detail}


def judged(
    found: Sequence[Mapping[str, Any]], training: Mapping[str, Any], live: Rows, predict: Callable[[Rows], Sequence[Mapping[str, Any]]],
    held: Rows, said: Callable[[], tuple[int, int, float]], tolerance: float, level: float,
    units: Mapping[str, str | None] | None = None,
) -> Verdict:  # fmt: skip
    """What a drift is.

    Args:
        found: the features that differ, worst first.
        live: cleaned live rows.
        predict: what the unit says of cleaned rows.
        held: cleaned held-out rows, each with its `_label`.
        said: of live rows whose label came back: how many, how many were right, and how many were expected to be.
        tolerance: accuracy that may be lost before a drift is called harmful.
        level: false alarms accepted for one look.
        units: what numbers are measured in, by feature.
    """
    now, before = list(predict(live)), list(predict(held)) if held else []
    sure_now, sure_before = _sure(now), _sure(before)
    lost = round(max(0.0, sure_before - sure_now), 4) if sure_now is not None and sure_before is not None else None
    rows, right, expected = said()
    if rows >= FEW and fewer(rows, right, expected) < SURE:
        gap = round(expected / rows - right / rows, 4)
        why = f"of {rows} answers whose label came back {right} were right, where {expected:.0f} were expected: what the inputs say of the answer has changed"
        return Verdict("concept", gap, "retrain", why, {"labelled": rows, "right": right, "expected": round(expected, 1)})
    unit = _unit(found, training, live, units or {})
    if unit:
        name, factor, known = unit
        mended = [dict(row) | {name: row[name] / factor if row.get(name) is not None else None} for row in live]
        harm, changed = _counterfactual(now, list(predict(mended)))
        what = f" ({known})" if known else ""
        share = f"; {changed:.0%} of the answers change when it is undone" if changed is not None else ""
        loses = f", and about {harm:.3f} of accuracy is lost meanwhile" if harm is not None else ""
        why = f"{name} is {factor:.4g} times what it was and otherwise the same{what}: its source changed, not the world{share}{loses}"
        return Verdict("unit", harm, "mend the source", why, {"feature": name, "factor": round(factor, 4), "changed": changed})
    weights = _label_shift(now, before, held, live, training, level)
    if weights:
        moved = ", ".join(f"{label} {w:.2f}" for label, w in weights.items())
        return Verdict("label", lost, "recalibrate" if (lost or 0) > tolerance else "nothing", f"the classes come in other shares ({moved} times what they were), and rows of each look as before", {"weights": weights})
    names = ", ".join(str(f["feature"]) for f in found[:3])
    if lost is None or lost <= tolerance:
        amount = "" if lost is None else f"; about {lost:.3f} of accuracy is lost, as the answers' own probabilities tell"
        return Verdict("covariate", lost, "nothing" if lost is not None else "label rows", f"other rows come in ({names}){amount}")
    why = f"other rows come in ({names}), and about {lost:.3f} of accuracy is lost, as the answers' own probabilities tell"
    return Verdict("covariate", lost, "retrain" if rows >= FEW else "label rows", why)


def _sure(said: Rows) -> float | None:
    """The accuracy that probabilities promise on average."""
    known = [float(s["probability"]) for s in said if isinstance(s.get("probability"), (int, float))]
    return sum(known) / len(known) if known and len(known) == len(said) else None


def fewer(rows: int, right: int, expected: float) -> float:
    """How likely so few right answers are where as many as expected should be."""
    from scipy.stats import binom

    return float(binom.cdf(right, rows, min(1.0, max(0.0, expected / rows))))


def _factors(unit: str | None) -> list[tuple[float, str]]:
    """What may have happened to a unit; everything, where none is told."""
    if not unit:
        return [(f, text) for f, text, _ in FACTORS]
    parts = {unit, *unit.replace("/", " ").split()}
    return [(f, text) for f, text, words in FACTORS if not words or parts & set(words.split())]


def _unit(found: Sequence[Mapping[str, Any]], training: Mapping[str, Any], live: Rows, units: Mapping[str, str | None]) -> tuple[str, float, str] | None:
    """The one feature that is a multiple of what it was, the factor, and what it is known as; None where the drift is another."""
    import numpy as np

    numbers = [f for f in found if "numbers" in training.get(f["feature"], {})]
    if not numbers or len(found) > 2:  # one source's unit moves one feature, and perhaps one made from it
        return None
    name = str(numbers[0]["feature"])
    unit = units.get(name)
    before = np.sort(np.asarray(training[name]["numbers"], dtype=float))
    now = np.asarray([float(r[name]) for r in live if r.get(name) is not None])
    if not now.size or before[0] < 0 or now.min() < 0:
        return None
    at = np.linspace(0.1, 0.9, 33)
    low, high = np.quantile(before, at), np.quantile(now, at)
    used = (low > 0) & (high > 0)
    if used.sum() < 10:
        return None
    factor = float(np.exp(np.median(np.log(high[used] / low[used]))))
    if abs(np.log(factor)) < 0.1:
        return None
    known = [(f**sign, text) for f, text in _factors(unit) for sign in (1, -1) if abs(np.log(factor) - sign * np.log(f)) < NEAR]
    fits = [(_same(training[name], now / value), value, text) for value, text in known]
    best = max(fits, default=(0.0, 1.0, ""))
    if best[0] > FITS_KNOWN:
        return name, best[1], best[2]
    if abs(np.log(factor)) > FAR and _same(training[name], now / factor) > FITS:
        return name, factor, ""
    return None


def _same(known: Mapping[str, Any], values: Any) -> float:
    return KolmogorovSmirnov().p_value(known, values.tolist())


def _counterfactual(now: Rows, mended: Rows) -> tuple[float | None, float | None]:
    """The accuracy lost by answering as `now` where `mended` knows better, and the share of answers that differ."""
    if not now or not all("probabilities" in s for s in mended):
        return None, None
    lost = sum(max(0.0, float(b["probability"]) - float(b["probabilities"].get(a["label"], 0.0))) for a, b in zip(now, mended, strict=True))
    changed = sum(a["label"] != b["label"] for a, b in zip(now, mended, strict=True))
    return round(lost / len(now), 4), round(changed / len(now), 4)


def _label_shift(now: Rows, before: Rows, held: Rows, live: Rows, training: Mapping[str, Any], level: float) -> dict[str, float] | None:
    """How many times more often each class comes, where that alone explains the drift (black-box shift estimation).

    Source: Lipton, Wang and Smola 2018, arXiv:1802.03916
    """
    import numpy as np

    labels = sorted({str(r["_label"]) for r in held})
    if not 2 <= len(labels) <= 50 or len(held) < 100 or not all("label" in s for s in now):
        return None
    index = {label: i for i, label in enumerate(labels)}
    table, share = np.zeros((len(labels), len(labels))), np.zeros(len(labels))
    for row, one in zip(held, before, strict=True):
        if one["label"] in index:
            table[index[one["label"]], index[str(row["_label"])]] += 1 / len(held)
    for one in now:
        if one["label"] in index:
            share[index[one["label"]]] += 1 / len(now)
    weights = np.clip(np.linalg.lstsq(table, share, rcond=None)[0], 0.0, None)
    if np.abs(weights - 1).max() < 0.3 or not weights.sum():
        return None
    draw = np.random.default_rng(7)
    p = np.array([weights[index[str(r["_label"])]] for r in held])
    again = [held[i] for i in draw.choice(len(held), 2000, p=p / p.sum())]
    expected: dict[str, Any] = {}
    for name, values in columns(again).items():
        if name in training:
            expected[name] = {"numbers": np.quantile(np.asarray(values, dtype=float), np.linspace(0, 1, 200)).tolist(), "rows": len(held)} if "numbers" in training[name] else {"counts": {str(v): round(values.count(v) * len(held) / 2000) for v in set(values)}}
    found, _ = drifted(expected, columns(live), max(level, 0.01))
    return None if found else {label: round(float(w), 2) for label, w in zip(labels, weights, strict=True)}
