"""A file of grammar 1 in the words of grammar 2: data renamed, and texts rewritten byte by byte.

Knows the table of words and trees with places. What both grammars call the same stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from mesocosm.config.migrations.grammar_1 import RENAMED, Renamed
from mesocosm.config.source_map import Data, Path, find_place, load_tree, to_plain_data
from mesocosm.core.errors import Place
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap

File = TypeVar("File")  # a file's data, or a part of it
GRAMMAR = 2


def _old_words() -> set[str]:
    """Every word of grammar 1 that grammar 2 calls otherwise."""
    words = {"grammar"}
    for renamed in RENAMED:
        words |= {*renamed.keys}
        for values in (renamed.values or {}).values():
            words |= {*values}
    return words


_OLD_WORD = re.compile(rf"\b({'|'.join(sorted(_old_words()))})\b")


@dataclass(frozen=True)
class Change:
    """One word of a file that grammar 2 calls otherwise.

    Args:
        path: of the key in the file; of an item where a list has bare words.
        old: the word of grammar 1.
        new: the word of grammar 2.
        is_key: whether the word is a key, else it is a value.
    """

    path: Path
    old: str
    new: str
    is_key: bool


def find_changes(data: Data) -> list[Change]:
    """Every word of grammar 1 in a file's data, in the order of the table."""
    found = []
    if isinstance(data, dict) and data.get("grammar") == 1:
        found.append(Change(("grammar",), "1", str(GRAMMAR), False))
    for renamed in RENAMED:
        for path, node in _matches(data, renamed.path):
            found += _changes_of(renamed, path, node)
    return found


def _matches(node: Data, pattern: tuple[str, ...], path: Path = ()) -> Iterator[tuple[Path, Data]]:
    """Every node whose path fits the pattern."""
    if not pattern:
        yield path, node
        return
    step, rest = pattern[0], pattern[1:]
    if step == "[]":
        if isinstance(node, list):
            for index, item in enumerate(node):
                yield from _matches(item, rest, (*path, index))
        else:
            yield from _matches(node, rest, path)
    elif isinstance(node, dict):
        for name in _matching_keys(node, step):
            yield from _matches(node[name], rest, (*path, name))


def _matching_keys(node: dict[str, Data], step: str) -> list[str]:
    """The keys of a map that a step of a pattern means: `*` is all of them."""
    if step == "*":
        return [*node]
    return [step] if step in node else []


def _changes_of(renamed: Renamed, path: Path, node: Data) -> Iterator[Change]:
    values = renamed.values or {}
    if isinstance(node, str) and node in values.get("", {}):
        yield Change(path, node, values[""][node], False)
    if not isinstance(node, dict):
        return
    for old, new in renamed.keys.items():
        if old not in node or new in node:
            continue
        yield Change((*path, old), old, new, True)
        value = node[old]
        if isinstance(value, str) and value in values.get(old, {}):
            yield Change((*path, old), value, values[old][value], False)


def rename_data(data: File) -> File:
    """The data of a file, or of a part of one under its section's name, in words of grammar 2.

    >>> rename_data({"models": {"m": {"learns": "d", "tune": {"optimiser": {"kind": "lion"}}}}})
    {'models': {'m': {'dataset': 'd', 'fine_tune': {'optimizer': {'method': 'lion'}}}}}
    """
    plain = cast(Data, data)
    changes = find_changes(plain)
    keys = {change.path: change.new for change in changes if change.is_key}
    values = {change.path: change.new for change in changes if not change.is_key}
    values.pop(("grammar",), None)

    def renamed(node: Data, path: Path) -> Data:
        if path in values:
            return values[path]
        if path == ("grammar",) and node == 1:
            return GRAMMAR
        if isinstance(node, dict):
            return {
                keys.get((*path, key), key): renamed(value, (*path, key))
                for key, value in node.items()
            }
        if isinstance(node, list):
            return [renamed(item, (*path, index)) for index, item in enumerate(node)]
        return node

    return cast(File, renamed(plain, ()))


def load_current(text: str, file: str) -> tuple[CommentedMap, tuple[Message, ...]]:
    """A file's tree as grammar 2 has it, and a sentence for each word that is not of grammar 2.

    Raises:
        ConfigError: the text is no YAML map.
    """
    tree = load_tree(text, file)
    if not _OLD_WORD.search(text):
        return tree, ()
    rewritten, changes = _rewrite_tree(text, file, tree)
    if not changes:
        return tree, ()
    notes = [
        Message(
            "config.word_is_now",
            file=place.file,
            line=place.line,
            old=change.old,
            new=change.new,
        )
        for place, change in changes
        if change.path != ("grammar",)
    ]
    return load_tree(rewritten, file), tuple(notes)


def rewrite_text(text: str, file: str) -> tuple[str, list[tuple[Place, Change]]]:
    """A file's text in the words of grammar 2, every other byte as it was.

    Returns:
        The text, and each change with the place of the word in the text as it was.

    Raises:
        ConfigError: the text is no YAML map.
    """
    return _rewrite_tree(text, file, load_tree(text, file))


def _rewrite_tree(
    text: str, file: str, tree: CommentedMap
) -> tuple[str, list[tuple[Place, Change]]]:
    """The same of a text whose tree was read."""
    changes = find_changes(to_plain_data(tree))
    placed = [(find_place(tree, c.path, file, key=c.is_key), c) for c in changes]
    lines = text.splitlines(keepends=True)
    for place, change in sorted(placed, key=lambda p: (p[0].line, p[0].column), reverse=True):
        line = lines[place.line - 1]
        start = place.column - 1
        start += line[start] in "\"'"
        if line[start : start + len(change.old)] != change.old:
            raise ValueError(f"{file}:{place.line}: '{change.old}' is not where its key stands")
        lines[place.line - 1] = line[:start] + change.new + line[start + len(change.old) :]
    return "".join(lines), sorted(placed, key=lambda p: (p[0].line, p[0].column))
