"""The report as one HTML file: no script, no request, every figure from the JSON answer.

Values of private fields are not in the answer, so they are not here.
"""

from __future__ import annotations

from html import escape
from typing import Any

STYLE = """
:root{color-scheme:light dark;--ink:#1d2b2f;--soft:#5d6f73;--paper:#fbfaf6;--card:#fff;
--line:#dfe4df;--good:#2f7d5b;--warn:#b4642b;--water:#3d7ea6}
@media(prefers-color-scheme:dark){
:root{--ink:#e8ece6;--soft:#9fb0ae;--paper:#10181a;--card:#172225;--line:#2a3a3d;--good:#6fc49c;
--warn:#e09a62;--water:#79b6dc}.account span{color:#10181a!important}}
*{box-sizing:border-box}
body{margin:0;padding:2rem clamp(1rem,4vw,4rem);font:15px/1.5 system-ui,sans-serif;color:var(--ink);
background:var(--paper)}
h1{font-size:1.7rem;margin:0 0 .2rem}h2{font-size:1.25rem;margin:2.4rem 0 .3rem}
h3{font-size:1rem;margin:1.4rem 0 .4rem;color:var(--soft)}p{margin:.2rem 0;color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem 1.2rem;
margin:.8rem 0;overflow-x:auto}
.account{display:flex;height:1.5rem;border-radius:6px;overflow:hidden;margin:.6rem 0;
font-size:.75rem}
.account span{display:flex;align-items:center;justify-content:center;color:#fff;min-width:3px;
white-space:nowrap;overflow:hidden}
.whole{display:grid;grid-template-columns:repeat(auto-fit,minmax(12rem,1fr));gap:1rem 2rem}
.whole b{font-size:1.6rem;font-variant-numeric:tabular-nums}
.whole svg{border-radius:3px;margin:.3rem 0}.whole p{font-size:.85rem}
ol{margin:.2rem 0;padding-left:1.4rem}
.facts{display:flex;flex-wrap:wrap;gap:.4rem 2rem}
.facts b{font-size:1.3rem;display:block;font-variant-numeric:tabular-nums}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--line);
white-space:nowrap;vertical-align:middle}
th{color:var(--soft);font-weight:500;font-size:.8rem}td.n{text-align:right;width:1%}
td.said{white-space:normal}
figure{margin:.8rem .8rem .8rem 0}.plot{display:inline-block;vertical-align:top;max-width:100%}
figcaption{color:var(--soft);font-size:.85rem;margin-bottom:.4rem}svg{display:block;max-width:100%}
.bar{fill:var(--water)}.gap{fill:var(--warn)}.full{fill:var(--line)}.warn{color:var(--warn)}
.good{color:var(--good)}
""".strip()
COLOURS = {
    "kept": "var(--good)",
    "quarantined": "var(--warn)",
    "duplicates": "var(--water)",
    "forgotten": "var(--soft)",
    "expired": "var(--soft)",
}


def page(name: str, data: dict[str, Any]) -> str:
    """The whole page."""
    from mesocosm.reports.model_section import model

    body = _whole_of(data["whole"]) if "whole" in data else ""
    body += "".join(_dataset(n, d) for n, d in data["datasets"].items()) + "".join(
        model(n, d) for n, d in data.get("models", {}).items()
    )
    parts = f"{_count(len(data['datasets']), 'dataset')}" + (
        f" and {_count(len(data['models']), 'model')}" if data.get("models") else ""
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width,initial-scale=1"><title>{escape(name)}:'
        f" report</title><style>{STYLE}</style><h1>{escape(name)}</h1><p>{parts}. Every row that"
        " came in is kept, set aside with a reason, or named as a copy; every figure of a model is"
        f" on rows it did not learn from.</p>{body}</html>\n"
    )


def _whole_of(data: dict[str, Any]) -> str:
    """The four scores with their figures, and what to do next."""
    rows = ""
    for name, part in data["parts"].items():
        score, moved = (
            part["score"],
            f" <small>({part['moved']:+.3f})</small>" if part["moved"] else "",
        )
        bar = (
            '<svg width="100%" height="10" viewBox="0 0 100 10" preserveAspectRatio="none"'
            f' role="img" aria-label="{score:.3f} of 1"><rect class="full" width="100"'
            f' height="10"/><rect class="bar" width="{100 * score:.1f}" height="10"/></svg>'
            if score is not None
            else ""
        )
        rows += (
            f"<div><b>{'–' if score is None else f'{score:.3f}'}</b>{moved}"
            f" {escape(name)}{bar}<p>{escape(part['says'])}</p></div>"
        )
    todo = "".join(f"<li>{escape(one)}</li>" for one in data["next"])
    told = (
        f"<h3>What to do next</h3><div class='card'><ol>{todo}</ol></div>"
        if todo
        else "<p>Nothing calls for anything.</p>"
    )
    return f'<h2>The whole</h2><div class="card whole">{rows}</div>{told}'


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _dataset(name: str, data: dict[str, Any]) -> str:
    a, r = data["account"], data["report"]
    parts = "".join(
        f'<span style="width:{100 * a[k] / max(1, a["in"]):.3f}%;background:{c}" title="{a[k]}'
        f' {k}">{f"{a[k]:,} {k}" if a[k] > 0.15 * a["in"] else ""}</span>'
        for k, c in COLOURS.items()
        if a.get(k)
    )
    facts = [
        ("rows in", f"{a['in']:,}"),
        ("kept", f"{a['kept']:,}"),
        ("quarantined", f"{a['quarantined']:,}"),
        ("copies removed", f"{a['duplicates']:,}"),
        ("quality", f"{r['quality']:.3f}"),
        ("completeness", f"{_whole(r['before']):.2%} → {_whole(r['after']):.2%}"),
    ]
    facts += [
        ("validity", f"{a['kept'] / max(1, a['in'] - a['duplicates']):.2%}"),
        ("uniqueness", f"{1 - a['duplicates'] / max(1, a['in']):.2%}"),
    ]
    facts += [("consistency", f"{r['consistency']:.2%}")] if "consistency" in r else []
    facts += [("accuracy", f"{r['accuracy']['_all']:.2%}")] if "accuracy" in r else []
    facts += [(f"newest {n}", escape(str(day))) for n, day in list(r.get("newest", {}).items())[:2]]
    said = "".join(f"<div><b>{v}</b>{escape(k)}</div>" for k, v in facts)
    origins = "; ".join(
        f"{escape(s)}: {escape(o.get('origin') or 'origin not stated')}"
        + (f", {escape(o['licence'])}" if o.get("licence") else "")
        for s, o in r.get("origins", {}).items()
    )
    out = (
        f"<h2>{escape(name)}</h2><p>{escape(data['id'])}{' · ' + origins if origins else ''}</p><div"
        f' class="card"><div class="facts">{said}</div><div class="account">{parts}</div></div>'
    )
    out += _sources(r.get("sources", {}))
    if r["reasons"]:
        rows = "".join(
            f'<tr><td class="n">{n:,}</td><td class="said">{escape(why)}</td></tr>'
            for why, n in sorted(r["reasons"].items(), key=lambda x: -x[1])
        )
        out += (
            "<h3>Why rows were set aside</h3><div"
            f' class="card"><table><tr><th>rows</th><th>reason</th></tr>{rows}</table></div>'
        )
    for sentence, count in r.get("warned", {}).items():
        out += (
            '<p class="warn">Warning:'
            f" {escape(sentence)}{f' ({count:,} rows)' if count > 1 else ''}</p>"
        )
    out += "<h3>Fields, before and after</h3>" + _fields(r, data.get("training", {}))
    return out + _matrix(r) + _examples(r) + _anonymity(r)


def _sources(accounts: dict[str, Any]) -> str:
    """The account of each source: a row a source, and where rows that were not used are."""
    if not accounts:
        return ""
    keys = ("read", "used", "unmatched", "repeated", "rejected")
    rows = "".join(
        f"<tr><td>{escape(source)}</td><td>{escape(one['role'])}</td>"
        + "".join(f'<td class="n">{one[k]:,}</td>' for k in keys)
        + f"<td>{escape(', '.join([*one.get('repeated_at', []), *one.get('unmatched_at', [])]))}</td></tr>"
        for source, one in accounts.items()
    )
    head = "".join(
        f"<th>{k}</th>" for k in ("source", "role", *keys, "first rows that are not used")
    )
    return (
        f'<h3>Rows of each source</h3><div class="card"><table><tr>{head}</tr>{rows}</table></div>'
    )


def _matrix(r: dict[str, Any]) -> str:
    """Which fields are missing together: a row a pattern, a mark where a field is missing."""
    found = [p for p in r.get("patterns", []) if p["missing"]]
    if not found:
        return ""
    names = [n for n in r["before"] if any(n in p["missing"] for p in found)]
    head = "".join(f"<th>{escape(n)}</th>" for n in names)
    body = "".join(
        f'<tr><td class="n">{p["rows"]:,}</td>'
        + "".join(
            f"<td>{_CELL.format('gap', 'missing') if n in p['missing'] else _CELL.format('full', 'there')}</td>"
            for n in names
        )
        + "</tr>"
        for p in found
    )
    return (
        "<h3>What is missing together</h3><div"
        f' class="card"><table><tr><th>rows</th>{head}</tr>{body}</table></div>'
    )


_CELL = (
    '<svg width="34" height="12" role="img" aria-label="{1}"><rect class="{0}" width="34"'
    ' height="12" rx="2"/></svg>'
)


def _examples(r: dict[str, Any]) -> str:
    rows = ""
    for name, pairs in r.get("examples", {}).items():
        for i, (before, after) in enumerate(pairs):
            rows += f"<tr><td>{f'<b>{escape(name)}</b>' if not i else ''}</td><td>{_cell(before)}</td><td>{_cell(after)}</td></tr>"
    return (
        "<h3>Values as they came and as they are kept</h3><div"
        ' class="card"><table><tr><th>field</th><th>came as</th><th>kept'
        f" as</th></tr>{rows}</table></div>"
        if rows
        else ""
    )


def _cell(value: str | None) -> str:
    return (
        '<span class="warn">missing</span>'
        if value is None or not value.strip()
        else f"<code>{escape(value)}</code>"
    )


def _anonymity(r: dict[str, Any]) -> str:
    a = r.get("anonymity")
    if not a:
        return ""
    several = (
        f", at least {a['l']} values of {escape(a['sensitive'])} in each"
        if a.get("sensitive")
        else ""
    )
    return (
        f"<h3>Anonymity</h3><p>{a['groups']:,} groups by {escape(', '.join(a['of']))}; the smallest"
        f" has {a['smallest']} rows (k = {a['k']}{several}). {a['loss']:.1%} of the detail is lost;"
        f" the risk of one row is at most {a['risk']:.1%}.</p>"
    )


def _whole(profile: dict[str, Any]) -> float:
    cells = sum(p["rows"] for p in profile.values()) or 1
    return float(1 - sum(p["missing"] for p in profile.values()) / cells)


def _fields(r: dict[str, Any], training: dict[str, Any]) -> str:
    rows = ""
    for name, before in r["before"].items():
        after, treated = r["after"][name], r["treated"].get(name, {})
        unread = r.get("unreadable", {}).get(name)
        did = [
            f"{unread:,} unreadable" if unread else "",
            f"{treated['filled']:,} filled" if treated.get("filled") else "",
            f"{treated['outside']:,} outside the fence" if treated.get("outside") else "",
            f"{r['mended'][name]:,} mended" if r.get("mended", {}).get(name) else "",
        ]
        spread = (
            f"{_figure(before.get('mean'))} ± {_figure(before.get('sd'))} →"
            f" {_figure(after.get('mean'))} ± {_figure(after.get('sd'))}"
            if "mean" in before
            else ""
        )
        rows += (
            f"<tr><td><b>{escape(name)}</b></td><td>{_gap(before)}</td><td>{_gap(after)}</td><td"
            f" class='n'>{before['distinct']:,} → {after['distinct']:,}</td>"
            f"<td>{escape(', '.join(d for d in did if d)) or '–'}</td><td>{spread}</td><td>{_plot(training.get(name))}</td></tr>"
        )
    head = "".join(
        f"<th>{h}</th>"
        for h in (
            "field",
            "missing before",
            "after",
            "distinct",
            "what the steps changed",
            "mean ± sd",
            "training rows",
        )
    )
    return f'<div class="card"><table><tr>{head}</tr>{rows}</table></div>'


def _gap(profile: dict[str, Any]) -> str:
    share = profile["missing"] / max(1, profile["rows"])
    return (
        f'<svg width="110" height="16" role="img" aria-label="{share:.1%} missing"><rect'
        ' class="full" width="60" height="10" y="3" rx="2"/><rect class="gap"'
        f' width="{60 * share:.1f}" height="10" y="3" rx="2"/><text x="66" y="13" font-size="11"'
        f' fill="currentColor">{share:.1%}</text></svg>'
    )


def _figure(value: Any) -> str:
    return "–" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _plot(spread: dict[str, Any] | None) -> str:
    """A histogram of 24 bins from 200 quantiles, or the eight most frequent values."""
    if not spread:
        return ""
    if "counts" in spread:
        counts = list(spread["counts"].items())[:8]
        names = [f"{k}: {v:,}" for k, v in counts]
        heights = [v for _, v in counts]
    else:
        points = spread["numbers"]
        low, high = points[0], points[-1]
        heights, names = [0] * 24, [f"{low + (high - low) * i / 24:.4g}" for i in range(24)]
        for p in points:
            heights[min(23, int(24 * (p - low) / (high - low)))] += 1 if high > low else 0
    top = max(heights, default=0) or 1
    wide = 84 / max(1, len(heights))
    bars = "".join(
        f'<rect class="bar" x="{i * wide:.1f}" y="{30 - 30 * h / top:.1f}" width="{wide - 1:.1f}"'
        f' height="{30 * h / top:.1f}"><title>{escape(n)}</title></rect>'
        for i, (h, n) in enumerate(zip(heights, names, strict=True))
    )
    return f'<svg width="84" height="30" role="img" aria-label="histogram">{bars}</svg>'
