"""`mesocosm draft`: look at files of data and propose an ecosystem.yaml for it, each line with its evidence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.base.errors import Failure
from mesocosm.cli.common import AsJson, answer, guarded


@guarded
def draft(
    data: Annotated[list[Path], typer.Argument(help="Files of data, such as data/loans.csv; of several, those that share a column are joined.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write the file here; it must not exist yet.")] = None,
    goal: Annotated[str | None, typer.Option("--goal", help="What is to be predicted, in words, such as 'predict which applicants default'; English or Chinese.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look at DATA once and propose how to govern it and, with a goal, what to learn, serve and watch; nothing is changed but the file written by -o."""
    from mesocosm.build.architect import architect
    from mesocosm.cli.views.draft import draft_text
    from mesocosm.govern.drafted import draft_files

    root = (out.parent if out else Path.cwd()).resolve()
    if out and out.exists():
        raise Failure(f"'{out}' exists already; name a new file, or remove it first")
    paths = [path.resolve() for path in data]
    outside = next((said for said, path in zip(data, paths, strict=True) if not path.is_relative_to(root)), None)
    if outside and out:
        raise Failure(f"'{outside}' lies outside the folder of '{out}'; a project reads only what lies inside it")
    if outside:
        root = Path(os.path.commonpath([path.parent for path in paths]))
    said: dict[str, Any] = architect(root, paths, goal) if goal else draft_files(root, paths)
    if goal:
        from mesocosm.spec.read import read_text

        read_text(draft_text(said) + "\n", root / "ecosystem.yaml", {})  # what is drafted is checked before anybody sees it
    if out:
        out.write_text(draft_text(said) + "\n", encoding="utf-8")
        said = {"written": str(out)} | said
    answer(said, as_json, lambda d: f"{out} drafted; 'mesocosm plan -f {out}' says what a build would do." if out else draft_text(d))
