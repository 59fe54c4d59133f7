"""Where each key and value stands in the file. Knows ruamel's tree; the only module that does.

A value's place is where it begins; an unknown key's place is the key itself.
"""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

from mesocosm.core.errors import ConfigError, Finding, Place

MOST_BYTES = 4_000_000
MOST_DEPTH = 40
MOST_EVENTS = 400_000  # keys, values, and beginnings and ends of lists and maps


def load(text: str, file: str) -> Any:
    """The file's tree, with places.

    Raises:
        Invalid: it is no YAML 1.2 map, repeats a key, bears tags, anchors or is too deep.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent

    def refuse(line: int, column: int, found: str, wanted: str) -> ConfigError:
        return ConfigError([Finding(Place(file, line, column), "", found, wanted)])

    if len(text) > MOST_BYTES:
        raise refuse(1, 0, f"the file has {len(text)} characters", f"at most {MOST_BYTES}")
    if "\t" in text:
        for number, line in enumerate(text.splitlines(), start=1):
            if line[: len(line) - len(line.lstrip())].count("\t"):
                raise refuse(number, 1, "a tab stands where spaces indent", "spaces")
    yaml = YAML(typ="rt")
    yaml.allow_duplicate_keys = False
    depth, events = 0, 0
    if at := _brackets(text):
        raise refuse(*at, f"brackets are nested deeper than {MOST_DEPTH}", "fewer levels")
    try:
        for event in YAML(typ="rt").parse(StringIO(text)):
            mark, events = event.start_mark, events + 1
            depth += (
                1
                if isinstance(event, CollectionStartEvent)
                else -1
                if isinstance(event, CollectionEndEvent)
                else 0
            )
            if depth > MOST_DEPTH:
                raise refuse(
                    mark.line + 1,
                    mark.column + 1,
                    f"the file nests deeper than {MOST_DEPTH}",
                    "fewer levels",
                )
            if events > MOST_EVENTS:
                raise refuse(
                    mark.line + 1,
                    mark.column + 1,
                    f"the file has more than {MOST_EVENTS} keys and values",
                    "a smaller file, or several",
                )
            if getattr(event, "anchor", None):
                raise refuse(
                    mark.line + 1,
                    mark.column + 1,
                    f"an anchor or alias '{event.anchor}'",
                    "the value itself",
                )
            tag = getattr(event, "tag", None)
            if tag and str(tag) not in ("", "!"):
                raise refuse(mark.line + 1, mark.column + 1, f"a tag '{tag}'", "a plain value")
        tree = yaml.load(StringIO(text))
    except DuplicateKeyError as error:
        mark = error.problem_mark
        key = str(error.problem).split('"')[1] if '"' in str(error.problem) else "a key"
        raise refuse(
            mark.line + 1, mark.column + 1, f"the key '{key}' comes a second time", "each key once"
        ) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = str(error.problem or "it cannot be parsed").split("\n")[0]
        raise refuse(
            mark.line + 1 if mark else 1,
            mark.column + 1 if mark else 0,
            f"this is no YAML: {problem}",
            "YAML 1.2",
        ) from error
    except (YAMLError, RecursionError, ValueError) as error:
        raise refuse(
            1, 0, f"this is no YAML: {str(error).splitlines()[0][:100]}", "YAML 1.2"
        ) from error
    if not isinstance(tree, dict):
        raise refuse(
            1,
            1,
            "the file is empty" if tree is None else "the file is no map",
            "a map that begins with 'ecosystem: NAME'",
        )
    if _depth(tree) > MOST_DEPTH:
        raise refuse(1, 1, f"the file nests deeper than {MOST_DEPTH}", "fewer levels")
    return tree


def _brackets(text: str) -> tuple[int, int] | None:
    """Line and column where flow brackets go deeper than the bound; the parser's own time grows
    with the square of their depth.

    Brackets in quoted texts and in comments count as well, so only a run that never closes is
    refused here.
    """
    depth = 0
    for match in re.finditer(r"[\[\]{}]", text):
        depth = depth + 1 if match[0] in "[{" else max(0, depth - 1)
        if depth > MOST_DEPTH * 5:
            return text.count("\n", 0, match.start()) + 1, match.start() - text.rfind(
                "\n", 0, match.start()
            )
    return None


def _depth(node: Any, level: int = 0) -> int:
    if level > MOST_DEPTH:
        return level
    items = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return max([level, *(_depth(item, level + 1) for item in items)])


def place_of(tree: Any, path: tuple[Any, ...], file: str, key: bool = False) -> Place:
    """Where the value at `path` begins, or with `key` where its key does; the nearest parent
    else.
    """
    node: Any = tree
    place = Place(file, 1, 1)
    for depth, step in enumerate(path):
        last = depth == len(path) - 1
        try:
            if hasattr(node, "keys"):
                at = node.lc.key(step) if key and last else node.lc.value(step)
            else:
                at = node.lc.item(step)
            place = Place(file, at[0] + 1, at[1] + 1)
            node = node[step]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return place


def plain(node: Any) -> Any:
    """The tree without places: dicts, lists and scalars."""
    if isinstance(node, dict):
        return {"null" if k is None else str(k): plain(v) for k, v in node.items()}
    if isinstance(node, list):
        return [plain(v) for v in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return str(node)
