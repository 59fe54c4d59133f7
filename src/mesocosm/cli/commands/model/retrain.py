"""`mesocosm model retrain`: what a monitor calls to grow and judge a challenger."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened


@guarded
def retrain(
    service: str,
    file: File = Path("ecosystem.yaml"),
    reason: Annotated[str, typer.Option(help="Written into the history.")] = "by hand",
    as_json: AsJson = False,
) -> None:
    """Grow a challenger for SERVICE, compare it with the champion, swap or keep and say why."""
    from mesocosm.lifecycle.build_lock import hold_build_lock
    from mesocosm.lifecycle.jobs.retrain import retrain as grow

    eco = opened(file)
    with hold_build_lock(eco.spec.root / ".mesocosm", wait=900):
        found = grow(
            eco.spec, eco.catalog, service, reason, lambda text: print(text, file=sys.stderr)
        )
    answer(found, as_json, lambda d: "; ".join(filter(None, (d["why"], d["begun"]))))
