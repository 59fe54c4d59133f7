"""`mesocosm draft`: look at a file and propose an ecosystem.yaml for it, each line with its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.base.errors import Failure
from mesocosm.cli.common import AsJson, answer, guarded


@guarded
def draft(
    data: Annotated[Path, typer.Argument(help="A file of data, such as data/loans.csv.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write the file here; it must not exist yet.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look at DATA once and propose how to govern it; nothing is changed but the file written by -o."""
    from mesocosm.cli.views.draft import draft_text
    from mesocosm.govern.drafted import draft_file

    root = (out.parent if out else Path.cwd()).resolve()
    if out and out.exists():
        raise Failure(f"'{out}' exists already; name a new file, or remove it first")
    if not data.resolve().is_relative_to(root):
        root = data.resolve().parent
        if out:
            raise Failure(f"'{data}' lies outside the folder of '{out}'; a project reads only what lies inside it")
    said: dict[str, Any] = draft_file(root, data.resolve())
    if out:
        out.write_text(draft_text(said) + "\n", encoding="utf-8")
        said = {"written": str(out)} | said
    answer(said, as_json, lambda d: f"{out} drafted; 'mesocosm plan -f {out}' says what a build would do." if out else draft_text(d))
