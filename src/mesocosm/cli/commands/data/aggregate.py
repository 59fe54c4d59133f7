"""`mesocosm data aggregate`: differentially private counts and means of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.cli.views.columns import pad
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.data import GroupAnswer, PrivateAnswer


@report_failures
def aggregate(
    dataset: str,
    mean: Annotated[
        str | None,
        typer.Option("--mean", help="The number field to average; without it rows are counted."),
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
            help="The privacy loss of the answer; smaller is more private and less exact.",
        ),
    ] = 0.5,
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Give a differentially private count or mean of DATASET, from its privacy budget."""
    from mesocosm.lifecycle.jobs.privacy_budget import PrivateQuery

    query = PrivateQuery(dataset, epsilon, mean, by, low, high)
    answer(open_project(file).data.aggregate(query), as_json, _text)


def _text(found: PrivateAnswer) -> str:
    lines = [_group_line(group) for group in found.answers]
    lines.append(
        Message(
            "cli.aggregate.left",
            what=found.what,
            version=found.version,
            epsilon=found.epsilon,
            left=found.left,
        ).render()
    )
    return "\n".join(lines)


def _group_line(group: GroupAnswer) -> str:
    every = Message("cli.aggregate.all").render()
    name = pad(str(group.group or every), -20)
    if group.mean is not None:
        return Message("cli.aggregate.mean", name=name, mean=group.mean, count=group.count).render()
    return Message("cli.aggregate.count", name=name, count=group.count, sd=group.sd).render()
