"""The report as one HTML file: no script, no request, every number from the JSON answer.

Values of private fields are not in the answer, so they are not here.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mesocosm.core.messages import Message, render_stored
from mesocosm.core.messages.language import SOURCE, current_language
from mesocosm.reports.page.dataset_section import render_dataset
from mesocosm.reports.page.markup import card, title

if TYPE_CHECKING:
    from mesocosm.reports.report_data import HealthData, ReportData, ScoreData

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
OF_LANGUAGE = {  # the tag of a language, and the fonts of its letters
    SOURCE: (SOURCE, ""),
    "zh": (
        "zh-CN",
        "body{font-family:system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',"
        "'Source Han Sans SC','WenQuanYi Micro Hei',sans-serif}svg text{font-family:inherit}",
    ),
}
INTRODUCTION = Message("reports.html.introduction")
SCORES = {
    "data quality": Message("cli.report.score.data"),
    "model quality": Message("cli.report.score.models"),
    "stability": Message("cli.report.score.stability"),
    "experience": Message("cli.report.score.experience"),
}


def render_report(name: str, data: ReportData) -> str:
    """The whole page.

    Args:
        name: the ecosystem's name.
        data: the JSON answer: `datasets` and `models` by name, and the health under `whole`.
    """
    from mesocosm.reports.page.model_section import render_model

    body, models = "", data.get("models") or {}
    if "whole" in data:
        body = _render_health(data["whole"])
    for dataset, record in data["datasets"].items():
        body += render_dataset(dataset, record)
    for model, version in models.items():
        body += render_model(model, version)
    parts = _count_parts(len(data["datasets"]), len(models))
    language, fonts = OF_LANGUAGE[current_language()]
    head = (
        '<meta charset="utf-8"><meta name="viewport"'
        ' content="width=device-width,initial-scale=1">'
        f"<title>{title(Message('reports.html.page', name=name))}</title>"
        f"<style>{STYLE}{fonts}</style>"
    )
    introduced = f"<h1>{escape(name)}</h1><p>{parts} {INTRODUCTION.render()}</p>"
    return f'<!doctype html><html lang="{language}">{head}{introduced}{body}</html>\n'


def _count_parts(datasets: int, models: int) -> str:
    """How many datasets and models a report is of."""
    parts = Message("reports.html.datasets", count=datasets)
    if models:
        of_models = Message("reports.html.models", count=models)
        parts = Message("reports.html.datasets_and_models", datasets=parts, models=of_models)
    return Message("reports.html.parts", parts=parts).render()


def _render_health(data: HealthData) -> str:
    """The four scores with their sentences, and the recommendations."""
    scores = "".join(_render_score(name, part) for name, part in data["parts"].items())
    advice = Message("reports.html.no_recommendations").render()
    if data["next"]:
        items = "".join(
            f"<li>{escape(render_stored(advised, advised['text']))}</li>"
            for advised in data["recommendations"]
        )
        advice = Message("reports.html.recommendations", items=card(f"<ol>{items}</ol>")).render()
    return Message("reports.html.health", scores=scores, advice=advice).render()


def _render_score(name: str, part: ScoreData) -> str:
    """One score with its bar; a dash where it was not measured."""
    score, shown, bar, moved = part["score"], "–", "", ""
    if score is not None:
        shown = f"{score:.3f}"
        label = title(Message("reports.html.score_of_1", score=score))
        bar = (
            '<svg width="100%" height="10" viewBox="0 0 100 10" preserveAspectRatio="none"'
            f' role="img" aria-label="{label}"><rect class="full" width="100"'
            f' height="10"/><rect class="bar" width="{100 * score:.1f}" height="10"/></svg>'
        )
    says = render_stored(part.get("message") or {}, part["says"])
    if part["moved"]:
        moved = f" <small>({part['moved']:+.3f})</small>"
    return f"<div><b>{shown}</b>{moved} {title(SCORES[name])}{bar}<p>{escape(says)}</p></div>"
