"""A new project: a small file to begin with, or the copy of a scene."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from mesocosm.api.results.file import NewProject
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message

SCHEMA = "ecosystem.schema.json"
HEADER = f"# yaml-language-server: $schema={SCHEMA}\n"
START = """grammar: 2
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
  labeller: {{base: minilm, dataset: rows, target: label, features: [text]}}

services:
  desk: {{model: labeller}}
"""


def list_scenes() -> dict[str, Path]:
    """The scenes that a project can begin from, by name: beside the code in a wheel, in `examples`
    of a clone.
    """
    here = Path(__file__).parents[2]
    home = here / "templates"
    if not home.is_dir():
        home = here.parents[1] / "examples"
    return {path.parent.name: path.parent for path in sorted(home.glob("*/ecosystem.yaml"))}


def init(folder: str | Path = ".", template: str | None = None) -> NewProject:
    """Write a small ecosystem.yaml to begin with, or a whole scene with its data.

    Args:
        folder: where to begin; made where it is not there.
        template: the scene: `bank`, `hospital`, `newsroom`, `shop` or `support`; in Chinese
            `newsroom-zh` or `support-zh`.

    Raises:
        MesocosmError: a file of that name exists, or there is no such scene; nothing was written.
    """
    folder = Path(folder)
    target = folder / "ecosystem.yaml"
    if target.exists():
        raise MesocosmError(Message("api.project_exists", file=str(target)))
    if template is not None:
        _copy_scene(template, folder)
        target.write_text(HEADER + target.read_text(encoding="utf-8"), encoding="utf-8")
        _write_schema(folder)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_text(START.format(name=_name_of(folder)), encoding="utf-8")
    return NewProject(str(target), template)


def _name_of(folder: Path) -> str:
    """An ecosystem's name from that of its folder."""
    letters = [letter if letter.isalnum() else "-" for letter in folder.resolve().name.lower()]
    name = "".join(letters).strip("-") or "pond"
    if not name[0].isalpha():
        return f"eco-{name}"
    return name


def _write_schema(folder: Path) -> None:
    """The JSON schema that the file's first line names, for editors; a file that is there stays."""
    from mesocosm.config.json_schema import published_schema

    path = folder / SCHEMA
    if not path.exists():
        text = json.dumps(published_schema(), ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


def _copy_scene(template: str, folder: Path) -> None:
    """Copy a scene; no file that exists is written over.

    Raises:
        ConfigValueError: there is no such scene.
        MesocosmError: a file of its name exists.
    """
    scenes = list_scenes()
    if template not in scenes:
        found = Message("api.no_scene", scene=template[:40])
        expected = Message("api.one_of_choices")
        raise ConfigValueError("", found, expected, list(scenes), template)
    home = scenes[template]
    files = [path.relative_to(home) for path in sorted(home.rglob("*")) if _is_part(path, home)]
    for file in files:
        if (folder / file).exists():
            raise MesocosmError(Message("api.scene_file_exists", file=str(folder / file)))
    # ecosystem.yaml is the last, so that it is never there without its data
    for file in sorted(files, key=lambda file: file.name == "ecosystem.yaml"):
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(home / file, target)


def _is_part(path: Path, home: Path) -> bool:
    """Whether a file is one of a scene's own, not made by a build or kept for tests."""
    made = {".mesocosm", "__pycache__", "truth"}
    return path.is_file() and not made & set(path.relative_to(home).parts)
