"""The file's YAML tree and the place of each key and value in it. Knows ruamel's tree.

A value's place is where it begins; an unknown key's place is the key itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING, Any

from mesocosm.core.errors import ConfigError, Finding, Place
from mesocosm.core.messages import Message, Text

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import StreamMark
    from ruamel.yaml.events import Event
    from ruamel.yaml.parser import RoundTripParser

    Data = None | bool | int | float | str | list["Data"] | dict[str, "Data"]
else:
    Data = object

Path = tuple[str | int, ...]
"""Keys and list positions from the top of the file."""

MOST_BYTES = 4_000_000
MOST_DEPTH = 40
MOST_EVENTS = 400_000  # keys, values, and beginnings and ends of lists and maps


def load_tree(text: str, file: str) -> CommentedMap:
    """The file's tree, with places.

    Raises:
        ConfigError: it is not a YAML 1.2 map, repeats a key, has tags or anchors, or is too large
            or too deep.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    _check_text(text, file)
    yaml = YAML(typ="rt")
    yaml.Parser = _checked_parser()
    yaml.allow_duplicate_keys = False
    try:
        tree = yaml.load(StringIO(text))
    except _OutOfBounds as refused:
        raise _refuse_mark(file, refused.mark, refused.found, refused.expected) from None
    except DuplicateKeyError as error:
        quoted = str(error.problem).split('"')[1:2]
        found = Message("config.duplicate_keys")
        if quoted:
            found = Message("config.duplicate_key", key=quoted[0])
        raise _refuse_mark(
            file, error.problem_mark, found, Message("config.each_key_once")
        ) from error
    except MarkedYAMLError as error:
        problem: Text = Message("config.cannot_be_parsed")
        if error.problem:
            problem = str(error.problem).split("\n")[0]
        mark = error.problem_mark or error.context_mark
        raise _refuse_mark(
            file, mark, Message("config.not_yaml", problem=problem), Message("config.yaml_1_2")
        ) from error
    except (YAMLError, RecursionError, ValueError) as error:
        problem = str(error).splitlines()[0][:100]
        raise _refuse(
            file, 1, 0, Message("config.not_yaml", problem=problem), Message("config.yaml_1_2")
        ) from error
    if tree is None:
        raise _refuse(file, 1, 1, Message("config.file_empty"), Message("config.map_with_name"))
    if not isinstance(tree, CommentedMap):
        found = Message("config.file_not_a_map")
        raise _refuse(file, 1, 1, found, Message("config.map_with_name"))
    if _depth(tree) > MOST_DEPTH:
        raise _refuse(
            file, 1, 1, Message("config.too_deep", depth=MOST_DEPTH), Message("config.fewer_levels")
        )
    return tree


def _refuse(file: str, line: int, column: int, found: Text, expected: Text) -> ConfigError:
    return ConfigError([Finding(Place(file, line, column), "", found, expected)])


def _refuse_mark(file: str, mark: StreamMark | None, found: Text, expected: Text) -> ConfigError:
    """A refusal at a mark of the parser, which counts from 0, or at the file's first line."""
    if mark is None:
        return _refuse(file, 1, 0, found, expected)
    return _refuse(file, mark.line + 1, mark.column + 1, found, expected)


def _check_text(text: str, file: str) -> None:
    """What is seen before the text is parsed."""
    if len(text) > MOST_BYTES:
        found = Message("config.file_too_long", length=len(text))
        raise _refuse(file, 1, 0, found, Message("config.at_most", most=MOST_BYTES))
    if "\t" in text:
        for number, line in enumerate(text.splitlines(), start=1):
            indent = line[: len(line) - len(line.lstrip())]
            if "\t" in indent:
                raise _refuse(
                    file, number, 1, Message("config.tab_indentation"), Message("config.spaces")
                )
    if at := _find_deep_bracket(text):
        found = Message("config.brackets_too_deep", depth=MOST_DEPTH)
        raise _refuse(file, *at, found, Message("config.fewer_levels"))


@cache
def _checked_parser() -> type[RoundTripParser]:
    """A parser whose events are checked as they come, before a tree is built of them."""
    from ruamel.yaml.parser import RoundTripParser

    class CheckedParser(RoundTripParser):
        """Refuses an event that is out of bounds, at its mark."""

        bounds: _Bounds | None = None

        def get_event(self) -> Event:
            event: Event = super().get_event()
            if self.bounds is None:
                self.bounds = _Bounds()
            for found, expected in self.bounds.list_problems(event):
                raise _OutOfBounds(event.start_mark, found, expected)
            return event

    return CheckedParser


class _OutOfBounds(Exception):
    """An event that is refused: its mark, what was found and what is expected."""

    def __init__(self, mark: StreamMark | None, found: Text, expected: Text) -> None:
        super().__init__()
        self.mark, self.found, self.expected = mark, found, expected


@dataclass
class _Bounds:
    """How deep the events are nested, and how many there were."""

    depth: int = 0
    count: int = 0

    def list_problems(self, event: Event) -> Iterator[tuple[Text, Text]]:
        """What is wrong with the next event: what was found, and what is expected."""
        from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent

        self.count += 1
        if isinstance(event, CollectionStartEvent):
            self.depth += 1
        elif isinstance(event, CollectionEndEvent):
            self.depth -= 1
        if self.depth > MOST_DEPTH:
            yield Message("config.too_deep", depth=MOST_DEPTH), Message("config.fewer_levels")
        if self.count > MOST_EVENTS:
            found = Message("config.too_many_keys", most=MOST_EVENTS)
            yield found, Message("config.smaller_file")
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor:
            yield Message("config.anchor", anchor=anchor), Message("config.value_itself")
        if tag and str(tag) not in ("", "!"):
            yield Message("config.tag", tag=tag), Message("config.plain_value")


def _find_deep_bracket(text: str) -> tuple[int, int] | None:
    """Line and column where flow brackets go deeper than the bound; the parser's own time grows
    with the square of their depth.

    Brackets in quoted texts and in comments count as well, so only a run that never closes is
    refused here.
    """
    depth = 0
    for match in re.finditer(r"[\[\]{}]", text):
        if match[0] in "[{":
            depth += 1
        else:
            depth = max(0, depth - 1)
        if depth > MOST_DEPTH * 5:
            line = text.count("\n", 0, match.start()) + 1
            return line, match.start() - text.rfind("\n", 0, match.start())
    return None


def _depth(node: object, level: int = 0) -> int:
    """How deep a tree nests; counting stops just above the bound."""
    if level > MOST_DEPTH:
        return level
    items: list[object] = []
    if isinstance(node, dict):
        items = list(node.values())
    elif isinstance(node, list):
        items = node
    return max([level, *(_depth(item, level + 1) for item in items)])


def find_place(tree: object, path: Path, file: str, key: bool = False) -> Place:
    """Where the value at `path` begins, or with `key` where its key does; where the path is not in
    the tree, its nearest parent.
    """
    node: Any = tree  # of maps and lists that know their places
    place = Place(file, 1, 1)
    for depth, step in enumerate(path):
        last = depth == len(path) - 1
        try:
            if not hasattr(node, "keys"):
                at = node.lc.item(step)
            elif key and last:
                at = node.lc.key(step)
            else:
                at = node.lc.value(step)
            place = Place(file, at[0] + 1, at[1] + 1)
            node = node[step]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return place


def to_plain_data(node: object) -> Data:
    """The tree without places: dicts, lists and scalars."""
    if isinstance(node, dict):
        return {_plain_key(key): to_plain_data(value) for key, value in node.items()}
    if isinstance(node, list):
        return [to_plain_data(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, int):
        return int(node)
    if isinstance(node, float):
        return float(node)
    return str(node)


def _plain_key(key: object) -> str:
    """A key as text; YAML's empty key and its `null` are one."""
    return "null" if key is None else str(key)
