"""The JSON schema of ecosystem.yaml for editors: short names, a description for every key, and the
short forms that a file may use.

Knows the grammar's schema and the docstrings of its settings, which it gives in the reader's
language.
Source: https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from mesocosm.config.loader import schema
from mesocosm.config.schema import Ecosystem
from mesocosm.config.settings_texts import describe_all_keys, translate, write_about
from mesocosm.core.messages.language import current_language
from mesocosm.core.settings import Settings

Node = dict[str, Any]
ID = "urn:mesocosm:ecosystem:2"
REFERENCE = "#/$defs/"
ANY_SCALARS: Node = {"type": "array", "items": {"type": ["string", "number", "boolean"]}}
FREE_FORMS: dict[str, list[Node]] = {
    "From": [{"type": "string", "description": "The name of one source."}],
    "Split": [{"const": "none", "description": "No split: every row trains."}],
    "Duplicates": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    "Duplicates.by": [{"type": "string"}],
    "Dataset.fields": [{"const": "auto", "description": "Drafted from the sources."}],
    "Dataset.engine": [{"type": "object", "description": "`{spark: URL}`"}],
    "Dataset.fields.*": [
        {
            "type": "object",
            "required": ["shared"],
            "properties": {"shared": {"type": "string"}},
            "description": "A field of `shared`.",
        }
    ],
    "*.absent": [ANY_SCALARS],
    "*.null": [ANY_SCALARS],
    "Contract.columns": [{"type": "array", "items": {"type": "string"}}],
    "Workers": [{"type": "integer", "minimum": 1}],
}


def published_schema() -> Node:
    """The schema as `mesocosm schema` prints it and as `mesocosm init` writes it beside a file."""
    raw = deepcopy(schema())
    kinds: dict[str, type[Settings]] = {}
    for kind in _kinds(Settings):
        kinds |= dict.fromkeys(_names_of(kind), kind)
    names = {name: _short_name(name) for name in raw["$defs"]}
    definitions = {}
    for name, definition in raw["$defs"].items():
        described = _describe(definition, kinds.get(name))
        definitions[names[name]] = _with_short_form(names[name], described, kinds.get(name))
    root = _describe({key: value for key, value in raw.items() if key != "$defs"}, Ecosystem)
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        **root,
        "title": "ecosystem.yaml",
        "$defs": definitions,
    }
    found: Node = _rename(_open_unions(whole), names)
    return found


def _kinds(kind: type[Settings]) -> Iterator[type[Settings]]:
    for inner in kind.__subclasses__():
        yield inner
        yield from _kinds(inner)


def _names_of(kind: type[Settings]) -> tuple[str, str]:
    """The names that a kind's definition may have: its own, or that with its module."""
    return kind.__name__, f"{kind.__module__}.{kind.__name__}".replace(".", "__")


def _short_name(name: str) -> str:
    """A readable name of a definition: two kinds of one name are distinguished by their folder.

    >>> _short_name("mesocosm__data__privacy__mask__Mask"), _short_name("Csv")
    ('PrivacyMask', 'Csv')
    """
    parts = name.split("__")
    return parts[-1] if len(parts) < 3 else parts[-3].capitalize() + parts[-1]


def _describe(definition: Node, kind: type[Settings] | None) -> Node:
    """A definition whose docstring's arguments, and those of what it extends, describe its keys."""
    if kind is None:
        return definition
    language, arguments = current_language(), describe_all_keys(kind)
    found = {**definition, "description": write_about(kind, language)}
    properties = {}
    for key, node in definition.get("properties", {}).items():
        words = arguments.get(key) or arguments.get(key.rstrip("_"))
        properties[key] = {**node, "description": translate(words, language)} if words else node
    if properties:
        found["properties"] = properties
    return found


def _with_short_form(name: str, definition: Node, kind: type[Settings] | None) -> Node:
    """A definition that also allows the scalar that stands for one of its keys."""
    for key in definition.get("properties", {}):
        if forms := _forms_of(f"{name}.{key}") or _forms_of(f"*.{key}"):
            node = definition["properties"][key]
            about = {"description": node["description"]} if "description" in node else {}
            if inner := _forms_of(f"{name}.{key}.*"):
                one = {"anyOf": [node["additionalProperties"], *inner]}
                node = {**node, "additionalProperties": one}
            definition["properties"][key] = {**about, "anyOf": [node, *forms]}
    forms = _forms_of(name)
    short = kind.short if kind else ""
    if short and short in definition.get("properties", {}):
        forms.append(definition["properties"][short])
    if not forms:
        return definition
    return {"description": definition["description"], "anyOf": [definition, *forms]}


def _forms_of(name: str) -> list[Node]:
    """The short forms of a definition or a key, described in the reader's language."""
    return [
        {**form, "description": translate(form["description"], current_language())}
        if "description" in form
        else form
        for form in FREE_FORMS.get(name, [])
    ]


def _open_unions(node: Any) -> Any:
    """Unions of kinds that also allow a kind's bare name; a rule may be a condition in SQL."""
    if isinstance(node, list):
        return [_open_unions(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _open_unions(value) for key, value in node.items()}
    mapping = found.get("discriminator", {}).get("mapping") if "oneOf" in found else None
    if not mapping:
        return found
    names: Node = {"enum": sorted(mapping)}
    if "condition" in mapping:
        names = {"type": "string", "examples": sorted(mapping)}
    about = {key: found[key] for key in ("description", "default", "title") if key in found}
    kinds = found["oneOf"]
    if "condition" in mapping:
        kinds = [*kinds, {"type": "object", "required": ["condition"]}]
    return {**about, "anyOf": [names, *kinds]}


def _rename(node: Any, names: dict[str, str]) -> Any:
    """References to definitions under their readable names."""
    if isinstance(node, list):
        return [_rename(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    found = {}
    for key, value in node.items():
        if key == "$ref" and isinstance(value, str):
            found[key] = REFERENCE + names[value.removeprefix(REFERENCE)]
        else:
            found[key] = _rename(value, names)
    return found
