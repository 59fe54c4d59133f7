"""A model's part of the report: figures beside baselines, curves of training, of trials and of
rows, weak spots.

Every figure comes from the JSON answer; plots are SVG without script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from mesocosm.learning.evaluation.model_card import LEADING, MAIN, leading_metric

WIDE, HIGH, PAD = 360, 150, 34
Points = Sequence[tuple[float, float]]


def model(name: str, data: Mapping[str, Any]) -> str:
    """The section of one model: of its version in service, with the versions made after it."""
    m, recipe = data["metrics"], data["recipe"]
    key = leading_metric(m)
    facts = [
        (LEADING[key].replace("_", " "), _n(m[key])),
        ("held-out rows", f"{m['rows']:,}"),
        ("training rows", f"{recipe['rows']['train']:,}"),
        ("seconds", _n(m.get("seconds"))),
    ]
    said = "".join(f"<div><b>{escape(v)}</b>{escape(k)}</div>" for k, v in facts)
    state = "good" if data["state"] == "champion" else "warn"
    base = f"{recipe['base']}, {recipe['method']}, " if recipe["base"] else ""
    out = (
        f"<h2>{escape(name)}</h2><p>{escape(data['id'])} · <span"
        f' class="{state}">{escape(data["state"])}</span> ({escape(data["why"])}) ·'
        f" {escape(base)}{escape(recipe['head'])} head · learnt from {escape(data['snapshot'])}</p>"
    )
    out += "".join(
        f'<p class="warn">{escape(one[0].upper() + one[1:])}.</p>' for one in m.get("warnings", [])
    )
    out += (
        f'<div class="card"><div class="facts">{said}</div></div>'
        + _others(data.get("others", []))
        + _figures(m)
        + _plots(m, recipe, key)
        + _trials(recipe)
        + _classes(m)
        + _examples(m)
        + _weak(m)
    )
    return out


def _others(others: Sequence[Mapping[str, Any]]) -> str:
    """The versions made after the one in service."""
    rows = "".join(
        f'<tr><td>{escape(o["id"])}</td><td><span class="warn">{escape(o["state"])}</span>,'
        f" {escape(o['does'])}</td><td"
        f' class="said">{escape(o["why"])}</td><td>{escape(o["figure"].replace("_", " "))}'
        f" {_n(o['value'])}</td></tr>"
        for o in others
    )
    return (
        "<h3>Later versions</h3><div"
        ' class="card"><table><tr><th>version</th><th>state</th><th>why</th><th>on its own'
        f" held-out rows</th></tr>{rows}</table></div>"
        if rows
        else ""
    )


def _figures(m: Mapping[str, Any]) -> str:
    beside = list(m["baselines"])
    head = "".join(
        f"<th>{escape(h)}</th>" for h in ("figure", "this version", "95 % interval", *beside)
    )
    rows = ""
    for key in (k for k in MAIN if k in m):
        low, high = m["interval"].get(key, (None, None))
        rows += (
            f"<tr><td>{key.replace('_', ' ')}</td><td><b>{_n(m[key])}</b></td><td>{'' if low is None else f'{_n(low)} to {_n(high)}'}</td>"
            + "".join(f"<td>{_n(m['baselines'][b].get(key))}</td>" for b in beside)
            + "</tr>"
        )
    out = (
        "<h3>Figures on held-out rows</h3><div"
        f' class="card"><table><tr>{head}</tr>{rows}</table></div>'
    )
    if m.get("beside"):
        key = leading_metric(m)
        rows = "".join(
            f"<tr><td>{escape(n)}</td><td>{_n(b.get(key))}</td><td>{b['gain']:+.3f}</td><td>{b['p']:.2g}</td><td>{b.get('rows', m['rows']):,}</td></tr>"
            for n, b in m["beside"].items()
        )
        out += (
            "<h3>Beside its parts and the last version, on the same rows</h3><div"
            f' class="card"><table><tr><th></th><th>{key}</th><th>gain of this'
            f" version</th><th>p</th><th>rows</th></tr>{rows}</table></div>"
        )
    return out


def _plots(m: Mapping[str, Any], recipe: Mapping[str, Any], key: str) -> str:
    plots = []
    history = recipe.get("history") or []
    if history:
        lines = {
            "training": [(r["epoch"], r["train_loss"]) for r in history],
            "held out": [(r["epoch"], r["held_loss"]) for r in history],
        }
        plots.append(("Loss by epoch", plot(lines, "epoch", "loss")))
    rows = [(c["rows"], c[key]) for c in m.get("curve", []) if c.get(key) is not None]
    if len(rows) > 1:
        plots.append(
            (
                f"{'Accuracy' if key == 'accuracy' else 'R2'} by training rows",
                plot({key: rows}, "rows", key),
            )
        )
    return "".join(
        f'<figure class="card plot"><figcaption>{t}</figcaption>{svg}</figure>' for t, svg in plots
    )


def _trials(recipe: Mapping[str, Any]) -> str:
    if recipe.get("auto"):
        rows = "".join(
            f"<tr><td>{escape(a['tried'])}</td>"
            + (
                f"<td colspan=3>{escape(a['why_not'])}</td>"
                if "why_not" in a
                else f"<td>{escape(a['head'])}</td><td>{_n(a['loss'])}</td><td>{_n(a['seconds'])}</td>"
            )
            + "</tr>"
            for a in recipe["auto"]
        )
        return (
            "<h3>What was tried</h3><div"
            f" "
            f'class="card"><table><tr><th></th><th>head</th><th>loss</th><th>seconds</th></tr>{rows}</table></div>'
        )
    trials = recipe.get("trials") or []
    if not trials:
        return ""
    whole = [(i, t["loss"]) for i, t in enumerate(trials, 1) if t["loss"] is not None]
    best: list[tuple[float, float]] = []
    for i, loss in whole:
        best.append((i, min(loss, best[-1][1] if best else loss)))
    top = min(whole, key=lambda t: t[1])[0] if whole else 0
    head = "".join(f"<th>{escape(k.removeprefix('tune.'))}</th>" for k in trials[0]["settings"])
    rows = "".join(
        f"<tr><td>{'<b class=good>' if i == top else ''}{i}{'</b>' if i == top else ''}</td>"
        + "".join(
            f"<td>{escape(_n(v) if isinstance(v, (int, float)) else str(v))}</td>"
            for v in t["settings"].values()
        )
        + f"<td>{_n(t['loss']) if t['loss'] is not None else 'given up after epoch ' + str(len(t['epochs']))}</td><td>{_n(t.get('seconds'))}</td></tr>"
        for i, t in enumerate(trials, 1)
    )
    out = "<h3>What was tried</h3>"
    if len(whole) > 1:
        out += (
            '<figure class="card plot"><figcaption>Held-out loss by trial, and the lowest so'
            f" "
            f"far</figcaption>{plot({'trial': whole, 'lowest': best}, 'trial', 'loss', dots=('trial',))}</figure>"
        )
    weighed = recipe.get("importance") or {}
    if weighed:
        bars = "".join(
            f'<tr><td>{escape(k.removeprefix("tune."))}</td><td><svg width="170" height="12"'
            f' role="img" aria-label="{v:.0%}"><rect class="full" width="160" height="10"'
            f' rx="2"/><rect class="bar" width="{160 * v:.1f}" height="10"'
            f' rx="2"/></svg></td><td>{v:.0%}</td></tr>'
            for k, v in weighed.items()
        )
        out += (
            '<figure class="card plot"><figcaption>How much each setting'
            f" mattered</figcaption><table>{bars}</table></figure>"
        )
    return (
        out + "<div"
        f" "
        f'class="card"><table><tr><th>trial</th>{head}<th>loss</th><th>seconds</th></tr>{rows}</table></div>'
    )


def _classes(m: Mapping[str, Any]) -> str:
    found = list(m["classes"].items())
    if not found:
        return ""
    some = sorted(found, key=lambda c: c[1]["f1"] if c[1]["f1"] is not None else 2)[:20]
    rows = "".join(
        f"<tr><td>{escape(n)}</td><td>{c['rows']:,}</td><td>{_n(c['precision'])}</td><td>{_n(c['recall'])}</td><td>{_n(c['f1'])}</td></tr>"
        for n, c in some
    )
    title = (
        "Classes" if len(some) == len(found) else f"The {len(some)} weakest of {len(found)} classes"
    )
    return (
        f"<h3>{title}</h3><div"
        f" "
        f'class="card"><table><tr><th>class</th><th>rows</th><th>precision</th><th>recall</th><th>F1</th></tr>{rows}</table></div>'
    )


def _examples(m: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td class=said>{escape(e['asked'])}</td><td class=said>{escape(e['wrote'])}</td><td"
        f" class=said>{escape(e['wanted'])}</td></tr>"
        for e in m.get("examples", [])
    )
    return (
        '<h3>What it writes</h3><div class="card"><table><tr><th>asked</th><th>written</th><th>the'
        f" row says</th></tr>{rows}</table></div>"
        if rows
        else ""
    )


def _weak(m: Mapping[str, Any]) -> str:
    out = ""
    if m.get("slices"):
        rows = "".join(
            f"<tr><td class=said>{escape(s['where'])}</td><td>{s['rows']:,}</td><td"
            f" class=warn>{_n(s['accuracy'])}</td><td>{s['p']:.2g}</td></tr>"
            for s in m["slices"]
        )
        out += (
            '<h3>Where it is weak</h3><div class="card"><table><tr><th>rows'
            f" where</th><th>rows</th><th>accuracy</th><th>p</th></tr>{rows}</table></div>"
        )
    if m.get("interval_coverage") is not None:
        rows = "".join(
            "<tr><td"
            f" "
            f"class=said>{escape(s['where'])}</td><td>{s['rows']:,}</td><td>{s['covered']:.1%}</td></tr>"
            for s in m["coverage_by_slice"]
        )
        out += (
            f"<h3>Intervals</h3><p>Intervals of level {m['interval_level']:.0%} hold"
            f" {m['interval_coverage']:.1%} of the test rows.</p><div"
            ' class="card"><table><tr><th>rows'
            f" where</th><th>rows</th><th>inside</th></tr>{rows}</table></div>"
        )
    if "robustness" in m:
        r = m["robustness"]
        out += (
            f"<h3>Robustness</h3><p>Accuracy {_n(r['as_they_are'])} as the texts are,"
            f" {_n(r['typo'])} with slips of the finger, {_n(r['paraphrase'])} in other words"
            f" ({r['rows']:,} rows).</p>"
        )
    if "fairness" in m:
        f = m["fairness"]
        out += (
            f"<h3>Fairness</h3><p>Greatest gaps between groups by {escape(', '.join(f['fields']))}:"
            f" chosen {_n(f['parity_gap'])}, found or mistaken {_n(f['odds_gap'])}, accuracy"
            f" {_n(f['accuracy_gap'])}.</p>"
        )
    return out


def plot(lines: Mapping[str, Points], x: str, y: str, dots: Sequence[str] = ()) -> str:
    """Lines over one pair of axes as SVG, their names at the end; those in `dots` as points
    only.
    """
    xs = [p[0] for points in lines.values() for p in points]
    ys = [p[1] for points in lines.values() for p in points]
    low_x, high_x, low_y, high_y = min(xs), max(xs), min(ys), max(ys)
    room = (high_y - low_y or abs(high_y) or 1) * 0.08
    low_y, high_y = low_y - room, high_y + room

    def at(point: tuple[float, float]) -> tuple[float, float]:
        across = (point[0] - low_x) / (high_x - low_x) if high_x > low_x else 0.5
        return PAD + across * (WIDE - 2 * PAD - 30), HIGH - 24 - (point[1] - low_y) / (
            high_y - low_y
        ) * (HIGH - 36)

    out = ""
    for number, (name, points) in enumerate(lines.items()):
        spots = [at(p) for p in points]
        colour = ("var(--water)", "var(--warn)")[number % 2]
        if name not in dots and len(spots) > 1:
            out += (
                f'<polyline fill="none" stroke="{colour}" stroke-width="2"'
                f' points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in spots)}"/>'
            )
        out += "".join(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"><title>{escape(name)}: {x}'
            f" {_n(p[0])}, {y} {_n(p[1])}</title></circle>"
            for (a, b), p in zip(spots, points, strict=True)
        )
        if len(lines) > 1:
            a, b = spots[-1]
            out += (
                f'<text x="{a + 6:.1f}"'
                f" "
                f'y="{b + 4 + 11 * (number if abs(spots[-1][1] - at(list(lines.values())[0][-1])[1]) < 11 else 0):.1f}"'
                f' font-size="11" fill="{colour}">{escape(name)}</text>'
            )
    axes = f'<path d="M{PAD - 6} 8V{HIGH - 18}H{WIDE - PAD}" fill="none" stroke="var(--line)"/>'
    marks = (
        f'<text x="{PAD - 10}" y="{at((low_x, max(ys)))[1] + 4:.1f}"'
        f' text-anchor="end">{_n(max(ys))}</text><text x="{PAD - 10}"'
        f' y="{at((low_x, min(ys)))[1] + 4:.1f}" text-anchor="end">{_n(min(ys))}</text>'
    )
    marks += (
        f'<text x="{at((low_x, 0))[0]:.1f}" y="{HIGH - 5}" text-anchor="middle">{_n(low_x)}</text>'
        + (
            f'<text x="{at((high_x, 0))[0]:.1f}" y="{HIGH - 5}" text-anchor="middle">{_n(high_x)}'
            f" {escape(x)}</text>"
            if high_x > low_x
            else ""
        )
    )
    return (
        f'<svg viewBox="-14 0 {WIDE + 14} {HIGH}" width="{WIDE + 14}" height="{HIGH}" role="img"'
        f' aria-label="{escape(y)} by {escape(x)}"><g font-size="11"'
        f' fill="var(--soft)">{marks}</g>{axes}{out}</svg>'
    )


def _n(value: Any) -> str:
    if value is None:
        return "–"
    return (
        f"{value:,}"
        if isinstance(value, int) or float(value).is_integer() and abs(value) >= 1
        else f"{value:.3g}"
        if abs(value) < 1e-2 or abs(value) >= 100
        else f"{value:.3f}"
    )
