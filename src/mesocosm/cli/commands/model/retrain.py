"""`mesocosm model retrain`: train and evaluate a challenger, as a monitor does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import render


@report_failures
def retrain(
    service: str,
    file: File = Path("ecosystem.yaml"),
    reason: Annotated[str, typer.Option(help="Written into the history.")] = "by hand",
    as_json: AsJson = False,
) -> None:
    """Train and evaluate a challenger for SERVICE; promote it if it is better."""
    from mesocosm.api.verbs.model import run_retraining
    from mesocosm.core.progress import render_progress

    eco = open_project(file)
    found = run_retraining(
        eco, service, reason, lambda line: print(render_progress(line), file=sys.stderr)
    )
    answer(found, as_json, lambda d: "; ".join(map(render, filter(None, (d.why, d.begun)))))
