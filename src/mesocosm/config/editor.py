"""One setting of a file put otherwise: its line is written anew, every other byte stays. Knows
ruamel's tree and lines of text.
"""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import Any

from mesocosm.config.source_map import load, plain


def amended(text: str, file: str, path: tuple[str, ...], value: Any) -> str:
    """The file's text with one setting put or replaced.

    Args:
        path: the setting's keys from the top.

    Raises:
        Invalid: the text is no file of ours.

    >>> print(amended("ecosystem: pond\\nmodels:\\n  m:   {base: x, inputs: [a]}  # ours\\n", "f", ("models", "m", "require", "auc"), ">= 0.8"), end="")
    ecosystem: pond
    models:
      m:   {base: x, inputs: [a], require: {auc: ">= 0.8"}}  # ours
    """
    load(text, file)
    tree = _rt().load(StringIO(text))
    node, steps = tree, list(path)
    while len(steps) > 1 and _block(node.get(steps[0])):
        node = node[steps.pop(0)]
    key, rest = steps[0], steps[1:]
    told = _put(node.get(key), rest, value)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    column = node.lc.col if node is not tree else 0
    if key in node:
        at = node.lc.key(key)[0]
        words = lines[at][node.lc.key(key)[1] :]
        head = lines[at][: node.lc.key(key)[1]] + words[: words.index(":") + 1]
        gap = words[words.index(":") + 1 :]
        gap = gap[: len(gap) - len(gap.lstrip(" "))] or " "
        end = _end(lines, at + 1, column + 1)
        note = re.search(r"""\s+#[^"'{}\[\]]*$""", lines[end - 1].rstrip("\n"))
        made = "".join(
            [*lines[:at], f"{head}{gap}{_flowed(told)}{note[0] if note else ''}\n", *lines[end:]]
        )
    else:
        last = max((node.lc.key(k)[0] for k in node), default=-1)
        end = _end(lines, last + 1, column + 1) if last >= 0 else len(lines)
        made = "".join([*lines[:end], f"{' ' * column}{key}: {_flowed(told)}\n", *lines[end:]])
    wanted = plain(load(text, file))
    here = wanted
    for step in path[:-1]:
        if not isinstance(here.get(step), dict):
            here[step] = {}
        here = here[step]
    here[path[-1]] = plain(value)
    if plain(load(made, file)) == wanted:
        return made
    out = StringIO()  # a layout that lines cannot tell: written anew as a whole
    _rt().dump(wanted, out)
    return out.getvalue()


def _rt() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.preserve_quotes, yaml.width = True, 1_000_000
    return yaml


def _block(node: Any) -> bool:
    return isinstance(node, dict) and bool(node) and not node.fa.flow_style()  # type: ignore[attr-defined]


def _end(lines: list[str], start: int, column: int) -> int:
    """The first line from `start` on that is indented less than `column`; blank lines before it
    belong to what follows.
    """
    end = last = start
    while end < len(lines):
        words = lines[end].strip()
        if words and len(lines[end]) - len(lines[end].lstrip(" ")) < column:
            break
        end += 1
        if words:
            last = end
    return last


def _put(old: Any, rest: list[str], value: Any) -> Any:
    if not rest:
        return value
    node = dict(old) if isinstance(old, dict) else {}
    node[rest[0]] = _put(node.get(rest[0]), rest[1:], value)
    return node


def _flowed(value: Any) -> str:
    """A value as it stands in one line; words that YAML readers may take for something else are
    quoted.
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flowed(k)}: {_flowed(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flowed(v) for v in value) + "]"
    if isinstance(value, str):
        bare = re.fullmatch(r"[A-Za-z][\w./-]*", value) or re.fullmatch(
            r"\d+/(month|day|week|year)|\d+(s|m|h|d)", value
        )
        return (
            value
            if bare
            and value.lower() not in ("yes", "no", "true", "false", "null", "on", "off", "y", "n")
            and type(value).__name__ == "str"
            else json.dumps(str(value), ensure_ascii=False)
        )
    return json.dumps(value)
