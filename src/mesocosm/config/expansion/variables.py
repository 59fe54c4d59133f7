"""Environment variables in the file: where `${NAME}` may be used, and its value. Knows the
settings that hold secrets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mesocosm.config.source_map import Data, Path, find_place
from mesocosm.core.confidential.secret_values import remember
from mesocosm.core.errors import Finding
from mesocosm.core.messages import Message, Text

VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
SECRETS: dict[Path, str] = {
    ("oidc", "secret"): "OIDC_SECRET",
    ("language", "key"): "LANGUAGE_KEY",
}  # settings that are never plain text, and a variable that may hold each


@dataclass
class Substitution:
    """Puts environment values in place of `${NAME}`, and notes what is invalid.

    Args:
        tree: the file's tree with places.
        file: its name.
        env: the environment.
    """

    tree: object
    file: str
    env: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    def substitute(self, node: Data, path: Path = ()) -> Data:
        """The data with every variable of the settings that allow them replaced."""
        if isinstance(node, dict):
            return {key: self.substitute(value, (*path, key)) for key, value in node.items()}
        if isinstance(node, list):
            return [self.substitute(value, (*path, i)) for i, value in enumerate(node)]
        if not isinstance(node, str):
            return node
        variable = SECRETS.get(path[:2])
        if variable and not VARIABLE.fullmatch(node):
            self._add(
                path,
                Message("config.plain_text_secret"),
                Message("config.secret_variable", variable=variable),
            )
        if not VARIABLE.search(node):
            return node
        if not _allows_variables(path):
            self._add(
                path,
                Message("config.variables_not_allowed", value=node),
                Message("config.where_variables"),
            )
            return node
        for name in VARIABLE.findall(node):
            self._read_variable(path, name)
        return VARIABLE.sub(lambda match: self.env.get(match[1], "unset"), node)

    def _read_variable(self, path: Path, name: str) -> None:
        value = self.env.get(name)
        if not value:
            found = Message("config.variable_unset", name=name)
            self._add(path, found, Message("config.set_variable", name=name))
            return
        self.secrets.append(value)
        remember(name, value)

    def _add(self, path: Path, found: Text, expected: Text) -> None:
        place = find_place(self.tree, path, self.file)
        self.findings.append(Finding(place, ".".join(map(str, path)), found, expected))


def _allows_variables(path: Path) -> bool:
    is_notice = path[0] == "monitors" and path[2:3] == ("notify",)
    return path[0] == "sources" or is_notice or path[:2] in SECRETS
