"""Change one setting of a file: its line is written again, every other byte stays. Knows ruamel's
tree and lines of text.
"""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import TYPE_CHECKING, Any

from mesocosm.config.source_map import Data, load_tree, to_plain_data

if TYPE_CHECKING:
    from ruamel.yaml import YAML

# Words that some YAML readers take for a boolean or for nothing.
AMBIGUOUS = ("yes", "no", "true", "false", "null", "on", "off", "y", "n")
BARE_TEXT = re.compile(r"[A-Za-z][\w./-]*|\d+/(month|day|week|year)|\d+(s|m|h|d)")
COMMENT = re.compile(r"""\s+#[^"'{}\[\]]*$""")


def set_value(text: str, file: str, path: tuple[str, ...], value: object) -> str:
    """The file's text with one setting added or replaced.

    Args:
        path: the setting's keys from the top.

    Raises:
        ConfigError: the text is not a valid file of YAML.

    >>> old = "ecosystem: pond\\nmodels:\\n  m:   {base: x, inputs: [a]}  # ours\\n"
    >>> print(set_value(old, "f", ("models", "m", "require", "auc"), ">= 0.8"), end="")
    ecosystem: pond
    models:
      m:   {base: x, inputs: [a], require: {auc: ">= 0.8"}}  # ours
    """
    expected = _set_in_data(to_plain_data(load_tree(text, file)), path, value)
    edited = _edit_lines(text, path, value)
    if to_plain_data(load_tree(edited, file)) == expected:
        return edited
    out = StringIO()  # a layout that an edit of lines does not fit: the whole file is written again
    _round_trip().dump(expected, out)
    return out.getvalue()


def _set_in_data(data: Data, path: tuple[str, ...], value: object) -> Data:
    assert isinstance(data, dict)  # as every file is
    node = data
    for step in path[:-1]:
        inner = node.get(step)
        if not isinstance(inner, dict):
            inner = node[step] = {}
        node = inner
    node[path[-1]] = to_plain_data(value)
    return data


def _edit_lines(text: str, path: tuple[str, ...], value: object) -> str:
    """The text with the lines of the innermost block key of the path written again."""
    tree = _round_trip().load(StringIO(text))
    node, steps = tree, list(path)
    while len(steps) > 1 and _is_block(node.get(steps[0])):
        node = node[steps.pop(0)]
    key, inner = steps[0], steps[1:]
    line = _write_flow(_set_inside(node.get(key), inner, value))
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    column = 0 if node is tree else node.lc.col
    if key in node:
        return _replace_key(lines, node.lc.key(key), column, line)
    last = max((node.lc.key(other)[0] for other in node), default=-1)
    end = len(lines)
    if last >= 0:
        end = _find_end(lines, last + 1, column + 1)
    return "".join([*lines[:end], f"{' ' * column}{key}: {line}\n", *lines[end:]])


def _replace_key(lines: list[str], at: tuple[int, int], column: int, value: str) -> str:
    """The lines with another value for the key at a row and column; a comment at its end stays."""
    row, start = at
    words = lines[row][start:]
    colon = words.index(":") + 1
    after = words[colon:]
    gap = after[: len(after) - len(after.lstrip(" "))] or " "
    end = _find_end(lines, row + 1, column + 1)
    comment = COMMENT.search(lines[end - 1].rstrip("\n"))
    line = lines[row][:start] + words[:colon] + gap + value
    if comment:
        line += comment[0]
    return "".join([*lines[:row], line + "\n", *lines[end:]])


def _round_trip() -> YAML:
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.preserve_quotes, yaml.width = True, 1_000_000
    return yaml


def _is_block(node: object) -> bool:
    """Whether a node is a map of several lines, not one in braces."""
    if not isinstance(node, dict) or not node:
        return False
    style: Any = getattr(node, "fa")  # noqa: B009 - ruamel's map, which is a dict to mypy
    return not style.flow_style()


def _find_end(lines: list[str], start: int, column: int) -> int:
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


def _set_inside(old: object, path: list[str], value: object) -> object:
    if not path:
        return value
    node = dict(old) if isinstance(old, dict) else {}
    node[path[0]] = _set_inside(node.get(path[0]), path[1:], value)
    return node


def _write_flow(value: object) -> str:
    """A value in one line of YAML; texts that YAML readers may take for something else are
    quoted.
    """
    if isinstance(value, dict):
        entries = (f"{_write_flow(key)}: {_write_flow(one)}" for key, one in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_write_flow(one) for one in value) + "]"
    if isinstance(value, str):
        return _write_text(value)
    return json.dumps(value)


def _write_text(value: str) -> str:
    """A text, quoted where it could be misread or where the file has it in quotes (a subclass of
    str in ruamel's tree).
    """
    is_bare = BARE_TEXT.fullmatch(value) and value.lower() not in AMBIGUOUS
    if is_bare and type(value) is str:
        return value
    return json.dumps(str(value), ensure_ascii=False)
