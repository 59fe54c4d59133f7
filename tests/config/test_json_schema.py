"""The published schema accepts what the loader accepts, names every key, and refuses what editors
should underline.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from conftest import ROOT
from jsonschema import Draft202012Validator

from mesocosm.config.json_schema import ID, published_schema
from mesocosm.config.source_map import load_tree, to_plain_data

SCHEMA = published_schema()
FILES = [*sorted((ROOT / "examples").glob("*/ecosystem.yaml"))]
BLOCKS = [
    (page.name, block)
    for page in sorted((ROOT / "docs").rglob("*.md"))
    for block in re.findall(r"```yaml\n(ecosystem: .*?)```", page.read_text(), re.DOTALL)
]


def faults(text: str) -> list[str]:
    data: Any = to_plain_data(load_tree(text, "f"))
    found = Draft202012Validator(SCHEMA).iter_errors(data)
    return [f"{'.'.join(map(str, fault.path))}: {fault.message[:150]}" for fault in found]


def test_it_is_a_schema_with_an_id_and_readable_names() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == ID and not [name for name in SCHEMA["$defs"] if "__" in name]
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.parent.name)
def test_the_scenes_are_valid(file: Any) -> None:
    assert faults(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page, block", BLOCKS, ids=lambda v: v[:20] if isinstance(v, str) else "")
def test_files_of_the_docs_are_valid(page: str, block: str) -> None:
    assert faults(block) == [], page


@pytest.mark.parametrize(
    "old, new",
    [
        ("target: grade", "target: [grade]"),
        ("fine_tune: frozen", "fine_tune: frosen"),
        ("model: risk", "modell: risk"),
        ("grammar: 2", "grammar: two"),
    ],
)
def test_mistakes_are_underlined(old: str, new: str) -> None:
    text = FILES[0].read_text(encoding="utf-8")
    assert old in text and faults(text.replace(old, new, 1))


def test_every_key_has_a_description() -> None:
    missing = []
    for name, definition in SCHEMA["$defs"].items():
        body = definition.get("anyOf", [definition])[0]
        for key, node in body.get("properties", {}).items():
            if "const" not in node and not node.get("description"):
                missing.append(f"{name}.{key}")
    refused = {"Forest.k", "Forest.by", "Masked.fields"}  # inherited, and refused by these kinds
    assert set(missing) <= refused
