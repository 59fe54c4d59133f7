"""`mesocosm tune-up`: what was measured, read for changes to the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened
from mesocosm.core.errors import MesocosmError


@guarded
def tune_up(
    file: File = Path("ecosystem.yaml"),
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="Write the file with all proposals beside the old one; it must not exist yet.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Propose changes to the file that what was measured speaks for, each with its evidence;
    nothing is changed but the file written by -o.
    """
    from mesocosm.assistant.suggestions import applied, proposals

    eco = opened(file)
    path = eco.spec.path
    if out and out.exists():
        raise MesocosmError(f"'{out}' exists already; name a new file, or remove it first")
    if out and out.resolve().parent != path.parent:
        raise MesocosmError(
            f"'{out}' lies outside the project's folder; paths in the file are read from there, so"
            f" name a file in '{path.parent}'"
        )
    found = proposals(eco.spec, eco.catalog)
    if out and found:
        out.write_text(
            applied(path.read_text(encoding="utf-8-sig"), path.name, found), encoding="utf-8"
        )
    answer({"proposals": found, "written": str(out) if out and found else None}, as_json, _text)


def _text(data: dict[str, Any]) -> str:
    lines = []
    for i, one in enumerate(data["proposals"], 1):
        was = "" if one["was"] is None else f"  (now {_short(one['was'])})"
        lines += [f"{i}. {one['at']}: {_short(one['would'])}{was}", f"     {one['because']}"]
    if not lines:
        return "Nothing that was measured speaks for another file."
    end = (
        f"{data['written']} has them all; 'mesocosm plan -f {data['written']}' says what a build"
        " would make anew."
        if data["written"]
        else "'-o better.yaml' writes a file that has them all."
    )
    return "\n".join([*lines, end])


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
