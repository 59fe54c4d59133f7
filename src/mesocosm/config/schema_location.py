"""Which part of the file and of its JSON schema a validation error is about. Knows JSON schema and
pydantic's locations; uses none of its English.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesocosm.config.source_map import Data, Path
from mesocosm.core.messages import Message, Text

Schema = dict[str, Any]

TYPES = {
    "string": "config.type.string",
    "integer": "config.type.integer",
    "number": "config.type.number",
    "boolean": "config.type.boolean",
    "array": "config.a_list",
    "object": "config.a_map",
    "null": "config.type.null",
}
BOUNDS = {
    "minimum": "config.bound.minimum",
    "exclusiveMinimum": "config.bound.over",
    "maximum": "config.bound.maximum",
    "exclusiveMaximum": "config.bound.under",
}
PYTHON_TYPES = ("str", "int", "float", "bool")


@dataclass(frozen=True)
class Location:
    """Where an error is.

    Args:
        path: the steps of the error's location that the file has.
        branches: the schemas that the value at `path` may have.
        rest: the steps that the file does not have.
    """

    path: Path
    branches: list[Schema]
    rest: Path = ()


def step_into(node: Data, step: str | int) -> Data:
    """What a map or a list of the file has at a key or a position.

    Raises:
        KeyError, IndexError: it has none.
    """
    if isinstance(node, list) and isinstance(step, int):
        return node[step]
    if isinstance(node, dict):
        return node[str(step)]
    raise KeyError(step)


def locate(loc: Sequence[str | int], data: Data, schema: Schema) -> Location:
    """The part of the file that pydantic's location means; tags of unions and names of types, which
    the file does not have, are skipped.
    """
    path: list[str | int] = []
    node, specs = data, [resolve(schema, schema)]
    for i, step in enumerate(loc):
        branches = expand(specs, schema)
        below = _descend(node, step, branches, schema)
        if below is not None:
            specs, node = below, step_into(node, step)
            path.append(step)
            continue
        tagged = [b for b in branches if step in tags_of(b, schema).values()]
        if tagged:
            specs = tagged
            continue
        if step in property_names(branches) or not _is_type_name(step):
            return Location(tuple(path), branches, tuple(loc[i:]))
    return Location(tuple(path), expand(specs, schema))


def locate_parent(path: Path, data: Data, schema: Schema) -> Location:
    """The map that holds the last key of a path, with the schemas that its tags allow."""
    found = locate(path[:-1], data, schema)
    node = data
    for step in found.path:
        node = step_into(node, step)
    if not isinstance(node, dict):
        return found
    fitting = [b for b in found.branches if _has_tags(node, tags_of(b, schema))]
    return Location(found.path, fitting or found.branches)


def _has_tags(node: Mapping[str, Data], tags: dict[str, str]) -> bool:
    return all(node.get(key) == value for key, value in tags.items())


def _descend(
    node: Data, step: str | int, branches: list[Schema], schema: Schema
) -> list[Schema] | None:
    """The schemas one step down; None where the step is not in the file."""
    if isinstance(node, dict) and isinstance(step, str) and step in node:
        if _is_tag(node, step, branches, schema):
            return None
        return children(branches, step)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return _items_of(branches)
    return None


def _items_of(branches: list[Schema]) -> list[Schema]:
    """The schemas of an item of a list in any of the branches."""
    items = [branch["items"] for branch in branches if "items" in branch]
    if items:
        return items
    return [branch["prefixItems"][0] for branch in branches if branch.get("prefixItems")]


def _is_tag(node: Mapping[str, Data], step: str, branches: list[Schema], schema: Schema) -> bool:
    """Whether a step that is also a key of the map is meant as a tag of the union."""
    if step in property_names(branches) or step == node[step]:
        return False
    return any(step in tags_of(b, schema).values() for b in branches)


def _is_type_name(step: object) -> bool:
    """Whether a step is pydantic's name of a type or of a validator, which no file has."""
    return isinstance(step, str) and ("[" in step or step in TYPES or step in PYTHON_TYPES)


def resolve(node: Schema, schema: Schema) -> Schema:
    """A schema with its references followed; what stands beside a reference wins."""
    while "$ref" in node:
        beside = {key: value for key, value in node.items() if key != "$ref"}
        node = {**schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], **beside}
    return node


def expand(nodes: Sequence[Schema], schema: Schema) -> list[Schema]:
    """The schemas with every union taken apart."""
    found: list[Schema] = []
    for node in nodes:
        node = resolve(node, schema)
        inner = node.get("oneOf") or node.get("anyOf")
        if inner:
            found += expand(inner, schema)
        else:
            found.append(node)
    return found


def tags_of(branch: Schema, schema: Schema) -> dict[str, str]:
    """The keys of a branch that have one value only, which tell it from others of its union."""
    found = {}
    for name, spec in branch.get("properties", {}).items():
        spec = resolve(spec, schema)
        if "const" in spec:
            found[name] = str(spec["const"])
    return found


def children(branches: Sequence[Schema], step: str | int) -> list[Schema]:
    """The schemas of a key in any of the branches."""
    found: list[Schema] = []
    for branch in branches:
        found += _children_of(branch, step)
    return found


def _children_of(branch: Schema, step: str | int) -> list[Schema]:
    properties = branch.get("properties", {})
    if step in properties:
        return [properties[step]]
    more = branch.get("additionalProperties")
    if isinstance(more, dict):
        return [more]
    return list(branch.get("patternProperties", {}).values())


def property_names(branches: Sequence[Schema]) -> list[str]:
    """The keys that any of the branches knows, sorted."""
    names: set[str] = set()
    for branch in branches:
        names.update(branch.get("properties", ()))
    return sorted(names)


def allowed_values(branches: Sequence[Schema], schema: Schema) -> list[str]:
    """The values that the branches list, each once."""
    found: list[str] = []
    for branch in branches:
        branch = resolve(branch, schema)
        found += [str(value) for value in branch.get("enum", [])]
        if "const" in branch:
            found.append(str(branch["const"]))
    return list(dict.fromkeys(found))


def describe_types(branches: Sequence[Schema], schema: Schema) -> Text:
    """What a value may be, from its schema.

    >>> str(describe_types([{"type": "integer", "minimum": 1}], {}))
    'a whole number, 1 or more'
    """
    types = [_describe_type(resolve(branch, schema)) for branch in branches]
    each = list(dict.fromkeys(text for text in types if text))
    if not each:
        return ""
    described = each[0]
    for text in each[1:]:
        described = Message("config.either_type", first=described, second=text)
    return described


def describe_type_name(kind: str) -> Text:
    """A type of JSON schema in words; empty for any other word."""
    return Message(TYPES[kind]) if kind in TYPES else ""


def _describe_type(branch: Schema) -> Text:
    kind = str(branch.get("type"))
    if "enum" in branch or "const" in branch or kind == "null":
        return ""
    base = describe_type_name(kind)
    pattern = branch.get("pattern", "")
    if pattern and kind == "string":
        base = Message("config.text_like", pattern=pattern)
        if pattern.startswith("^[a-z]"):
            base = Message("config.a_name")
    for bound in _describe_bounds(branch):
        if base:
            base = Message("config.bounded", type=base, bound=bound)
    return base


def _describe_bounds(branch: Schema) -> Iterator[Message]:
    for key, id in BOUNDS.items():
        if key in branch:
            yield Message(id, bound=branch[key])
