"""The settings of a kind as a table: key, type, default, range, description, example.

Knows pydantic's JSON schema, docstrings with `Args:`, and the files of examples/.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from setting_examples import EXAMPLES
from wording import ENGLISH, say

from mesocosm.config.settings_texts import describe_keys as describe
from mesocosm.config.settings_texts import list_paragraphs, translate
from mesocosm.core.settings import Settings

Node = dict[str, Any]
ROOT = Path(__file__).parents[1]
NAMES = {"string": "text", "object": "map", "array": "list", "null": ""}
BOUNDS = (
    ("minimum", "≥ {}"),
    ("exclusiveMinimum", "> {}"),
    ("maximum", "≤ {}"),
    ("exclusiveMaximum", "< {}"),
    ("minLength", "length ≥ {}"),
    ("maxLength", "length ≤ {}"),
    ("minItems", "items ≥ {}"),
    ("maxItems", "items ≤ {}"),
)
MOST_CHOICES = 14
INVENTED: Mapping[str, Any] = {  # examples where no file has the key and its type gives none
    "string": "...",
    "integer": 1,
    "number": 0.5,
    "boolean": True,
}


def text_before_settings(kind: type[Settings], language: str = ENGLISH) -> str:
    """What a kind's docstring says before its settings."""
    if language != ENGLISH:
        return "\n\n".join(translate(part, language) for part in list_paragraphs(kind))
    return re.split(r"\n(?:Args|Raises):|\nSource:|\n>>>", _doc(kind))[0].strip()


def text_after_settings(kind: type[Settings], language: str = ENGLISH) -> str:
    """The errors and the source that a kind's docstring names."""
    parts = [say("Errors: {}", language).format(translate(e, language)) for e in list_errors(kind)]
    source = re.search(r"\nSource:(.*)", _doc(kind).split(">>>")[0], re.S)
    if source:
        named = source[1].rstrip()
        parts.append(say("Source:", language) + (named if language == ENGLISH else named.lstrip()))
    return "\n\n".join(parts)


def list_errors(kind: type[Settings]) -> list[str]:
    """When a kind raises an error, as its docstring says it, on one line."""
    raises = re.search(r"\nRaises:\n((?: {4}.*\n?)+)", _doc(kind).split(">>>")[0])
    return [" ".join(raises[1].split()).split(": ", 1)[1]] if raises else []


def table(
    kind: type[Settings],
    links: Mapping[str, str],
    chooses: tuple[str, ...] = (),
    language: str = ENGLISH,
) -> str:
    """The settings of a kind that its docstring describes, as a Markdown table; empty for none.

    Args:
        links: for the name of a kind of settings, or the names of a union's kinds joined by a
            comma, where it is described.
        chooses: keys that name the kind itself.
        language: of the page.
    """
    described = describe(kind)
    schema = kind.model_json_schema()
    rows = []
    for key, node in schema.get("properties", {}).items():
        words = described.get(key) or described.get(key.rstrip("_"))
        names_the_kind = key in chooses and "const" in node
        if not words or names_the_kind:
            continue
        shape, bounds = _type(node, schema.get("$defs", {}), links, language)
        cells = (
            f"`{key}`",
            shape,
            _default(kind, key, node, language),
            bounds,
            translate(words, language),
            f"`{write(key, example(kind, key))}`",
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    if not rows:
        return ""
    head = say("| key | type | default | range | description | example |", language)
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def write(key: str, value: Any) -> str:
    """A setting as a line of YAML."""
    return f"{key}: {_flow(value)}"


def _flow(value: Any) -> str:
    """A value in YAML's flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(inner) for inner in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z_][\w ./@+*-]*", value):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.lower() in ("yes", "no", "true", "false", "null", "on"):
        return json.dumps(value)
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def example(kind: type[Settings], key: str) -> Any:
    """A value of a setting: one of the examples' where a file has it, else the default, else one
    that its type allows.
    """
    named = f"{kind.__name__}.{key}"
    candidates = [EXAMPLES[name] for name in (named, key) if name in EXAMPLES]
    candidates += _written().get(key, [])
    schema = kind.model_json_schema()
    node = schema["properties"][key]
    if node.get("default") not in (None, "", [], {}):
        candidates.append(node["default"])
    candidates += _invent(node, schema.get("$defs", {}))
    for candidate in candidates:
        if takes(kind, key, candidate):
            return candidate
    return None


def takes(kind: type[Settings], key: str, value: Any) -> bool:
    """Whether a kind accepts a value for a key, whatever else it requires."""
    fields = {field.alias or name: field for name, field in kind.model_fields.items()}
    field = fields[key]
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, *field.metadata, field])
    try:
        adapter.validate_python(value)
        if not inspect.isabstract(kind):
            kind.model_validate({key: value})
    except ValidationError as error:
        of_others = (one["loc"][:1] != (key,) for one in error.errors())
        return error.title == kind.__name__ and all(of_others)
    return True


@cache
def _written() -> dict[str, list[Any]]:
    """For each key, the values that the examples and pages have, the shortest first."""
    found: dict[str, list[Any]] = {}
    scenes = sorted(ROOT.glob("examples/*/ecosystem.yaml"))
    english = [path for path in scenes if not path.parent.name.endswith("-zh")]
    texts = [path.read_text("utf-8") for path in english]
    for page in sorted((ROOT / "docs").rglob("*.md")):
        if "zh" not in page.parts:
            texts += re.findall(r"```yaml\n(ecosystem: .*?)```", page.read_text("utf-8"), re.S)
    for text in texts:
        for key, value in _pairs(YAML(typ="safe").load(text)):
            if value is not None and value not in found.setdefault(key, []):
                found[key].append(value)
    return {key: sorted(values, key=lambda v: len(_flow(v)))[:40] for key, values in found.items()}


def _pairs(data: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at any depth, where the value is short."""
    if isinstance(data, dict):
        for key, value in data.items():
            if len(_flow(value)) <= 70:
                yield str(key), value
            yield from _pairs(value)
    if isinstance(data, list):
        for value in data:
            yield from _pairs(value)


def _invent(node: Node, definitions: Mapping[str, Node]) -> list[Any]:
    """Values that a node's type allows."""
    found: list[Any] = []
    for branch in _branches(node, definitions):
        if "enum" in branch or "const" in branch:
            found += branch.get("enum", [branch.get("const")])
        elif branch.get("type") == "array":
            items = _invent(branch.get("items", {}), definitions)
            found += [[item] for item in items[:2]]
        elif branch.get("type") == "object":
            found.append({})
        elif branch.get("type") in INVENTED:
            least = branch.get("minimum", branch.get("exclusiveMinimum", 0))
            found += [INVENTED[branch["type"]], least, least + 1]
    return [*found, "2h", "https://example.org", "host:25", "a", "ops@example.org"]


def _branches(node: Node, definitions: Mapping[str, Node]) -> Iterator[Node]:
    """The alternatives of a node, references followed."""
    if "$ref" in node:
        yield from _branches(definitions[node["$ref"].rpartition("/")[2]], definitions)
        return
    choices = node.get("anyOf") or node.get("oneOf")
    if not choices:
        yield node
    for choice in choices or ():
        yield from _branches(choice, definitions)


def _type(
    node: Node, definitions: Mapping[str, Node], links: Mapping[str, str], language: str
) -> tuple[str, str]:
    """A node's type and range in words."""
    if mapping := node.get("discriminator", {}).get("mapping"):
        return links.get(",".join(sorted(mapping)), ", ".join(sorted(mapping))), ""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2].rpartition("__")[2]
        if name in links:
            return links[name], ""
        return _type(definitions[node["$ref"].rpartition("/")[2]], definitions, links, language)
    choices = node.get("anyOf") or node.get("oneOf")
    if choices:
        shapes = [_type(choice, definitions, links, language) for choice in choices]
        names = [shape for shape, _ in shapes if shape]
        return (
            say(" or ", language).join(dict.fromkeys(names)),
            "; ".join(dict.fromkeys(bound for _, bound in shapes if bound)),
        )
    if "enum" in node or "const" in node:
        values = [str(value) for value in node.get("enum", [node.get("const")])]
        shown = ", ".join(f"`{value}`" for value in values[:MOST_CHOICES])
        more = ", ..." if len(values) > MOST_CHOICES else ""
        return say("choice", language), shown + more
    shape = NAMES.get(str(node.get("type", "any")), str(node.get("type", "any")))
    shape = say(shape, language) if shape else ""
    bounds = [_bound(form, node[key], language) for key, form in BOUNDS if key in node]
    if node.get("type") == "array" and node.get("items"):
        inner, within = _type(node["items"], definitions, links, language)
        shape = _holding("list of {}", inner, language)
        bounds += [within] if within else []
    if isinstance(values := node.get("additionalProperties"), dict):
        inner, within = _type(values, definitions, links, language)
        shape = _holding("map of {}", inner, language)
        bounds += [within] if within else []
    return shape, ", ".join(bounds)


def _bound(form: str, value: float, language: str) -> str:
    """A bound in words."""
    return (say(form, language) if form[0].isalpha() else form).format(f"{value:g}")


def _holding(form: str, inner: str, language: str) -> str:
    """A list or a map of something; a link is set off from Chinese by a space."""
    space = " " if language != ENGLISH and inner.endswith(")") else ""
    return say(form, language).format(inner + space)


def _default(kind: type[Settings], key: str, node: Node, language: str) -> str:
    """The default of a setting in words."""
    fields = {field.alias or name: field for name, field in kind.model_fields.items()}
    field = fields.get(key)
    if field is not None and field.is_required():
        return say("required", language)
    default = node.get("default")
    if default is None or default in ("", [], {}):
        return "–"
    if isinstance(default, dict):
        kept = {name: value for name, value in default.items() if value not in (None, "", [], {})}
        short = kept.get("method") or kept.get("type")
        return f"`{short}`" if short else say("its defaults", language)
    return f"`{_flow(default)}`"


def _doc(kind: type[object]) -> str:
    return "\n" + inspect.cleandoc(kind.__doc__ or "")
