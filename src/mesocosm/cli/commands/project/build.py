"""`mesocosm build`: apply the plan, with progress."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import ConfigValueError


@report_failures
def build(
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete what resources that left the file had built.")
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
    """Apply the plan; what is unchanged is kept."""
    eco = open_project(file)
    check_accepted(eco, accept or [])
    result = run_build(eco, as_json, prune, accept or [])
    answer(result, as_json, lambda d: "\n".join([*(f["text"] for f in d["failed"]), d["said"]]))
    if result["failed"]:
        raise typer.Exit(1)


def check_accepted(eco: Any, accept: Sequence[str]) -> None:
    """Refuse a name that is not a dataset or field of the file.

    Raises:
        ConfigValueError: with the nearest name.
    """
    from mesocosm.lifecycle.file_datasets import resolve_datasets

    datasets = resolve_datasets(eco.spec)
    choices = list(datasets)
    for name, data in datasets.items():
        choices += [f"{name}.{field}" for field in data.fields]
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
    for expired in expire(eco.spec, eco.catalog):
        rows = sum(expired["rows"].values())
        console.print(
            f"[bold]datasets.{expired['dataset']}[/bold]  {rows} rows expired and were deleted"
        )
    changes = eco.plan()
    todo = [c for c in changes if c.sign != "="]
    with Beat(console, f"{len(todo)} to do") as beat:
        outcome = apply(eco.spec, eco.catalog, changes, beat.say, prune, accept)
    seconds = round(time.perf_counter() - began, 1)
    made = sum(c["sign"] != "=" for c in outcome.done)
    # resources: one may have several findings
    failed = len({tuple(finding.key.split(".")[:2]) for finding in outcome.failed})
    return {
        "done": [d | _account(eco, d) for d in outcome.done],
        "failed": [f.as_json() | {"text": f.text()} for f in outcome.failed],
        "seconds": seconds,
        "said": f"{made} done, {len(outcome.done) - made} kept, {failed} failed in {seconds} s.",
    }


def _account(eco: Any, done: dict[str, Any]) -> dict[str, Any]:
    """The row counts of a dataset and of each of its sources; nothing for other resources."""
    section, _, name = done["address"].partition(".")
    if section != "datasets" or done["sign"] == "-":
        return {}
    snapshot = eco.catalog.snapshot(dataset=name)
    if not snapshot:
        return {}
    return {"account": snapshot["account"], "sources": snapshot["report"].get("sources", {})}
