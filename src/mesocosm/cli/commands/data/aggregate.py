"""`mesocosm data aggregate`: counts and means of a dataset that tell of no single row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened


@guarded
def aggregate(
    dataset: str,
    mean: Annotated[
        str | None,
        typer.Option("--mean", help="The number whose mean is asked; without it rows are counted."),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="A category with 'values' in the file.")
    ] = None,
    low: Annotated[
        float | None, typer.Option("--low", help="The least value a row may count with.")
    ] = None,
    high: Annotated[
        float | None, typer.Option("--high", help="The greatest value a row may count with.")
    ] = None,
    epsilon: Annotated[
        float,
        typer.Option(
            "--epsilon",
            min=0.001,
            max=100,
            help="What the answer may cost; smaller is more private and less exact.",
        ),
    ] = 0.5,
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Give a differentially private count or mean of DATASET; its budget pays."""
    from mesocosm.lifecycle.jobs.privacy_budget import PrivateQuery, answer_query

    eco = opened(file)

    def text(d: dict[str, Any]) -> str:
        lines = [
            f"{a['group'] or 'all':<20}"
            + (
                f"mean {a['mean']:,.4g} of about {a['count']:,}"
                if "mean" in a
                else f"about {a['count']:,} (noise of sd {a['sd']:g})"
            )
            for a in d["answers"]
        ]
        return "\n".join(
            [
                *lines,
                (
                    f"{d['what']} of {d['version']}, epsilon {d['epsilon']:g}; {d['left']:g} of the"
                    " budget is left."
                ),
            ]
        )

    query = PrivateQuery(dataset, epsilon, mean, by, low, high)
    answer(answer_query(eco.spec, eco.catalog, query, "command line"), as_json, text)
