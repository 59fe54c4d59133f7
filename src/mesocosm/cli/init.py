"""`mesocosm init`: a small file to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.base.errors import Failure
from mesocosm.cli.common import guarded

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


@guarded
def init(folder: Annotated[Path, typer.Argument(help="The folder to begin in.")] = Path(".")) -> None:
    """Write a small ecosystem.yaml to begin with; an existing one is never touched."""
    target = folder / "ecosystem.yaml"
    if target.exists():
        raise Failure(f"{target} is there already; it was not touched")
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(c if c.isalnum() else "-" for c in folder.resolve().name.lower()).strip("-") or "pond"
    target.write_text(START.format(name=name if name[0].isalpha() else f"eco-{name}"), encoding="utf-8")
    print(f"{target} is written. Put your rows into {folder / 'data/table.csv'}, then run: mesocosm build -f {folder}")
