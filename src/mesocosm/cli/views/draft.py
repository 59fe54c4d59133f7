"""A draft as the text of a file, its evidence as comments."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Sequence
from typing import Any


def draft_text(data: dict[str, Any]) -> str:
    """The file, each proposal under the sentence that speaks for it."""
    told = data["evidence"]
    lines = [
        "grammar: 1",
        f"ecosystem: {data['name']}",
        "",
        "sources:",
        *(
            line
            for name, settings in data["sources"].items()
            for line in _source(
                name,
                settings,
                data.get("contracts", {}).get(name),
                data.get("notes", {}).get(name, ()),
            )
        ),
        *(
            line
            for name, why in data["left"].items()
            for line in _because(f"{name.removesuffix('-source')} is left out: {why}", 2)
        ),
        "",
        "datasets:",
        f"  {data['name']}-data:",
        *_because(told.get("from"), 4),
        f"    from: {_flow(data['from'])}",
    ]
    draft, waiting = data["dataset"], data.get("proposals", [])
    if "key" in draft:
        lines += [*_because(told.get("key"), 4), f"    key: {_word(draft['key'])}"]
    lines += _proposed([p for p in waiting if p["where"] == "duplicates"], "duplicates: ", 4)
    lines.append("    fields:")
    for name, field in draft["fields"].items():
        lines += _because(told.get(f"fields.{name}"), 6)
        lines += _because(told.get(f"fields.{name}.private"), 6)
        lines.append(f"      {_word(name)}: {_flow(field)}")
        lines += _proposed(
            [p for p in waiting if p["where"] == f"fields.{name}"], f"{_word(name)}: ", 6
        )
    if repairs := [p for p in waiting if p["where"] == "repairs"]:
        lines += [
            (
                "    # PROPOSED, and not done: take the '# ' off 'repairs:' and off the lines that"
                " you accept."
            ),
            "    # repairs:",
        ]
        lines += _proposed(repairs, "  - ", 4)
    if rules := [p for p in waiting if p["where"] == "rules"]:
        lines += [
            (
                "    # PROPOSED, and not done: take the '# ' off 'rules:' and off the lines that"
                " you accept; a row that breaks a rule is quarantined."
            ),
            "    # rules:",
        ]
        lines += _proposed(rules, "  - ", 4)
    if "parts" in data:
        lines += [
            *_because(data["reasons"].get("split"), 4),
            f"    split: {_flow(data['parts']['split'])}",
        ]
    for more in data.get("more", ()):
        lines += _dataset(more)
    if "parts" in data:
        lines += _parts(data)
    return "\n".join(lines)


def _source(
    name: str, settings: dict[str, Any], contract: dict[str, Any] | None, notes: Sequence[str] = ()
) -> list[str]:
    """A source, what was found in reading it, and what it has kept so far as a proposed
    contract.
    """
    told = [line for note in notes for line in _because(note, 2)]
    if not contract:
        return [*told, f"  {name}: {_flow(settings)}"]
    return [
        *told,
        *_because(
            "PROPOSED, and not done: what this source has kept so far; a build stops, and drops"
            " nothing, where it breaks. Add it to the braces:",
            2,
        ),
        f"  # contract: {_flow(contract)}",
        f"  {name}: {_flow(settings)}",
    ]


def _dataset(more: dict[str, Any]) -> list[str]:
    """Another dataset that a goal needs, such as the items that are ranked."""
    lines = ["", f"  {more['name']}-data:", f"    from: {_flow(more['from'])}"]
    if "key" in more["dataset"]:
        lines += [
            *_because(more["evidence"].get("key"), 4),
            f"    key: {_word(more['dataset']['key'])}",
        ]
    lines.append("    fields:")
    for name, field in more["dataset"]["fields"].items():
        lines += [
            *_because(more["evidence"].get(f"fields.{name}"), 6),
            *_because(more["evidence"].get(f"fields.{name}.private"), 6),
            f"      {_word(name)}: {_flow(field)}",
        ]
    return [*lines, "    split: none"]


def _proposed(proposals: list[dict[str, Any]], head: str, indent: int) -> list[str]:
    """Guesses as comments: what each would change, at most ten examples, and the line that a person
    may accept.
    """
    lines: list[str] = []
    for one in proposals:
        count = (
            f"{one['changes']}"
            f" "
            f"{'row' if one['where'] in ('duplicates', 'rules') else 'value'}{'s' * (one['changes'] != 1)}"
            if one["changes"]
            else ""
        )
        lines += _because(
            f"PROPOSED, and not done{': ' + count if count else ''}; {one['why']}", indent
        )
        lines += [
            " " * indent + "#   " + re.sub(r"\s+", " ", example)[:120]
            for example in one["examples"]
        ]
        lines.append(" " * indent + "# " + head + _flow(json.loads(one["line"])))
    return lines


def _parts(data: dict[str, Any]) -> list[str]:
    """What a goal asked for, each setting under its reason, each doubt as a line to choose."""
    why, parts = data["reasons"], data["parts"]
    lines = [""]
    lines += [
        line
        for doubt in data["choose"]
        for line in ("# CHOOSE: " + textwrap.fill(doubt, 110).replace("\n", "\n#   ")).split("\n")
    ]
    lines += ["models:"] if parts["models"] else _because(why.get("target"), 0)
    for name, model in parts["models"].items():
        lines.append(f"  {name}:")
        for key, value in model.items():
            reason = {"predict": "target", "inputs": "kind"}.get(key, key)
            left = [
                line
                for k, v in why.items()
                if k.startswith("left.") and key == "inputs"
                for line in _because(v, 4)
            ]
            lines += [
                *(_because(why.get(reason), 4) if key != "inputs" else left),
                f"    {key}: {_flow(value)}",
            ]
    lines += ["", "services:", *(f"  {n}: {_flow(s)}" for n, s in parts["services"].items())]
    lines += ["", "monitors:"] if parts["monitors"] else []
    for name, monitor in parts["monitors"].items():
        lines += [
            *_because(why.get("monitor"), 2),
            *_because(why.get("surge"), 2),
            f"  {name}: {_flow(monitor)}",
        ]
    return [*lines, "", "world:", f"  places: {_flow(parts['world']['places'])}"]


def _because(sentence: str | None, indent: int) -> list[str]:
    if not sentence:
        return []
    return [
        " " * indent + "# " + line
        for line in textwrap.wrap(
            re.sub(r"\s+", " ", sentence), 100, max_lines=4, placeholder=" ..."
        )
    ]


def _word(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return f"{value:g}"
    plain = re.fullmatch(r"[A-Za-z_][\w/.*-]*", str(value)) and str(value).lower() not in (
        "null",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
    )
    return str(value) if plain else json.dumps(str(value), ensure_ascii=False)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_word(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return _word(value)
