"""`mesocosm draft`: look at files of data and propose an ecosystem.yaml for it, each line with its
evidence.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError

from mesocosm.cli.output import AsJson, answer, guarded
from mesocosm.core.errors import Failure
from mesocosm.core.llm import Language


@guarded
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
                "How the bytes of files of delimited values are read, such as cp1252 or gb18030,"
                " where it would be found otherwise."
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
    """Look at DATA once and propose how to govern it and, with a goal, what to learn, serve and
    watch; nothing is changed but the file written by -o.
    """
    from mesocosm.assistant.architect import architect
    from mesocosm.assistant.llm_refine import refined
    from mesocosm.cli.views.draft import format_draft
    from mesocosm.data.profiling.auto_fields import draft_files

    root = (out.parent if out else Path.cwd()).resolve()
    if out and out.exists():
        raise Failure(f"'{out}' exists already; name a new file, or remove it first")
    paths = [path.resolve() for path in data]
    outside = next(
        (said for said, path in zip(data, paths, strict=True) if not path.is_relative_to(root)),
        None,
    )
    if outside and out:
        raise Failure(
            f"'{outside}' lies outside the folder of '{out}'; a project reads only what lies"
            " inside it"
        )
    if outside:
        root = Path(os.path.commonpath([path.parent for path in paths]))
    if task and not (goal or target):
        raise Failure("'--task' says how something is predicted; '--goal' or '--target' says what")
    kind = {"classification": "classes", "regression": "number"}.get(task, task) if task else None
    if target and not goal:
        goal = f"predict {target}"
    given = {
        k: v
        for k, v in (
            ("encoding", encoding),
            ("delimiter", delimiter),
            ("skip", skip),
            ("sheet", sheet),
        )
        if v is not None
    }
    said: dict[str, Any] = (
        architect(root, paths, goal, target, kind, given)
        if goal
        else draft_files(root, paths, given=given)
    )
    if goal:
        from mesocosm.config.loader import read_text

        read_text(
            format_draft(said) + "\n", root / "ecosystem.yaml", {}
        )  # what is drafted is checked before anybody sees it
    said.pop("columns", None)
    text, became = format_draft(said) + "\n", ""
    if goal and endpoint:
        text, became = refined(
            text, goal, _language(endpoint, language_model), root / "ecosystem.yaml"
        )
        said |= {"language": {"model": language_model, "became": became, "text": text}}
    if out:
        out.write_text(text, encoding="utf-8")
        said = {"written": str(out)} | said
    drafted = (
        f"{out} drafted{'; ' + became if became else ''}; 'mesocosm plan -f {out}' says what a"
        " build would do."
        if out
        else text.rstrip("\n") + (f"\n# {became}" if became else "")
    )
    answer(said, as_json, lambda _: drafted)


def _language(endpoint: str, model: str) -> Language:
    """The language model that was named; who names an address here may mean one of their own
    machine.

    Raises:
        Failure: it is no address.
    """
    try:
        return Language(
            endpoint=endpoint,
            model=model,
            key=os.environ.get("MESOCOSM_LANGUAGE_KEY") or None,
            private_network=True,
            seconds=120,
        )
    except ValidationError as error:
        raise Failure(
            f"--endpoint {endpoint!r} is no address; wanted"
            f" {error.errors()[0]['msg'].removeprefix('Value error, ')}"
        ) from error
