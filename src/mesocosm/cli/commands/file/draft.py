"""`mesocosm draft`: look at files of data and propose an ecosystem.yaml for it, each line with its
evidence.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from mesocosm.cli.output import AsJson, answer, report_failures
from mesocosm.core.messages import Message


@report_failures
def draft(
    data: Annotated[
        list[Path],
        typer.Argument(
            help=(
                "Files of data, such as data/loans.csv; of several, those that share a column are"
                " joined."
            )
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write the file here; it must not exist yet.")
    ] = None,
    goal: Annotated[
        str | None,
        typer.Option(
            "--goal",
            help=(
                "What is to be predicted, in words, such as 'predict which applicants default';"
                " English or Chinese."
            ),
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            help="The column to predict, by its exact name; --goal may then be left out.",
        ),
    ] = None,
    task: Annotated[
        Literal["classification", "regression", "ranking", "answers"] | None,
        typer.Option(
            "--task", help="The kind of work, where the goal or the data would be read otherwise."
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding",
            help=(
                "The encoding of files of delimited values, such as cp1252 or gb18030, where it"
                " would be detected otherwise."
            ),
        ),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option("--delimiter", help="The character between their values, such as ';'."),
    ] = None,
    skip: Annotated[
        int | None, typer.Option("--skip", min=0, help="Lines above their header.")
    ] = None,
    sheet: Annotated[
        str | None,
        typer.Option("--sheet", help="The sheet of a workbook, where it is not the first."),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(
            "--endpoint",
            envvar="MESOCOSM_LANGUAGE_ENDPOINT",
            help=(
                "A language model that may improve the draft of a goal, by an OpenAI-style address"
                " such as http://127.0.0.1:11434/v1; it is sent the draft and no row."
            ),
        ),
    ] = None,
    language_model: Annotated[
        str,
        typer.Option(
            "--language-model",
            envvar="MESOCOSM_LANGUAGE_MODEL",
            help="Its name there. A key is read from MESOCOSM_LANGUAGE_KEY.",
        ),
    ] = "default",
    as_json: AsJson = False,
) -> None:
    """Look at DATA once and propose how to govern it and, with a goal, what to train, serve and
    monitor; nothing is changed but the file written by -o.
    """
    from mesocosm.api.verbs.files import DraftGoal, FileLayout, LanguageEndpoint
    from mesocosm.api.verbs.files import draft as propose

    language = None
    if endpoint:
        key = os.environ.get("MESOCOSM_LANGUAGE_KEY") or None
        language = LanguageEndpoint(endpoint, language_model, key)
    drafted = propose(
        data,
        DraftGoal(goal, target, task),
        out,
        FileLayout(encoding, delimiter, skip, sheet),
        language,
    )
    answer(drafted, as_json, lambda _: _describe(out, drafted.text, drafted.note))


def _describe(out: Path | None, text: str, note: str) -> str:
    """What is printed: the draft, or that it was written; with what a language model changed."""
    if not out:
        return text.rstrip("\n") + (f"\n# {note}" if note else "")
    drafted = Message("cli.draft.written", out=str(out)).render()
    if note:
        drafted = Message("cli.status.and", first=drafted, second=note).render()
    return Message("cli.draft.plan", drafted=drafted, out=str(out)).render()
