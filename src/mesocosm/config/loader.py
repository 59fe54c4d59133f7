"""Read a file into its grammar, or say everything that is not right about it.

Knows the order: YAML, secrets, grammar, edges. Knows nothing of what the things do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mesocosm.config.checks.references import faults
from mesocosm.config.diagnostics import findings_of
from mesocosm.config.schema import SECTIONS, Ecosystem
from mesocosm.config.source_map import load, place_of, plain
from mesocosm.core.confidential.secret_values import remember
from mesocosm.core.errors import ConfigError, ConfigValueError, Finding, Place

VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
SECRETS = {
    ("oidc", "secret"): "OIDC_SECRET",
    ("language", "key"): "LANGUAGE_KEY",
}  # settings that are never plain, and a variable that may hold each


@dataclass(frozen=True)
class Spec:
    """A file that was read: its grammar, its tree with places, and where it lies."""

    eco: Ecosystem
    tree: Any
    path: Path
    secrets: tuple[str, ...]

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.path.parent

    def place(self, *path: Any, key: bool = True) -> Place:
        """Where a key stands in the file."""
        return place_of(self.tree, path, self.path.name, key=key)


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """The JSON schema of the file."""
    return Ecosystem.model_json_schema(by_alias=True)


def find(path: Path) -> Path:
    """The file itself, or `ecosystem.yaml` in the folder given.

    Raises:
        Invalid: there is none.
    """
    file = path / "ecosystem.yaml" if path.is_dir() else path
    if not file.is_file():
        near = sorted(p.name for p in file.parent.glob("*.y*ml")) if file.parent.is_dir() else []
        hint = f" (there is {', '.join(near[:3])})" if near else ""
        raise ConfigError(
            [
                Finding(
                    Place(str(path)),
                    "",
                    "no such file",
                    f"a file such as ecosystem.yaml, or a folder that holds it{hint}",
                )
            ]
        )
    return file.resolve()


def read(path: Path, env: Mapping[str, str] | None = None) -> Spec:
    """Read and check a file.

    Raises:
        Invalid: with every finding, in the file's order.
    """
    file = find(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            [Finding(Place(file.name, 1), "", "the file is not utf-8", "text in utf-8")]
        ) from error
    return read_text(text, file, os.environ if env is None else env)


def read_text(text: str, file: Path, env: Mapping[str, str]) -> Spec:
    """Read and check a file's text; `env` gives the values of `${NAME}`."""
    tree = load(text, file.name)
    data = plain(tree)
    found, secrets = _fill(data, tree, file.name, env)
    try:
        eco = Ecosystem.model_validate(data)
    except ValidationError as error:
        details = list(error.errors(include_url=False))
        found += findings_of(details, tree, data, schema(), file.name)
        found += _edges_of_rest(data, tree, file.name, [f.key for f in found])
        raise ConfigError(_sorted(found)) from None
    for path, wrong in faults(eco):
        found.append(_at(tree, path, file.name, wrong))
    if found:
        raise ConfigError(_sorted(found))
    return Spec(eco, tree, file, tuple(secrets))


def _edges_of_rest(data: Any, tree: Any, file: str, keys: list[str]) -> list[Finding]:
    """Faults of edges among what the grammar accepts, so that all findings come at once."""
    names = {
        name
        for section in SECTIONS
        for name in data.get(section) or {}
        if isinstance(data.get(section), dict)
    }
    rest = deepcopy(data)

    def prune(steps: Sequence[Any]) -> None:
        node, above, last = rest, rest, ""
        for step in steps[:-1]:
            above, last = node, step
            node = node.get(step, {}) if isinstance(node, dict) else {}
        if isinstance(node, dict) and steps[-1] in node:
            node.pop(steps[-1])
        elif isinstance(above, dict):
            above.pop(last, None)  # a key that is missing: what lacks it goes

    for key in keys:
        prune(key.split("."))
    for depth in (4, 3, 2, 1):
        try:
            eco = Ecosystem.model_validate(rest)
        except ValidationError as error:
            for fault in error.errors():
                prune(fault["loc"][:depth])
            continue
        said = [
            _at(tree, path, file, w)
            for path, w in faults(eco)
            if not any(f"'{name}'" in w.found for name in names)
        ]
        return [f for f in said if not any(f.key == k or f.key.startswith(k + ".") for k in keys)]
    return []


def _sorted(found: list[Finding]) -> list[Finding]:
    return sorted(dict.fromkeys(found), key=lambda f: (f.place.line, f.place.column))


def _at(tree: Any, path: tuple[Any, ...], file: str, wrong: ConfigValueError) -> Finding:
    """A fault of an edge as a finding; a short form in the file ends the path where it stands."""
    node, real = tree, []
    for step in path:
        if (
            isinstance(node, dict)
            and step in node
            or isinstance(node, list)
            and isinstance(step, int)
            and step < len(node)
        ):
            node = node[step]
            real.append(step)
        elif not isinstance(node, (dict, list)):
            break
    ends_at_key = bool(real) and real[-1] != path[-1] or isinstance(node, dict)
    return wrong.at(
        place_of(tree, tuple(real), file, key=ends_at_key and isinstance(node, dict)),
        ".".join(map(str, real)),
    )


def _fill(
    data: Any, tree: Any, file: str, env: Mapping[str, str]
) -> tuple[list[Finding], list[str]]:
    """Put environment values into sources and monitors' notices, in place; elsewhere `${}` is a
    finding.
    """
    found: list[Finding] = []
    secrets: list[str] = []

    def walk(node: Any, path: tuple[Any, ...]) -> Any:
        if isinstance(node, dict):
            return {k: walk(v, (*path, k)) for k, v in node.items()}
        if isinstance(node, list):
            return [walk(v, (*path, i)) for i, v in enumerate(node)]
        if path[:2] in SECRETS and isinstance(node, str) and not VARIABLE.fullmatch(node):
            found.append(
                Finding(
                    place_of(tree, path, file),
                    ".".join(map(str, path)),
                    "a secret stands in the file",
                    f"a variable that holds it, as ${{{SECRETS[path[:2]]}}}",
                )
            )
        if not isinstance(node, str) or not VARIABLE.search(node):
            return node
        place, key = place_of(tree, path, file), ".".join(map(str, path))
        if (
            path[0] != "sources"
            and not (path[0] == "monitors" and "notify" in path[2:3])
            and path[:2] not in SECRETS
        ):
            found.append(
                Finding(
                    place,
                    key,
                    f"'{node}' names a variable",
                    "a plain value; ${} stands only in sources, in a monitor's 'notify', in"
                    " 'oidc.secret' and in 'language.key'",
                )
            )
            return node
        for name in VARIABLE.findall(node):
            if not env.get(name):
                found.append(
                    Finding(
                        place,
                        key,
                        f"the environment has no {name}",
                        f"'{name}' set, as in {name}=... mesocosm build",
                    )
                )
            else:
                secrets.append(env[name])
                remember(name, env[name])
        return VARIABLE.sub(lambda m: env.get(m[1], "unset"), node)

    filled = walk(data, ())
    data.clear()
    data.update(filled)
    return found, secrets
