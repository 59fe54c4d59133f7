"""From pydantic's errors to findings: the words come from our schema, the places from the tree.

Knows error types and the JSON schema of the grammar. Uses none of pydantic's English, but for the
messages of our own validators, which name what would be right.
"""

from __future__ import annotations

from typing import Any

from mesocosm.config.source_map import place_of
from mesocosm.core.errors import Finding, nearest

WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "nothing",
}


def findings_of(
    errors: list[Any], tree: Any, plain: Any, schema: dict[str, Any], file: str
) -> list[Finding]:
    """One finding an error, in the file's order, each place and key once."""
    found: dict[tuple[Any, ...], Finding] = {}
    for error in errors:
        path, spec, rest = _walk(error["loc"], plain, schema)
        finding = _finding(error, path, spec, rest, tree, plain, schema, file)
        found.setdefault((finding.place, finding.key), finding)
    return sorted(found.values(), key=lambda f: (f.place.line, f.place.column))


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = {
            **schema["$defs"][node["$ref"].rsplit("/", 1)[-1]],
            **{k: v for k, v in node.items() if k != "$ref"},
        }
    return node


def _branches(node: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    node = _resolve(node, schema)
    inner = node.get("oneOf") or node.get("anyOf")
    return [b for part in inner for b in _branches(part, schema)] if inner else [node]


def _tagged(branch: dict[str, Any], schema: dict[str, Any]) -> dict[str, str]:
    found = {}
    for name, spec in branch.get("properties", {}).items():
        spec = _resolve(spec, schema)
        if "const" in spec:
            found[name] = str(spec["const"])
    return found


def _walk(
    loc: tuple[Any, ...], plain: Any, schema: dict[str, Any]
) -> tuple[tuple[Any, ...], list[dict[str, Any]], tuple[Any, ...]]:
    """The path in the file of an error's place, with the schema branches there; tags are
    skipped.
    """
    path: list[Any] = []
    node, specs = plain, [_resolve(schema, schema)]
    steps = list(loc)
    for i, step in enumerate(steps):
        branches = [b for s in specs for b in _branches(s, schema)]
        if isinstance(node, dict) and step in node:
            tag = [b for b in branches if step in _tagged(b, schema).values()]
            if not (
                tag
                and step not in [p for b in branches for p in b.get("properties", {})]
                and step != node.get(step)
            ):
                specs = [x for b in branches for x in _child(b, step)]
                node = node[step]
                path.append(step)
                continue
        if isinstance(node, list) and isinstance(step, int) and step < len(node):
            specs = [b["items"] for b in branches if "items" in b] or [
                b["prefixItems"][0] for b in branches if b.get("prefixItems")
            ]
            node = node[step]
            path.append(step)
            continue
        mine = [b for b in branches if step in _tagged(b, schema).values()]
        if mine:
            specs = mine
            continue
        known = [x for b in branches for x in _child(b, step) if step in b.get("properties", {})]
        if known:
            return tuple(path), branches, (step, *steps[i + 1 :])
        if isinstance(step, str) and (
            step == "[key]"
            or "[" in step
            or step in WORDS
            or step in ("str", "int", "float", "bool")
        ):
            continue
        return tuple(path), branches, (step, *steps[i + 1 :])
    return tuple(path), [b for s in specs for b in _branches(s, schema)], ()


def _child(branch: dict[str, Any], step: Any) -> list[dict[str, Any]]:
    properties = branch.get("properties", {})
    if step in properties:
        return [properties[step]]
    more = branch.get("additionalProperties")
    if isinstance(more, dict):
        return [more]
    return list(branch.get("patternProperties", {}).values())


def _keys(branches: list[dict[str, Any]]) -> list[str]:
    return sorted({name for b in branches for name in b.get("properties", {})})


def words(branches: list[dict[str, Any]], schema: dict[str, Any]) -> str:
    """What a value may be, from its schema.

    >>> words([{"type": "integer", "minimum": 1}], {})
    'a whole number, 1 or more'
    """
    said: list[str] = []
    for branch in branches:
        branch = _resolve(branch, schema)
        kind = branch.get("type")
        if "enum" in branch or "const" in branch:
            continue
        base = WORDS.get(str(kind), "")
        bounds = [
            (
                f"{branch[key]:g} or more"
                if key == "minimum"
                else (
                    f"{branch[key]:g} or less"
                    if key == "maximum"
                    else (
                        f"over {branch[key]:g}"
                        if key == "exclusiveMinimum"
                        else f"under {branch[key]:g}"
                    )
                )
            )
            for key in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
            if key in branch
        ]
        if branch.get("pattern") and kind == "string":
            base = (
                "a name in small letters, digits, - and _"
                if branch["pattern"].startswith("^[a-z]")
                else f"text like {branch['pattern']}"
            )
        if base and base != "nothing":
            said.append(", ".join([base, *bounds]))
    return " or ".join(dict.fromkeys(said))


def _choices(branches: list[dict[str, Any]], schema: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for branch in branches:
        branch = _resolve(branch, schema)
        found += [str(x) for x in branch.get("enum", [])]
        found += [str(branch["const"])] if "const" in branch else []
    return list(dict.fromkeys(found))


def shown(value: Any, path: tuple[Any, ...]) -> str:
    """A value as an error may show it: short, and only its type where it may be secret."""
    if value is None:
        return "nothing"
    if path and str(path[-1]) in ("url", "key", "password", "token"):
        return f"{WORDS.get({str: 'string', int: 'integer', float: 'number', bool: 'boolean'}.get(type(value), ''), 'a value')}"
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text if len(text) <= 60 else text[:57] + '...'}'"


def _finding(
    error: Any,
    path: tuple[Any, ...],
    branches: list[dict[str, Any]],
    rest: tuple[Any, ...],
    tree: Any,
    plain: Any,
    schema: dict[str, Any],
    file: str,
) -> Finding:
    kind, value = error["type"], plain
    for step in path:
        value = value[step]
    whole = tuple(path) + tuple(s for s in rest if kind in ("missing", "extra_forbidden"))
    key = ".".join(str(s) for s in whole)
    at = place_of(tree, path, file)
    said = shown(value, path)
    if kind == "extra_forbidden":
        name = str(path[-1]) if not rest else str(rest[0])
        parent, spec = (path, branches) if rest else _parent(path, plain, schema)
        keys = _keys(spec)
        here = tuple(parent) + (name,)
        return Finding(
            place_of(tree, here, file, key=True),
            ".".join(map(str, here)),
            f"'{name}' is not a key here",
            "",
            tuple(keys),
            nearest(name, keys),
        )
    if kind == "missing":
        at = place_of(tree, path, file, key=bool(path))
        name = str(rest[0]) if rest else ""
        spec = [x for b in branches for x in _child(b, name)]
        about = words([b for s in spec for b in _branches(s, schema)], schema) or "a value"
        choices = _choices([b for s in spec for b in _branches(s, schema)], schema)
        return Finding(at, key, f"'{name}' is missing", about, tuple(choices))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        tag = str(error["ctx"]["discriminator"]).strip("'")
        marks = [t for b in branches if (t := _tagged(b, schema))]
        if marks and not any(tag in t for t in marks):  # the file calls it by its alias
            tag = next(iter(marks[0]))
        choices = sorted({t[tag] for t in marks if tag in t})
        here = (*path, tag) if isinstance(value, dict) else path
        if kind == "union_tag_not_found" and isinstance(value, dict):
            return Finding(
                place_of(tree, path, file, key=True),
                ".".join(map(str, here)),
                f"'{tag}' is missing",
                "one of the choices",
                tuple(choices),
            )
        word = value.get(tag) if isinstance(value, dict) else value
        found = f"{shown(word, here)} is not one of the choices"
        return Finding(
            place_of(tree, here, file),
            ".".join(map(str, here)),
            found,
            "",
            tuple(choices),
            nearest(str(word), choices),
        )
    if kind == "literal_error":
        choices = _choices(branches, schema) or [
            c.strip(" '") for c in str(error["ctx"]["expected"]).replace(" or ", ",").split(",")
        ]
        named = bool(error["loc"]) and error["loc"][-1] == "[key]"
        if named:
            word = str(error["input"])
            here = (
                place_of(tree, (*path, word), file, key=True)
                if isinstance(value, dict)
                else place_of(tree, path, file, key=True)
            )
            choices = [
                c.strip(" '") for c in str(error["ctx"]["expected"]).replace(" or ", ",").split(",")
            ]
            return Finding(
                here, key, f"'{word}' is not a key here", "", tuple(choices), nearest(word, choices)
            )
        return Finding(
            at,
            key,
            f"{said} is not one of the choices",
            "",
            tuple(choices),
            nearest(str(value), choices),
        )
    if kind == "value_error":
        return Finding(at, key, f"{said} cannot be right", str(error["ctx"]["error"]))
    if kind == "string_pattern_mismatch" and error["loc"] and error["loc"][-1] == "[key]":
        return Finding(
            place_of(tree, path, file, key=True),
            key,
            f"the name '{error['input']}' cannot be right",
            "a name in small letters, digits, - and _",
        )
    if kind == "too_short" and isinstance(value, (dict, list)):
        return Finding(at, key, f"{said} is empty", "at least one entry")
    choices = _choices(branches, schema)
    return Finding(at, key, f"{said} cannot stand here", words(branches, schema), tuple(choices))


def _parent(
    path: tuple[Any, ...], plain: Any, schema: dict[str, Any]
) -> tuple[tuple[Any, ...], list[dict[str, Any]]]:
    parent, spec, _ = _walk(path[:-1], plain, schema)
    node = plain
    for step in parent:
        node = node[step]
    mine = (
        [b for b in spec if all(node.get(k) == v for k, v in _tagged(b, schema).items())]
        if isinstance(node, dict)
        else spec
    )
    return parent, mine or spec
