"""`mesocosm labels`: labels of a model's training set that are probably wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.common import AsJson, File, answer, guarded, opened


@guarded
def labels(
    model: str,
    most: Annotated[int, typer.Option("--most", min=1, help="How many to show.")] = 20,
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Show the labels that the other rows contradict (confident learning); nothing is changed."""
    from mesocosm.build.labels import doubtful_labels

    eco = opened(file)

    def text(d: dict[str, Any]) -> str:
        lines = [f"{f['file']}:{f['line']:<7} {f['label']:<24} looks like {f['looks_like']:<24} ({f['confidence']:.1%} sure of its label)" for f in d["found"][:most]]
        return "\n".join([*lines, f"{len(d['found'])} of {d['rows']} labels of {d['dataset']} are doubtful. Nothing was changed; mend them in the source."])

    found = doubtful_labels(eco.spec, eco.catalog, model)
    answer(found, as_json, text)
