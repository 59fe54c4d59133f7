"""`mesocosm labels`: labels of a model's training set that are probably wrong, rows to label next,
or classes that are lacking.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened
from mesocosm.core.errors import MesocosmError

TYPICAL, STRAY = 4, 3  # rows of a proposal that are printed, from its middle and from its edge


@guarded
def labels(
    model: str,
    most: Annotated[int, typer.Option("--most", min=1, help="How many to show.")] = 20,
    next_: Annotated[
        bool,
        typer.Option("--next", help="Show rows without a label that would teach the model most."),
    ] = False,
    new: Annotated[
        bool,
        typer.Option(
            "--new",
            help="Show groups of requests that no class explains, as proposals for new ones.",
        ),
    ] = False,
    like: Annotated[
        str,
        typer.Option(
            "--like",
            metavar="ID",
            help="Take up the proposal that this request is in; give its name with --as.",
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
    """Show the labels that the other rows contradict (confident learning), with --next the rows to
    label next (active learning), with --new what asks for a class of its own.

    Nothing is changed, but by --like ID --as LABEL, which labels the requests of a proposal: the
    next 'mesocosm retrain' learns them.
    """
    from mesocosm.lifecycle.review.label_review import doubtful_labels, worth_labelling

    eco = opened(file)
    if bool(like) != bool(as_):
        raise MesocosmError(
            "--like ID and --as LABEL go together: the request whose proposal is taken up, and its"
            " label"
        )
    if new or like:
        from rich.console import Console

        from mesocosm.lifecycle.review.class_proposals import proposals, take_up

        with Console(stderr=True, quiet=as_json).status(f"looking through the requests to {model}"):
            found = proposals(eco.spec, eco.catalog, model)
        if not like:
            answer(found, as_json, _new)
            return
        mine = next((g for g in found["groups"] if like in g["predictions"]), None)
        if mine is None:
            raise MesocosmError(
                f"'{like[:60]}' is in no proposal now; 'mesocosm labels {model} --new' lists them"
            )
        answer(
            take_up(
                eco.spec,
                eco.catalog,
                model,
                [p for p in mine["predictions"] if p not in without],
                as_,
                "cli",
            ),
            as_json,
            _taken,
        )
        return
    if next_:
        answer(worth_labelling(eco.spec, eco.catalog, model, most), as_json, _next)
        return

    def text(d: dict[str, Any]) -> str:
        lines = [
            f"{f['file']}:{f['line']:<7} {f['label']:<24} looks like {f['looks_like']:<24}"
            f" ({f['confidence']:.1%} sure of its label)"
            for f in d["found"][:most]
        ]
        return "\n".join(
            [
                *lines,
                (
                    f"{len(d['found'])} of {d['rows']} labels of {d['dataset']} are doubtful."
                    " Nothing was changed; mend them in the source."
                ),
            ]
        )

    found = doubtful_labels(eco.spec, eco.catalog, model)
    answer(found, as_json, text)


def _new(d: dict[str, Any]) -> str:
    lines = []
    for g in d["groups"]:
        lines.append(
            f"{g['name'] or 'a group'}: {g['rows']} requests, {g['strange']} of them strange;"
            f" nearest {g['nearest']} ({g['alike']:.2f})"
        )
        said = [
            f"  {e['prediction']} "
            f" {', '.join(str(v) for v in e['inputs'].values() if v is not None)[:140]}"
            for e in g["examples"]
        ]
        lines += (
            said
            if len(said) <= TYPICAL + STRAY
            else [*said[:TYPICAL], "  ... and of those least like them", *said[-STRAY:]]
        )
    told = (
        f"{len(d['groups'])} group{'' if len(d['groups']) == 1 else 's'} among {d['waiting']}"
        f" requests without a label, of which {d['strange']} are strange: less sure than the least"
        f" sure {d['share']:.0%} of held-out rows, or less like any class than {d['share'] / 2:.0%}"
        " of them."
    )
    more = (
        f" Take one up by 'mesocosm labels {d['model']} --like ID --as LABEL'."
        if d["groups"]
        else " Nothing asks for a class of its own."
    )
    return "\n".join([*lines, told + more])


def _taken(d: dict[str, Any]) -> str:
    return (
        f"{d['rows']} requests are '{d['label']}'{', which is new' if d['new'] else ''}. 'mesocosm"
        f" retrain {d['services'][0]}' trains a challenger with them."
    )


def _next(d: dict[str, Any]) -> str:
    lines = []
    for f in d["found"]:
        where = f["prediction"] if "prediction" in f else f"{f['file']}:{f['line']}"
        said = ", ".join(f"{k}: {v}" for k, v in f["inputs"].items() if v is not None)
        lines.append(f"{where:<24} {f['says']:<20} {f['probability']:.0%}  {said[:140]}")
    return "\n".join(
        [
            *lines,
            (
                f"{len(lines)} of {d['waiting']} rows without a label, the least sure and unlike"
                " each other. Label a request by 'mesocosm feedback ID LABEL', a row in its"
                " source."
            ),
        ]
    )
