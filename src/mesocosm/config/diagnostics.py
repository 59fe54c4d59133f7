"""From pydantic's errors to findings: the words come from our schema, the places from the tree.

Knows error types. Uses none of pydantic's English, except the messages of our own validators, which
say what would be valid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mesocosm.config.hints import add_meaning, explain_keys, list_fitting_kinds, list_kinds_of_key
from mesocosm.config.other_values import describe_forms, meaning_of_value
from mesocosm.config.other_words import place_of_word
from mesocosm.config.schema_location import (
    Location,
    Schema,
    allowed_values,
    children,
    describe_type_name,
    describe_types,
    expand,
    locate,
    locate_parent,
    property_names,
    step_into,
    tags_of,
)
from mesocosm.config.source_map import Data, Path, find_place
from mesocosm.core.errors import Finding, Place, nearest, text_of
from mesocosm.core.messages import Message, Text, text_of_json

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

NAME = Message("config.a_name")
SECRET_KEYS = ("url", "key", "password", "token")
SHOWN_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}


@dataclass(frozen=True)
class Document:
    """A file that was parsed: its tree with places, the same as plain data, its name, and what
    gives the JSON schema that it must fit; only errors need that.
    """

    tree: object
    data: Data
    read_schema: Callable[[], Schema]
    file: str

    @property
    def schema(self) -> Schema:
        """The JSON schema of the file."""
        return self.read_schema()

    def place(self, path: Path, key: bool = False) -> Place:
        """Where the value at a path begins, or its key."""
        return find_place(self.tree, path, self.file, key=key)


@dataclass(frozen=True)
class _Problem:
    """One error of pydantic with the part of the file that it is about."""

    error: ErrorDetails
    at: Location
    value: Data
    document: Document

    @property
    def path(self) -> Path:
        return self.at.path

    @property
    def key(self) -> str:
        return _join(self.path)

    @property
    def quoted(self) -> Text:
        return quote_value(self.value, self.path)

    @property
    def is_of_key(self) -> bool:
        """Whether the error is of a key's name, not of a value."""
        loc = self.error["loc"]
        return bool(loc) and loc[-1] == "[key]"

    def place(self, key: bool = False) -> Place:
        return self.document.place(self.path, key=key)

    def choices(self) -> tuple[str, ...]:
        return tuple(allowed_values(self.at.branches, self.document.schema))


def explain_errors(errors: Sequence[ErrorDetails], document: Document) -> list[Finding]:
    """One finding an error, in the file's order, each place and key once."""
    found: dict[tuple[Place, str], Finding] = {}
    for error in errors:
        at = locate(error["loc"], document.data, document.schema)
        value = _value_at(document.data, at.path)
        explain = EXPLAIN.get(error["type"], _explain_type)
        finding = explain(_Problem(error, at, value, document))
        found.setdefault((finding.place, finding.key), finding)
    return sorted(found.values(), key=lambda f: (f.place.line, f.place.column))


def _value_at(data: Data, path: Path) -> Data:
    """What the file has at a path that was located in it."""
    for step in path:
        data = step_into(data, step)
    return data


def quote_value(value: object, path: Path) -> Text:
    """A value as an error may show it: short, and only its type where it may be secret."""
    if value is None:
        return Message("config.type.null")
    if path and str(path[-1]) in SECRET_KEYS:
        return describe_type_name(SHOWN_TYPES.get(type(value), "")) or Message("config.a_value")
    if isinstance(value, dict):
        return Message("config.a_map")
    if isinstance(value, list):
        return Message("config.a_list")
    text = str(value)
    if isinstance(value, bool):
        text = text.lower()
    if len(text) > 60:
        text = text[:57] + "..."
    return f"'{text}'"


def _join(path: Path) -> str:
    return ".".join(map(str, path))


def _explain_unknown_key(problem: _Problem) -> Finding:
    parent = problem.at
    if problem.at.rest:
        name = str(problem.at.rest[0])
    else:
        name = str(problem.path[-1])
        parent = locate_parent(problem.path, problem.document.data, problem.document.schema)
    keys = property_names(parent.branches)
    path = (*parent.path, name)
    finding = Finding(
        problem.document.place(path, key=True),
        _join(path),
        Message("config.unknown_key", name=name),
        "",
        tuple(keys),
        nearest(name, keys),
    )
    meaning = place_of_word(parent.path, name)  # what another tool's word means here
    document = problem.document
    every = locate(parent.path, document.data, document.schema).branches
    node = _value_at(document.data, parent.path)
    kinds = tuple(list_kinds_of_key(meaning or f"'{name}'", every, node, document.schema))
    finding = add_meaning(finding, meaning)
    return replace(finding, hints=kinds, near=None) if kinds else finding


def _explain_missing_key(problem: _Problem) -> Finding:
    name = ""
    if problem.at.rest:
        name = str(problem.at.rest[0])
    schema = problem.document.schema
    branches = expand(children(problem.at.branches, name), schema)
    return Finding(
        problem.place(key=bool(problem.path)),
        _join((*problem.path, *problem.at.rest)),
        Message("config.missing_key", name=name),
        describe_types(branches, schema) or Message("config.a_value"),
        tuple(allowed_values(branches, schema)),
    )


def _discriminator(problem: _Problem) -> tuple[str, list[str]]:
    """The key that tells the kinds of a union apart, as the file calls it, and its values."""
    tag = str(problem.error["ctx"]["discriminator"]).strip("'")
    marks = [tags_of(branch, problem.document.schema) for branch in problem.at.branches]
    marks = [mark for mark in marks if mark]
    if marks and not any(tag in mark for mark in marks):  # the file calls it by its alias
        tag = next(iter(marks[0]))
    return tag, sorted({mark[tag] for mark in marks if tag in mark})


def _explain_unknown_kind(problem: _Problem) -> Finding:
    tag, choices = _discriminator(problem)
    path, word = problem.path, problem.value
    if isinstance(problem.value, dict):
        path, word = (*problem.path, tag), problem.value.get(tag)
    finding = Finding(
        problem.document.place(path),
        _join(path),
        Message("config.not_a_choice", value=quote_value(word, path)),
        "",
        tuple(choices),
        nearest(str(word), choices),
    )
    return add_meaning(finding, meaning_of_value(path, str(word)))


def _explain_missing_kind(problem: _Problem) -> Finding:
    if not isinstance(problem.value, dict):
        return _explain_unknown_kind(problem)
    tag, choices = _discriminator(problem)
    place, key = problem.place(key=True), _join((*problem.path, tag))
    found = Message("config.missing_key", name=tag)
    branches, schema = problem.at.branches, problem.document.schema
    fitting = list_fitting_kinds(branches, problem.value, tag, schema)
    hints = () if fitting else tuple(explain_keys(problem.path, problem.value, tag, choices))
    if hints:
        return Finding(place, key, found, "", tuple(choices), None, hints, brief=True)
    expected = Message("config.one_of_choices")
    return Finding(place, key, found, expected, tuple(fitting or choices))


def _explain_choice(problem: _Problem) -> Finding:
    expected = str(problem.error["ctx"]["expected"]).replace(" or ", ",").split(",")
    listed = tuple(choice.strip(" '") for choice in expected)
    if problem.is_of_key:
        return _explain_key_choice(problem, listed)
    choices = problem.choices() or listed
    found = Message("config.not_a_choice", value=problem.quoted)
    near = nearest(str(problem.value), choices)
    finding = Finding(problem.place(), problem.key, found, "", choices, near)
    return add_meaning(finding, meaning_of_value(problem.path, str(problem.value)))


def _explain_key_choice(problem: _Problem, choices: tuple[str, ...]) -> Finding:
    word = str(problem.error["input"])
    path = problem.path
    if isinstance(problem.value, dict):
        path = (*path, word)
    place = problem.document.place(path, key=True)
    found = Message("config.unknown_key", name=word)
    finding = Finding(place, problem.key, found, "", choices, nearest(word, choices))
    return add_meaning(finding, place_of_word(path[:-1], word))


def _explain_own_validator(problem: _Problem) -> Finding:
    expected = text_of(problem.error["ctx"]["error"])
    return Finding(
        problem.place(),
        problem.key,
        Message("config.invalid_value", value=problem.quoted),
        expected,
    )


def _explain_pattern(problem: _Problem) -> Finding:
    if not problem.is_of_key:
        return _explain_type(problem)
    found = Message("config.invalid_name", name=problem.error["input"])
    return Finding(problem.place(key=True), problem.key, found, NAME)


def _explain_empty(problem: _Problem) -> Finding:
    if not isinstance(problem.value, (dict, list)):
        return _explain_type(problem)
    found = Message("config.empty_value", value=problem.quoted)
    return Finding(problem.place(), problem.key, found, Message("config.at_least_one"))


def _explain_type(problem: _Problem) -> Finding:
    found = Message("config.value_not_allowed", value=problem.quoted)
    expected = describe_types(problem.at.branches, problem.document.schema)
    expected = describe_forms(problem.path, expected)
    finding = Finding(problem.place(), problem.key, found, expected, problem.choices())
    return add_meaning(finding, meaning_of_value(problem.path, str(problem.value)))


def _explain_refused_plugin(problem: _Problem) -> Finding:
    context = problem.error["ctx"]
    path = problem.path
    if context["key"] and isinstance(problem.value, dict):
        path = (*path, context["key"])
    return Finding(problem.document.place(path), _join(path), text_of_json(context["message"]), "")


EXPLAIN: Mapping[str, Callable[[_Problem], Finding]] = {
    "extra_forbidden": _explain_unknown_key,
    "missing": _explain_missing_key,
    "union_tag_invalid": _explain_unknown_kind,
    "union_tag_not_found": _explain_missing_kind,
    "literal_error": _explain_choice,
    "plugin_refused": _explain_refused_plugin,
    "value_error": _explain_own_validator,
    "string_pattern_mismatch": _explain_pattern,
    "too_short": _explain_empty,
}
