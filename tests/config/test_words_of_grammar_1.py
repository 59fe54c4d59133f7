"""A word that only grammar 1 knows stands in no document and in no message."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from mesocosm.config.json_schema import published_schema
from mesocosm.config.migrations.grammar_1 import RENAMED

TELLS_OF_BOTH = ("config/migrations", "config/other_words.py")
ANOTHER_MEANING = {
    ("file.md", "inputs"),  # of an ONNX graph
    ("open_inference.py", "inputs"),  # of the protocol
    ("http.md", "rule"),  # of a request
}


def keys_of(schema: Any) -> Iterator[str]:
    """All keys that a JSON schema names, at any depth."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from keys_of(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from keys_of(part)


FORMER = {key for renamed in RENAMED for key in renamed.keys} - set(keys_of(published_schema()))
A_KEY = re.compile(rf"(?:^|[{{,] ?)({'|'.join(sorted(map(re.escape, FORMER)))})(?=$|[:.])")


def former_in(quoted: str) -> str:
    """The former key that a quoted text is, begins with, or sets in braces."""
    found = A_KEY.search(quoted)
    return found[1] if found else ""


def messages_of(path: Path) -> Iterator[tuple[int, str]]:
    """All texts of a module that are no docstring, with their lines."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in docstrings:
            yield node.lineno, node.value


def test_words_that_only_grammar_1_knows_are_told() -> None:
    assert {"learns", "tune", "optimiser", "most_loss", "serves"} <= FORMER
    assert not FORMER & {"dataset", "target", "fine_tune", "max"}
    assert (
        former_in("tune.loss") and former_in("{a: 1, strategy: shadow}") and former_in("hold: 1h")
    )
    assert not former_in("fine_tune.loss") and not former_in("with room")


@pytest.mark.parametrize(
    "page",
    sorted(
        {*(ROOT / "docs").rglob("*.md"), *ROOT.glob("README*.md")}
        - {ROOT / "docs/log.md", ROOT / "docs/reference/python.md"}  # names of Python, no keys
    ),
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_no_document_names_a_former_key(page: Path) -> None:
    named = {former_in(code) for code in re.findall(r"`([^`\n]+)`", page.read_text())} - {""}
    assert not {word for word in named if (page.name, word) not in ANOTHER_MEANING}


def test_no_message_names_a_former_key() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} {quoted}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        if not any(part in str(path) for part in TELLS_OF_BOTH)
        for line, text in messages_of(path)
        for quoted in re.findall(r"['`]([a-z_.]+(?::[^'`]*)?)['`]", text)
        if former_in(quoted) and (path.name, former_in(quoted)) not in ANOTHER_MEANING
    ]
    assert not found
