"""`mesocosm model labels`: probable label errors of a model's training set, rows to label next, or
candidate new classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, count_of, open_project, report_failures
from mesocosm.cli.views.columns import pad
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message

TYPICAL, STRAY = 4, 3  # rows of a proposal that are printed, from its middle and from its edge

if TYPE_CHECKING:
    from mesocosm.api.results.model import (
        AcceptedClass,
        ClassProposal,
        ClassProposals,
        LabelErrors,
        RowsToLabel,
    )


@report_failures
def labels(
    model: str,
    most: Annotated[int, typer.Option("--most", min=1, help="How many to show.")] = 20,
    next_: Annotated[
        bool,
        typer.Option("--next", help="Show rows without a label that would help the model most."),
    ] = False,
    new: Annotated[
        bool,
        typer.Option(
            "--new",
            help="Show groups of requests that no class explains, as candidate new classes.",
        ),
    ] = False,
    like: Annotated[
        str,
        typer.Option(
            "--like",
            metavar="ID",
            help="Accept the proposal that this request is in; give its name with --as.",
        ),
    ] = "",
    as_: Annotated[
        str,
        typer.Option("--as", metavar="LABEL", help="The label of all requests of the proposal."),
    ] = "",
    without: Annotated[
        list[str],
        typer.Option(
            "--without",
            metavar="ID",
            help="A request of the proposal that is left out; may be given again.",
        ),
    ] = [],  # noqa: B006 (Typer copies it)
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Show probable label errors (confident learning), with --next the rows to label next (active
    learning), with --new candidate new classes.

    Nothing is changed, but by --like ID --as LABEL, which labels the requests of a proposal: the
    next 'mesocosm model retrain' trains on them.
    """
    eco = open_project(file)
    if bool(like) != bool(as_):
        raise MesocosmError(Message("cli.labels.like_and_as"))
    if like:
        with _show_reading(model, as_json):
            accepted = eco.model.accept_class(model, like, as_, without)
        answer(accepted, as_json, _accepted_text)
    elif new:
        with _show_reading(model, as_json):
            proposals = eco.model.propose_classes(model)
        answer(proposals, as_json, _proposals_text)
    elif next_:
        answer(eco.model.rows_to_label(model, most), as_json, _next_text)
    else:
        answer(eco.model.labels(model), as_json, partial(_errors_text, most=most))


def _show_reading(model: str, quiet: bool) -> AbstractContextManager[object]:
    """A spinner on standard error while requests are read."""
    from rich.console import Console

    return Console(stderr=True, quiet=quiet).status(
        Message("cli.labels.reading", model=model).render()
    )


def _errors_text(found: LabelErrors, most: int) -> str:
    lines = []
    for row in found.found[:most]:
        place = f"{row.file}:{row.line:<7}"
        lines.append(
            Message(
                "cli.labels.error",
                place=place,
                label=pad(row.label, -24),
                alike=pad(row.looks_like, -24),
                confidence=row.confidence,
            ).render()
        )
    lines.append(
        Message(
            "cli.labels.errors", number=len(found.found), rows=found.rows, dataset=found.dataset
        ).render()
    )
    return "\n".join(lines)


def _proposals_text(found: ClassProposals) -> str:
    lines = []
    for group in found.groups:
        lines += _group_lines(group)
    count = count_of(len(found.groups), "group")
    share = found.share
    summary = Message(
        "cli.labels.proposals",
        count=count,
        waiting=found.waiting,
        strange=found.strange,
        share=share,
        half=share / 2,
    ).render()
    if found.groups:
        summary += Message("cli.labels.accept_one", model=found.model).render()
    else:
        summary += Message("cli.labels.no_proposals").render()
    return "\n".join([*lines, summary])


def _group_lines(group: ClassProposal) -> list[str]:
    """A proposal with some of its requests: of many, those of its middle and of its edge."""
    first = Message(
        "cli.labels.group",
        name=group.name or Message("cli.labels.a_group"),
        rows=group.rows,
        strange=group.strange,
        nearest=group.nearest,
        alike=group.alike,
    ).render()
    examples = [
        f"  {example.prediction}  {_inputs_text(example.inputs)}" for example in group.examples
    ]
    if len(examples) > TYPICAL + STRAY:
        edge = Message("cli.labels.edge").render()
        examples = [*examples[:TYPICAL], edge, *examples[-STRAY:]]
    return [first, *examples]


def _inputs_text(inputs: Mapping[str, str | None]) -> str:
    return ", ".join(str(value) for value in inputs.values() if value is not None)[:140]


def _accepted_text(found: AcceptedClass) -> str:
    label = f"'{found.label}'"
    if found.new:
        label += Message("cli.labels.new_label").render()
    return Message(
        "cli.labels.accepted", rows=found.rows, label=label, service=found.services[0]
    ).render()


def _next_text(found: RowsToLabel) -> str:
    lines = []
    for row in found.found:
        where = row.prediction or f"{row.file}:{row.line}"
        inputs = ", ".join(f"{k}: {v}" for k, v in row.inputs.items() if v is not None)
        lines.append(
            f"{pad(where, -24)} {pad(row.says, -20)} {row.probability:.0%}  {inputs[:140]}"
        )
    lines.append(
        Message("cli.labels.next", number=len(found.found), waiting=found.waiting).render()
    )
    return "\n".join(lines)
