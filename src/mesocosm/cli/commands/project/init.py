"""`mesocosm init`: a small file to begin with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import guarded
from mesocosm.core.errors import MesocosmError, nearest

START = """grammar: 1
ecosystem: {name}

sources:
  table: {{type: csv, path: data/table.csv}}

datasets:
  rows:
    from: table
    fields:
      text:  {{type: text}}
      label: {{type: category, missing: quarantine}}

models:
  labeller: {{base: minilm, learns: rows, predict: label, inputs: [text]}}

services:
  desk: {{serves: labeller}}
"""


def scenes() -> dict[str, Path]:
    """The scenes that a project can begin from, by name: beside the code in a wheel, in `examples`
    of a clone.
    """
    here = Path(__file__).parents[3]
    home = here / "templates" if (here / "templates").is_dir() else here.parents[1] / "examples"
    return {p.parent.name: p.parent for p in sorted(home.glob("*/ecosystem.yaml"))}


@guarded
def init(
    folder: Annotated[Path, typer.Argument(help="The folder to begin in.")] = Path("."),
    template: Annotated[
        str | None,
        typer.Option(
            "--template",
            help="A scene to begin from, with its data: bank, hospital, newsroom, shop or support.",
        ),
    ] = None,
) -> None:
    """Write a small ecosystem.yaml to begin with, or a whole scene; an existing one is never
    touched.
    """
    target = folder / "ecosystem.yaml"
    if target.exists():
        raise MesocosmError(f"{target} is there already; it was not touched")
    if template is not None:
        _from(template, folder)
        print(f"{target} and its data are written. Now run: mesocosm up {folder}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    name = (
        "".join(c if c.isalnum() else "-" for c in folder.resolve().name.lower()).strip("-")
        or "pond"
    )
    target.write_text(
        START.format(name=name if name[0].isalpha() else f"eco-{name}"), encoding="utf-8"
    )
    print(
        f"{target} is written. Put your rows into {folder / 'data/table.csv'}, then run: mesocosm"
        f" build -f {folder}"
    )


def _from(template: str, folder: Path) -> None:
    """Copy a scene; nothing that is there is written over.

    Raises:
        Failure: there is no such scene, or a file of its name is there.
    """
    known = scenes()
    if template not in known:
        near = nearest(template, list(known))
        raise MesocosmError(
            f"no scene is named '{template[:40]}'; there are {', '.join(known) or 'none'}"
            + (f"; nearest '{near}'" if near else "")
        )
    home = known[template]
    files = [
        p
        for p in sorted(home.rglob("*"))
        if p.is_file()
        and not {".mesocosm", "__pycache__", "truth"} & set(p.relative_to(home).parts)
    ]
    for path in files:
        if (folder / path.relative_to(home)).exists():
            raise MesocosmError(
                f"{folder / path.relative_to(home)} is there already; nothing was written"
            )
    for path in sorted(
        files, key=lambda p: p.name == "ecosystem.yaml"
    ):  # the file last, so that it never stands without its data
        target = folder / path.relative_to(home)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
