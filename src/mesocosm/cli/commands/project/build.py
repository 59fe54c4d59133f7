"""`mesocosm build`: make the file true, with progress."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened
from mesocosm.core.errors import ConfigValueError


@guarded
def build(
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete what the things that left the file had made.")
    ] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept",
            help=(
                "Train on a changed field although its unit, codes or missing share changed:"
                " DATASET.FIELD, or DATASET for all of its fields. Audited."
            ),
        ),
    ] = None,
) -> None:
    """Make what the plan says; what is unchanged is kept."""
    eco = opened(file)
    check_accepted(eco, accept or [])
    result = run_build(eco, as_json, prune, accept or [])
    answer(result, as_json, lambda d: "\n".join([*(f["text"] for f in d["failed"]), d["said"]]))
    if result["failed"]:
        raise typer.Exit(1)


def check_accepted(eco: Any, accept: Sequence[str]) -> None:
    """Refuse a name that is no dataset or field of the file.

    Raises:
        Wrong: with the nearest name.
    """
    from mesocosm.lifecycle.file_datasets import datasets_of

    datasets = datasets_of(eco.spec)
    choices = [
        *datasets,
        *(f"{name}.{field}" for name, data in datasets.items() for field in data.fields),
    ]
    for name in accept:
        if name not in choices:
            raise ConfigValueError(
                "--accept",
                f"'{name[:80]}' is unknown",
                "DATASET or DATASET.FIELD",
                choices[:20],
                name,
            )


def run_build(
    eco: Any, quiet: bool, prune: bool = False, accept: Sequence[str] = ()
) -> dict[str, Any]:
    """Build with a spinner and a line a step on standard error; returns the answer."""
    import time

    from mesocosm.cli.progress import Beat, Screen
    from mesocosm.lifecycle.apply import apply
    from mesocosm.lifecycle.jobs.retention import expire

    console = Screen(stderr=True, quiet=quiet, highlight=False)
    began = time.perf_counter()
    for gone in expire(eco.spec, eco.catalog):
        console.print(
            f"[bold]datasets.{gone['dataset']}[/bold]  {sum(gone['rows'].values())} rows were over"
            " their age and are gone"
        )
    changes = eco.plan()
    todo = [c for c in changes if c.sign != "="]
    with Beat(console, f"{len(todo)} to do") as beat:
        outcome = apply(eco.spec, eco.catalog, changes, beat.say, prune, accept)
    seconds = round(time.perf_counter() - began, 1)
    made = sum(c["sign"] != "=" for c in outcome.done)
    failed = len(
        {tuple(f.key.split(".")[:2]) for f in outcome.failed}
    )  # resources; one may have several findings
    return {
        "done": [d | _account(eco, d) for d in outcome.done],
        "failed": [f.as_json() | {"text": f.text()} for f in outcome.failed],
        "seconds": seconds,
        "said": f"{made} done, {len(outcome.done) - made} kept, {failed} failed in {seconds} s.",
    }


def _account(eco: Any, done: dict[str, Any]) -> dict[str, Any]:
    """The account of a dataset's rows and of each of its sources; nothing for other things."""
    section, _, name = done["address"].partition(".")
    snapshot = (
        eco.catalog.snapshot(dataset=name)
        if section == "datasets" and done["sign"] != "-"
        else None
    )
    return (
        {"account": snapshot["account"], "sources": snapshot["report"].get("sources", {})}
        if snapshot
        else {}
    )
