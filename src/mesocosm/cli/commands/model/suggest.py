"""`mesocosm model suggest`: configuration changes that measurements support."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import MesocosmError


@report_failures
def suggest(
    file: File = Path("ecosystem.yaml"),
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="Write the file with all suggestions next to the old one; it must not exist yet.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Suggest configuration changes backed by measurements, each with its evidence; nothing is
    changed but the file written by -o.
    """
    from mesocosm.assistant.suggestions import apply_changes, suggest_changes

    eco = open_project(file)
    path = eco.spec.path
    if out and out.exists():
        raise MesocosmError(f"'{out}' exists already; name a new file, or remove it first")
    if out and out.resolve().parent != path.parent:
        raise MesocosmError(
            f"'{out}' is outside the project's folder; paths in the file are read from there, so"
            f" name a file in '{path.parent}'"
        )
    found = suggest_changes(eco.spec, eco.catalog)
    written = None
    if out and found:
        text = apply_changes(path.read_text(encoding="utf-8-sig"), path.name, found)
        out.write_text(text, encoding="utf-8")
        written = str(out)
    answer({"proposals": found, "written": written}, as_json, _text)


def _text(data: dict[str, Any]) -> str:
    if not data["proposals"]:
        return "No suggestions."
    lines = []
    for number, proposal in enumerate(data["proposals"], 1):
        line = f"{number}. {proposal['at']}: {_as_text(proposal['would'])}"
        if proposal["was"] is not None:
            line += f"  (now {_as_text(proposal['was'])})"
        lines += [line, f"     {proposal['because']}"]
    written = data["written"]
    if written:
        lines.append(
            f"{written} has them all; 'mesocosm plan -f {written}' shows what a build would do."
        )
    else:
        lines.append("Apply all with -o better.yaml.")
    return "\n".join(lines)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
