"""A model card in Markdown, written from a version's record. Knows the record's shape only.

Source: Mitchell et al. 2019, arXiv 1810.03993 (the sections).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

MAIN = (
    "accuracy",
    "macro_f1",
    "auc",
    "log_loss",
    "brier",
    "calibration_error",
    "rank_error",
    "kappa",
    "r2",
    "mae",
    "rmse",
    "median_error",
    "micro_f1",
    "example_f1",
    "subset_accuracy",
    "hamming_loss",
    "span_f1",
    "span_precision",
    "span_recall",
    "token_accuracy",
    "hit_rate_at_10",
    "ndcg_at_10",
    "coverage",
    "diversity",
    "mrr",
    "recall_at_1",
    "recall_at_5",
    "recall_at_10",
    "perplexity",
    "rouge_l",
    "token_f1",
    "exact",
)
LEADING = {
    "accuracy": "accuracy",
    "micro_f1": "micro F1",
    "r2": "R2",
    "ndcg_at_10": "NDCG at 10",
    "span_f1": "F1 of named things",
    "mrr": "mean reciprocal rank",
    "rouge_l": "ROUGE-L",
}


def leading_metric(figures: Mapping[str, Any]) -> str:
    """The figure that speaks first for a model, by its key.

    >>> leading({"macro_f1": 0.8, "accuracy": 0.9}), leading({"rouge_l": 0.3})
    ('accuracy', 'rouge_l')
    """
    return next((k for k in LEADING if k in figures), "accuracy")


def render_card(version: Mapping[str, Any], about: str, data: Mapping[str, Any]) -> str:
    """The card.

    Args:
        version: `id`, `state`, `why`, `at`, `snapshot`, `metrics`, `recipe`.
        about: what the model is for, in the file's words.
        data: of its dataset: `name`, `account`, `origins`, `purpose`, `files`.
    """
    m, recipe = version["metrics"], version["recipe"]
    made = datetime.fromtimestamp(float(version["at"]), UTC).strftime("%Y-%m-%d %H:%M UTC")
    out = [f"# {version['id']}", "", about, ""] if about else [f"# {version['id']}", ""]
    if m.get("warnings"):
        out[2:2] = [
            f"**{one[0].upper()}{one[1:]}.**" if i == 0 else f"- {one}"
            for i, one in enumerate(m["warnings"])
        ] + [""]
    out += [
        "## Model",
        "",
        (
            f"- Made: {made}; state:"
            f" {version['state']}{' (' + version['why'] + ')' if version['why'] else ''}"
        ),
        (
            f"- Base: {recipe['base'] or 'none'} ({recipe['licence'] or 'no licence needed'});"
            f" method: {recipe['method']}; head: {recipe['head']}; served in {recipe['precision']}"
        ),
        *_batches(recipe),
        *_seen(recipe),
        (
            f"- "
            f"{'Writes ' + repr(recipe['predict']) if recipe.get('task') == 'text' else 'Tags words as ' + repr(recipe['predict']) if recipe.get('task') == 'tags' else 'Ranks ' + repr(recipe['predict']) if recipe.get('task') == 'ranking' else 'Finds ' + repr(recipe['predict']) if recipe.get('task') else 'Predicts one of ' + str(len(recipe['labels'])) + ' classes' if recipe['labels'] else 'Predicts a number'}"
            f" from: {', '.join(recipe['inputs'])}"
        ),
        (
            f"- Seed: {recipe['seed']}; training took {m.get('seconds', float('nan')):.1f}"
            f" s{_priced(m)}"
        ),
        *_made_with(recipe.get("environment", {})),
        "",
        "## Data",
        "",
        f"- Dataset: {data['name']}, version {version['snapshot']}"
        + (f"; purpose: {data['purpose']}" if data.get("purpose") else ""),
        f"- Account: {', '.join(f'{k} {v}' for k, v in data['account'].items())}",
        *(
            f"- Source {s}: origin {o.get('origin') or 'not told'}, licence"
            f" {o.get('licence') or 'not told'}"
            for s, o in data.get("origins", {}).items()
        ),
        f"- Rows: {', '.join(f'{p} {n}' for p, n in recipe['rows'].items())}",
    ]
    if recipe.get("auto"):
        out += [
            "",
            "What was tried for it (`base: auto`):",
            "",
            *(
                f"- {a['tried']}: "
                + (
                    a["why_not"]
                    if "why_not" in a
                    else f"{a['head']} head, loss {a['loss']:.4f} in {a['seconds']:.1f} s"
                )
                for a in recipe["auto"]
            ),
            "",
        ]
    shared = m.get("leaks", {}).get("shared", 0)
    out += [f"- {shared} test rows equal a training row in every input", ""]
    out += [
        "## Figures on held-out rows",
        "",
        "| metric | value | 95 % interval | " + " | ".join(m["baselines"]) + " |",
        "|---" * (3 + len(m["baselines"])) + "|",
    ]
    for key in (k for k in MAIN if k in m):
        low, high = m["interval"].get(key, (None, None))
        span = "" if low is None else f"{low:.3f} to {high:.3f}"
        out.append(
            f"| {key} | {_said(m.get(key))} | {span} | "
            + " | ".join(_said(b.get(key)) for b in m["baselines"].values())
            + " |"
        )
    figure = leading_metric(m)
    test = {"accuracy": "McNemar", "r2": "Wilcoxon, absolute errors"}.get(figure, "Wilcoxon")
    out += [
        "",
        *(
            f"- Against {name}: {m[f'gain_over_{name}']:+.3f} {LEADING[figure]}, p = {b['p']:.3g}"
            f" ({test}, same rows)"
            for name, b in m["baselines"].items()
            if "p" in b
        ),
    ]
    for one in m.get("examples", [])[:3]:
        out += [
            "",
            f"> {' '.join(one['asked'].split())[:300]}",
            "",
            f"wrote: {' '.join(one['wrote'].split())[:300]}",
            "",
            f"the row says: {' '.join(one['wanted'].split())[:300]}",
        ]
    out += [
        f"- Beside {name}{' (' + str(b['rows']) + ' rows)' if 'rows' in b else ''}:"
        f" {_said(b.get(figure))}, this version {b['gain']:+.3f}, p = {b['p']:.3g} ({test})"
        for name, b in m.get("beside", {}).items()
    ]
    if m.get("known"):
        k = m["known"]
        out += [
            f"- On the {k['rows']} rows by which the last version was judged: {k['what']}"
            f" {k['then']:.3f} then, {k['now']:.3f} now"
        ]
    if m["classes"]:
        out += ["", "| class | rows | precision | recall | F1 |", "|---|---|---|---|---|"]
        out += [
            f"| {name} | {c['rows']} | {_said(c['precision'])} | {_said(c['recall'])} |"
            f" {_said(c['f1'])} |"
            for name, c in m["classes"].items()
        ]
    if m.get("interval_coverage") is not None:
        out += [
            "",
            (
                f"Intervals of level {m['interval_level']:.0%} hold {m['interval_coverage']:.1%} of"
                f" the test rows; their mean width is {m['interval_width']:.4g}."
            ),
            "",
            "| test rows where | rows | inside |",
            "|---|---|---|",
        ]
        out += [
            f"| {s['where']} | {s['rows']} | {s['covered']:.1%} |" for s in m["coverage_by_slice"]
        ]
    out += ["", "## Where it is weak", ""]
    out += [
        f"- {s['where']}: accuracy {s['accuracy']:.3f} on {s['rows']} rows (p = {s['p']:.2g})"
        for s in m.get("slices", [])
    ] or ["- No part of the test rows told by one input has provably more errors than the rest."]
    if "robustness" in m:
        r = m["robustness"]
        out += [
            f"- With slips of the finger: {r['typo']:.3f}; in other words: {r['paraphrase']:.3f};"
            f" as they are: {r['as_they_are']:.3f} (accuracy, {r['rows']} rows)"
        ]
    out += ["", "## Fairness", ""]
    if "fairness" in m:
        f = m["fairness"]
        out += [
            (
                f"Greatest gaps between groups of ten rows or more: chosen {f['parity_gap']:.3f},"
                f" found or mistaken {f['odds_gap']:.3f}, accuracy {f['accuracy_gap']:.3f}."
            ),
            "",
        ]
        for field, groups in f["fields"].items():
            out += [f"| {field} | rows | accuracy |", "|---|---|---|"]
            out += [
                f"| {g} | {v['rows']} | {_said(v.get('accuracy'))} |" for g, v in groups.items()
            ] + [""]
    else:
        out += [
            (
                "No field that tells groups of people was declared (`fair` in the model), so none"
                " was compared."
            ),
            "",
        ]
    return "\n".join(out).rstrip() + "\n"


def _made_with(e: Mapping[str, Any]) -> list[str]:
    if not e:
        return []
    commit = (
        f"; Git commit {e['commit'][:12]}{', with changes' if e['changed'] else ''}"
        if e.get("commit")
        else ""
    )
    return [
        f"- Made with: Python {e['python']} on {e['machine']},"
        f" {', '.join(f'{k} {v}' for k, v in e['libraries'].items())}{commit}"
    ]


def _priced(m: Mapping[str, Any]) -> str:
    told = m.get("price")
    return (
        f" (told before: {told['said']['seconds']:.1f} s and {told['said']['gigabytes']:.1f} GB; it"
        f" came to {told['took']['seconds']:.1f} s and {told['took']['gigabytes']:.1f} GB)"
        if told
        else ""
    )


def _said(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}"


def _batches(recipe: Mapping[str, Any]) -> list[str]:
    """What was measured of answers in batches."""
    told = recipe.get("invariance", {}).get(recipe["precision"])
    if not told or not told["rows"]:
        return []
    how = (
        ""
        if told["invariant"]
        else "; it is served row by row, so that no answer depends on other rows"
    )
    return [
        f"- Batches: answers of {told['rows']} rows alone and in {told['arrangements']}"
        f" arrangements differ by at most {told['difference']:.2g}; {told['moved']:.1%} of the"
        f" decisions change{how}"
    ]


def _seen(recipe: Mapping[str, Any]) -> list[str]:
    """What looked at the images, where there were some."""
    if not recipe.get("images"):
        return []
    sees = recipe["sees"]
    if "base" not in sees:
        return ["- Images: looked at by filters learnt from the training images"]
    tuned = "sight_mb" in recipe
    return [
        f"- Images: looked at by {sees['base']} ({sees['licence']}),"
        f" "
        f"{'tuned by ' + recipe['method'] + ', ' + format(recipe['sight_mb'], '.1f') + ' MB of its own' if tuned else 'as it is'}"
    ]
