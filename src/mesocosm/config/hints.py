"""What a finding adds for a word of another tool: its meaning, and which kind has a key.

Knows the tables of words and JSON schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from mesocosm.config.other_values import meaning_of_value
from mesocosm.config.other_words import is_sentence, place_of_word
from mesocosm.config.schema_location import (
    Schema,
    children,
    expand,
    property_names,
    resolve,
    tags_of,
)
from mesocosm.config.source_map import Data, Path
from mesocosm.core.errors import Finding
from mesocosm.core.messages import Message, Text


def add_meaning(finding: Finding, meaning: Text) -> Finding:
    """A finding with what a word means; the nearest choice says it already where it is the same."""
    if not meaning:
        return finding
    if str(meaning) == f"'{finding.near}'":
        return replace(finding, brief=True)
    if is_sentence(meaning):
        return replace(finding, hints=(meaning,), expected="", near=None, brief=True)
    return replace(finding, expected=meaning, near=None, brief=True)


def list_kinds_of_key(
    place: Text, branches: Sequence[Schema], node: Data, schema: Schema
) -> Iterator[Message]:
    """Which kinds have the setting at a place that the file's kind does not have.

    Args:
        place: the setting, as `'rank'` or `'rank' in 'fine_tune'`, below the map `node`.
        branches: the schemas of every kind that the map may be of.
    """
    steps = [str(place).strip("'")]
    if isinstance(place, Message):
        if place.id != "config.setting_in":
            return
        outer, setting = (str(place.params[name]).strip("'") for name in ("outer", "setting"))
        steps = [*outer.split("."), setting]
    for step, below in pairwise(("", *steps)):
        if step:
            specs = children(branches, step)
            if not specs:
                return
            branches = expand(specs, schema)
            node = _get(node, step, resolve(specs[0], schema).get("default"))
        hint = _name_kinds(below, branches, node, schema)
        if hint:
            yield hint


def _get(node: Data, key: str, default: Data) -> Data:
    return node.get(key, default) if isinstance(node, dict) else default


def _name_kinds(key: str, branches: Sequence[Schema], node: Data, schema: Schema) -> Message | None:
    """The kinds of a union that have a key; None where all have it, or the file's kind has."""
    every = _marks_of(branches, schema)
    having = [branch for branch in branches if key in property_names([branch])]
    tags = _marks_of(having, schema)
    if not tags or tags == every:
        return None
    tag = next(iter(tags))[0]
    kinds = tuple(sorted(kind for _, kind in tags))
    here = kind_of(node, tag)
    if here in kinds:
        return None
    if not here:
        return Message("config.key_of_kinds", key=key, tag=tag, kinds=kinds)
    return Message("config.key_of_other_kinds", key=key, tag=tag, kinds=kinds, here=here)


def _marks_of(branches: Sequence[Schema], schema: Schema) -> set[tuple[str, str]]:
    """The key and the value that tell each branch from others of its union."""
    marks: set[tuple[str, str]] = set()
    for branch in branches:
        marks.update(tags_of(branch, schema).items())
    return marks


def kind_of(node: Data, tag: str) -> str:
    """Which kind a setting is of, in its short form or as a map; empty where it does not say."""
    if isinstance(node, dict):
        return str(node.get(tag) or node.get("method") or node.get("type") or "")
    return node if isinstance(node, str) else ""


def list_fitting_kinds(
    branches: Sequence[Schema], node: Mapping[str, Data], tag: str, schema: Schema
) -> list[str]:
    """The kinds that have every key of a map."""
    fitting = [branch for branch in branches if set(node) <= set(property_names([branch]))]
    marks = [tags_of(branch, schema) for branch in fitting]
    return sorted(mark[tag] for mark in marks if tag in mark)


def explain_keys(
    path: Path, node: Mapping[str, Data], tag: str, choices: Sequence[str]
) -> Iterator[Text]:
    """What the words of another tool among the keys of a map without a kind mean.

    Args:
        tag: the key that is missing, `type` or `method`.
        choices: its values.
    """
    for key, value in node.items():
        meaning = place_of_word(path, key) or meaning_of_value((*path, tag), key)
        if is_sentence(meaning):
            yield meaning
        elif str(meaning) == f"'{tag}'":
            yield _explain_tag(path, (key, value), tag, choices)
        elif meaning:
            yield Message("config.word_means", word=key, meaning=meaning)


def _explain_tag(path: Path, pair: tuple[str, Data], tag: str, choices: Sequence[str]) -> Text:
    """What a map's kind under another tool's key is here: `dtype: float` is `type: number`."""
    key, value = pair
    right: Text = meaning_of_value((*path, tag), str(value))
    if str(value) in choices:
        right = str(value)
    if not isinstance(right, str) or not right or " " in right:
        return Message("config.word_means", word=key, meaning=f"'{tag}'")
    written, now = f"{key}: {value}", f"{tag}: {right.strip(chr(39))}"
    return Message("config.word_means", word=written, meaning=f"'{now}'")
