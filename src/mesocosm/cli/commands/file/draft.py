"""`mesocosm draft`: look at files of data and propose an ecosystem.yaml for it, each line with its
evidence.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError

from mesocosm.cli.output import AsJson, answer, report_failures
from mesocosm.core.errors import MesocosmError
from mesocosm.core.llm import Language

TASKS = {"classification": "classes", "regression": "number"}  # as the architect calls them


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
    from mesocosm.assistant.llm_refine import refine_draft
    from mesocosm.cli.views.draft import format_draft

    if task and not (goal or target):
        raise MesocosmError(
            "'--task' says how something is predicted; '--goal' or '--target' says what"
        )
    root = _check_folder(data, out)
    layout = {"encoding": encoding, "delimiter": delimiter, "skip": skip, "sheet": sheet}
    if target and not goal:
        goal = f"predict {target}"
    found = _draft(
        root,
        [path.resolve() for path in data],
        goal,
        target,
        task,
        {key: value for key, value in layout.items() if value is not None},
    )
    found.pop("columns", None)
    text, note = format_draft(found) + "\n", ""
    if goal and endpoint:
        from mesocosm.assistant.llm_refine import refine_draft

        model = _language_model(endpoint, language_model)
        text, note = refine_draft(text, goal, model, root / "ecosystem.yaml")
        found["language"] = {"model": language_model, "became": note, "text": text}
    if out:
        out.write_text(text, encoding="utf-8")
        found = {"written": str(out)} | found
    message = _describe(out, text, note)
    answer(found, as_json, lambda _: message)


def _check_folder(data: list[Path], out: Path | None) -> Path:
    """The project's folder: that of the file to write, or the files' common one.

    Raises:
        MesocosmError: the file to write exists, or a file of data is outside its folder.
    """
    if out and out.exists():
        raise MesocosmError(f"'{out}' exists already; name a new file, or remove it first")
    root = (out.parent if out else Path.cwd()).resolve()
    paths = [path.resolve() for path in data]
    outside = [given for given, path in zip(data, paths, strict=True) if not _is_in(path, root)]
    if not outside:
        return root
    if out:
        raise MesocosmError(
            f"'{outside[0]}' is outside the folder of '{out}'; a project reads only what is inside"
            " it"
        )
    return Path(os.path.commonpath([path.parent for path in paths]))


def _is_in(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder)


def _draft(
    root: Path,
    paths: list[Path],
    goal: str | None,
    target: str | None,
    task: str | None,
    layout: dict[str, Any],
) -> dict[str, Any]:
    """The proposal for the files; with a goal it is checked before anybody sees it."""
    from mesocosm.assistant.architect import architect
    from mesocosm.cli.views.draft import format_draft
    from mesocosm.config.loader import read_text
    from mesocosm.data.profiling.auto_fields import draft_files

    if not goal:
        return dict(draft_files(root, paths, given=layout))
    kind = TASKS.get(task, task) if task else None
    found = dict(architect(root, paths, goal, target, kind, layout))
    read_text(format_draft(found) + "\n", root / "ecosystem.yaml", {})
    return found


def _describe(out: Path | None, text: str, note: str) -> str:
    """What is printed: the draft, or that it was written; with what a language model changed."""
    if not out:
        return text.rstrip("\n") + (f"\n# {note}" if note else "")
    drafted = "; ".join(filter(None, (f"{out} drafted", note)))
    return f"{drafted}; 'mesocosm plan -f {out}' shows what a build would do."


def _language_model(endpoint: str, model: str) -> Language:
    """The language model at an address; who gives an address here may mean one of their own
    machine.

    Raises:
        MesocosmError: the address is invalid.
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
        raise MesocosmError(
            f"--endpoint {endpoint!r} is not an address; expected"
            f" {error.errors()[0]['msg'].removeprefix('Value error, ')}"
        ) from error
