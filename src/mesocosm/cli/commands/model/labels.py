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
from mesocosm.core.errors import MesocosmError

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
        raise MesocosmError(
            "--like ID and --as LABEL go together: the request whose proposal is accepted, and its"
            " label"
        )
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

    return Console(stderr=True, quiet=quiet).status(f"reading the requests to {model}")


def _errors_text(found: LabelErrors, most: int) -> str:
    lines = []
    for row in found.found[:most]:
        place = f"{row.file}:{row.line:<7}"
        lines.append(
            f"{place} {row.label:<24} looks like {row.looks_like:<24}"
            f" ({row.confidence:.1%} confidence in its label)"
        )
    lines.append(
        f"{len(found.found)} of {found.rows} labels of {found.dataset} are probably wrong."
        " Nothing was changed; correct them in the source."
    )
    return "\n".join(lines)


def _proposals_text(found: ClassProposals) -> str:
    lines = []
    for group in found.groups:
        lines += _group_lines(group)
    count = count_of(len(found.groups), "group")
    share = found.share
    summary = (
        f"{count} among {found.waiting} requests without a label, of which {found.strange}"
        f" are out-of-distribution: less confident than the least confident {share:.0%} of held-out"
        f" rows, or less similar to any class than {share / 2:.0%} of them."
    )
    if found.groups:
        summary += f" Accept one by 'mesocosm model labels {found.model} --like ID --as LABEL'."
    else:
        summary += " No candidate new classes."
    return "\n".join([*lines, summary])


def _group_lines(group: ClassProposal) -> list[str]:
    """A proposal with some of its requests: of many, those of its middle and of its edge."""
    first = (
        f"{group.name or 'a group'}: {group.rows} requests, {group.strange} of them"
        f" out-of-distribution; nearest {group.nearest} ({group.alike:.2f})"
    )
    examples = [
        f"  {example.prediction}  {_inputs_text(example.inputs)}" for example in group.examples
    ]
    if len(examples) > TYPICAL + STRAY:
        edge = "  ... and of those least like them"
        examples = [*examples[:TYPICAL], edge, *examples[-STRAY:]]
    return [first, *examples]


def _inputs_text(inputs: Mapping[str, str | None]) -> str:
    return ", ".join(str(value) for value in inputs.values() if value is not None)[:140]


def _accepted_text(found: AcceptedClass) -> str:
    label = f"'{found.label}'"
    if found.new:
        label += ", which is new"
    return (
        f"{found.rows} requests are {label}. 'mesocosm model retrain {found.services[0]}'"
        " trains a challenger with them."
    )


def _next_text(found: RowsToLabel) -> str:
    lines = []
    for row in found.found:
        where = row.prediction or f"{row.file}:{row.line}"
        inputs = ", ".join(f"{k}: {v}" for k, v in row.inputs.items() if v is not None)
        lines.append(f"{where:<24} {row.says:<20} {row.probability:.0%}  {inputs[:140]}")
    lines.append(
        f"{len(found.found)} of {found.waiting} rows without a label, the least confident and"
        " unlike each other. Label a request by 'mesocosm service feedback ID LABEL', a row in its"
        " source."
    )
    return "\n".join(lines)
