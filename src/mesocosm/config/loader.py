"""Read a file into its grammar, or report everything that is invalid in it.

Knows the order: YAML, shared fields, environment variables, grammar, references. Knows nothing of
what the resources do.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mesocosm.config.checks.references import check_references
from mesocosm.config.diagnostics import Document, explain_errors
from mesocosm.config.expansion.shared_fields import expand_shared_fields, select_first
from mesocosm.config.expansion.variables import Substitution
from mesocosm.config.hints import add_meaning
from mesocosm.config.migrations.rename import load_current
from mesocosm.config.other_values import meaning_of_value
from mesocosm.config.schema import SECTIONS, Ecosystem
from mesocosm.config.schema_location import Schema
from mesocosm.config.source_map import Data, find_place, to_plain_data
from mesocosm.core.errors import ConfigError, Finding, Place
from mesocosm.core.faults import Fault
from mesocosm.core.messages import Message, Text


@dataclass(frozen=True)
class Spec:
    """A file that was read: its grammar, its tree with places, and where it lies.

    `deprecations` are sentences about words of an earlier grammar; the tree has those of now.
    """

    eco: Ecosystem
    tree: object
    path: Path
    secrets: tuple[str, ...]
    deprecations: tuple[Text, ...] = ()

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.path.parent

    def place(self, *path: str | int, key: bool = True) -> Place:
        """The place of a key in the file."""
        return find_place(self.tree, path, self.path.name, key=key)


@lru_cache(maxsize=1)
def schema() -> Schema:
    """The JSON schema of the file."""
    return Ecosystem.model_json_schema(by_alias=True)


def find_file(path: Path) -> Path:
    """The file itself, or `ecosystem.yaml` in the folder given.

    Raises:
        ConfigError: there is none.
    """
    file = path / "ecosystem.yaml" if path.is_dir() else path
    if file.is_file():
        return file.resolve()
    expected = Message("config.file_or_folder")
    near = sorted(other.name for other in file.parent.glob("*.y*ml"))
    if near:
        expected = Message("config.file_or_folder_near", names=tuple(near[:3]))
    raise ConfigError([Finding(Place(str(path)), "", Message("config.no_such_file"), expected)])


def read(path: Path, env: Mapping[str, str] | None = None) -> Spec:
    """Read and check a file.

    Raises:
        ConfigError: with every finding, in the file's order.
    """
    file = find_file(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        finding = Finding(
            Place(file.name, 1), "", Message("config.file_not_utf8"), Message("config.utf8_text")
        )
        raise ConfigError([finding]) from error
    return read_text(text, file, os.environ if env is None else env)


def read_text(text: str, file: Path, env: Mapping[str, str]) -> Spec:
    """Read and check a file's text; `env` gives the values of `${NAME}`."""
    tree, deprecations = load_current(text, file.name)
    unknown = expand_shared_fields(tree, file.name)
    variables = Substitution(tree, file.name, env)
    data = variables.substitute(to_plain_data(tree))
    document = Document(tree, data, schema, file.name)
    findings = variables.findings
    try:
        eco = Ecosystem.model_validate(data)
    except ValidationError as error:
        findings += explain_errors(error.errors(include_url=False), document)
        findings = select_first(findings, unknown)
        findings += _check_valid_rest(document, [finding.key for finding in findings])
        raise ConfigError(_sort(findings)) from None
    findings += unknown
    findings += [_finding_of(document, fault) for fault in check_references(eco)]
    if findings:
        raise ConfigError(_sort(findings))
    return Spec(eco, tree, file, tuple(variables.secrets), deprecations)


def _check_valid_rest(document: Document, keys: list[str]) -> list[Finding]:
    """Problems of references among the settings that are valid, so that all findings come at once.

    Args:
        keys: the keys of the findings so far, which are left out of the file.
    """
    rest = deepcopy(document.data)
    for key in keys:
        _prune(rest, key.split("."))
    for depth in (4, 3, 2, 1):
        try:
            eco = Ecosystem.model_validate(rest)
        except ValidationError as error:
            for problem in error.errors():
                _prune(rest, problem["loc"][:depth])
            continue
        findings = [
            _finding_of(document, (path, wrong))
            for path, wrong in check_references(eco)
            if not _names_any(str(wrong.found), document.data)
        ]
        return [finding for finding in findings if not _is_within(finding.key, keys)]
    return []


def _names_any(found: str, data: Data) -> bool:
    """Whether a problem is about a resource of the file: it may be one that was left out."""
    if not isinstance(data, dict):
        return False
    for section in SECTIONS:
        resources = data.get(section)
        if isinstance(resources, dict) and any(f"'{name}'" in found for name in resources):
            return True
    return False


def _is_within(key: str, keys: list[str]) -> bool:
    return any(key == other or key.startswith(other + ".") for other in keys)


def _prune(data: Data, steps: Sequence[str | int]) -> None:
    """Remove a key; where it is missing, what lacks it."""
    node, above, last = data, data, ""
    for step in map(str, steps[:-1]):
        above, last = node, step
        node = _get(node, step)
    if isinstance(node, dict) and steps[-1] in node:
        node.pop(str(steps[-1]))
    elif isinstance(above, dict):
        above.pop(last, None)


def _get(node: Data, step: str) -> Data:
    if isinstance(node, dict):
        return node.get(step, {})
    return {}


def _sort(findings: list[Finding]) -> list[Finding]:
    """The findings in the file's order, each once."""
    return sorted(dict.fromkeys(findings), key=lambda f: (f.place.line, f.place.column))


def _finding_of(document: Document, fault: Fault) -> Finding:
    """A fault with its place; a short form in the file ends the path where it is written."""
    path, wrong = fault
    node: Any = document.tree  # of maps and lists that know their places
    written: list[str | int] = []
    for step in path:
        if _has_step(node, step):
            node = node[step]
            written.append(step)
        elif not isinstance(node, (dict, list)):
            break
    place = document.place(tuple(written), key=isinstance(node, dict))
    finding = wrong.at(place, ".".join(map(str, written)))
    if isinstance(node, str):
        finding = add_meaning(finding, meaning_of_value(written, node))
    return finding


def _has_step(node: object, step: object) -> bool:
    if isinstance(node, dict):
        return step in node
    return isinstance(node, list) and isinstance(step, int) and step < len(node)
