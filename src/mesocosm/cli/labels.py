"""`mesocosm labels`: labels of a model's training set that are probably wrong, or rows to label next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.common import AsJson, File, answer, guarded, opened


@guarded
def labels(
    model: str,
    most: Annotated[int, typer.Option("--most", min=1, help="How many to show.")] = 20,
    next_: Annotated[bool, typer.Option("--next", help="Show rows without a label that would teach the model most.")] = False,
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Show the labels that the other rows contradict (confident learning), or with --next the rows to label next (active learning); nothing is changed."""
    from mesocosm.build.labels import doubtful_labels, worth_labelling

    eco = opened(file)
    if next_:
        answer(worth_labelling(eco.spec, eco.catalog, model, most), as_json, _next)
        return

    def text(d: dict[str, Any]) -> str:
        lines = [f"{f['file']}:{f['line']:<7} {f['label']:<24} looks like {f['looks_like']:<24} ({f['confidence']:.1%} sure of its label)" for f in d["found"][:most]]
        return "\n".join([*lines, f"{len(d['found'])} of {d['rows']} labels of {d['dataset']} are doubtful. Nothing was changed; mend them in the source."])

    found = doubtful_labels(eco.spec, eco.catalog, model)
    answer(found, as_json, text)


def _next(d: dict[str, Any]) -> str:
    lines = []
    for f in d["found"]:
        where = f["prediction"] if "prediction" in f else f"{f['file']}:{f['line']}"
        said = ", ".join(f"{k}: {v}" for k, v in f["inputs"].items() if v is not None)
        lines.append(f"{where:<24} {f['says']:<20} {f['probability']:.0%}  {said[:140]}")
    return "\n".join([*lines, f"{len(lines)} of {d['waiting']} rows without a label, the least sure and unlike each other. Label a request by 'mesocosm feedback ID LABEL', a row in its source."])
