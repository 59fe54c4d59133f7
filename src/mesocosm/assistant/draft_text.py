"""A draft as the text of a file, its evidence as comments."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence

from mesocosm.assistant.files_draft import FilesDraft, Parts, ProposedChange
from mesocosm.core.messages import Message, render
from mesocosm.core.records import JsonObject

WIDTH = 100  # letters of a line of evidence
WIDE = 110  # of a line to choose
MOST_LINES = 4  # of one sentence
PLAIN = re.compile(r"[A-Za-z_][\w/.*-]*")  # words that YAML reads as texts without quotes
YAML_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off"))
ROWS = ("duplicates", "rules")  # sections whose proposals change rows, not cells
ACCEPT = "PROPOSED, and not done: take the '# ' off '{}:' and off the lines that you accept{}."
LISTS = {  # sections of proposals, with what more a person has to know
    "repairs": "",
    "rules": "; a row that breaks a rule is quarantined",
}
CONTRACT = (
    "PROPOSED, and not done: what this source has kept so far; a build stops, and drops nothing,"
    " where it breaks. Add it to the braces:"
)


def format_draft(data: FilesDraft) -> str:
    """The file, each proposal under its reason."""
    lines = ["grammar: 2", f"ecosystem: {data['name']}", "", "sources:"]
    for name in data["sources"]:
        lines += _format_source(name, data)
    for name, why in data["left"].items():
        lines += _comment(f"{name.removesuffix('-source')} is left out: {why}", 2)
    lines += ["", "datasets:", *_format_dataset(data)]
    for more in data.get("more", ()):
        lines += _format_other_dataset(more)
    if "parts" in data:
        lines += _format_parts(data)
    return "\n".join(lines)


def _format_source(name: str, data: FilesDraft) -> Iterator[str]:
    """A source, what was found in reading it, and what it has kept so far as a proposed
    contract.
    """
    for note in data.get("notes", {}).get(name, ()):
        yield from _comment(note, 2)
    contract = data.get("contracts", {}).get(name)
    if contract:
        yield from _comment(CONTRACT, 2)
        yield f"  # contract: {_to_flow(contract)}"
    yield f"  {name}: {_to_flow(data['sources'][name])}"


def _format_dataset(data: FilesDraft) -> Iterator[str]:
    """The dataset of the files, with what is proposed for it."""
    evidence, draft = data["evidence"], data["dataset"]
    proposals = _group_proposals(data.get("proposals", []))
    yield f"  {data['name']}-data:"
    yield from _comment(evidence.get("from"), 4)
    yield f"    from: {_to_flow(data['from'])}"
    if "key" in draft:
        yield from _comment(evidence.get("key"), 4)
        yield f"    key: {_to_word(draft['key'])}"
    yield from _format_proposals(proposals.get("duplicates", []), "duplicates: ", 4)
    yield "    fields:"
    for name, field in draft["fields"].items():
        line = f"{_to_word(name)}: "
        yield from _format_field(name, field, evidence)
        yield from _format_proposals(proposals.get(f"fields.{name}", []), line, 6)
    for section in LISTS:
        yield from _format_list(section, proposals.get(section, []))
    if "parts" in data:
        yield from _comment(data["reasons"].get("split"), 4)
        yield f"    split: {_to_flow(data['parts']['split'])}"


def _group_proposals(
    proposals: Sequence[ProposedChange],
) -> dict[str, list[ProposedChange]]:
    """The proposals by what they are for."""
    groups: dict[str, list[ProposedChange]] = {}
    for proposal in proposals:
        groups.setdefault(proposal["where"], []).append(proposal)
    return groups


def _format_list(section: str, proposals: Sequence[ProposedChange]) -> Iterator[str]:
    """The proposals of a section that is a list."""
    if proposals:
        yield f"    # {render(ACCEPT.format(section, LISTS[section]))}"
        yield f"    # {section}:"
        yield from _format_proposals(proposals, "  - ", 4)


def _format_field(name: str, field: JsonObject, evidence: Mapping[str, str]) -> Iterator[str]:
    """A field under its evidence."""
    yield from _comment(evidence.get(f"fields.{name}"), 6)
    yield from _comment(evidence.get(f"fields.{name}.private"), 6)
    yield f"      {_to_word(name)}: {_to_flow(field)}"


def _format_other_dataset(more: FilesDraft) -> Iterator[str]:
    """Another dataset that a goal needs, such as the items that are ranked."""
    dataset, evidence = more["dataset"], more["evidence"]
    yield ""
    yield f"  {more['name']}-data:"
    yield f"    from: {_to_flow(more['from'])}"
    if "key" in dataset:
        yield from _comment(evidence.get("key"), 4)
        yield f"    key: {_to_word(dataset['key'])}"
    yield "    fields:"
    for name, field in dataset["fields"].items():
        yield from _format_field(name, field, evidence)
    yield "    split: none"


def _format_proposals(proposals: Sequence[ProposedChange], head: str, indent: int) -> Iterator[str]:
    """Guesses as comments: what each would change, at most ten examples, and the line that a person
    may accept.
    """
    margin = " " * indent + "# "
    for proposal in proposals:
        yield from _comment(
            f"PROPOSED, and not done{_count_changes(proposal)}; {proposal['why']}", indent
        )
        for example in proposal["examples"]:
            yield f"{margin}  {_flatten(example)[:120]}"
        yield f"{margin}{head}{_to_flow(json.loads(proposal['line']))}"


def _count_changes(proposal: ProposedChange) -> str:
    changes = proposal["changes"]
    if not changes:
        return ""
    what = "value"
    if proposal["where"] in ROWS:
        what = "row"
    return f": {changes} {what}{'s' * (changes != 1)}"


def _format_parts(data: FilesDraft) -> Iterator[str]:
    """What a goal asked for, each setting under its reason, each doubt as a line to choose."""
    reasons, parts = data["reasons"], data["parts"]
    yield ""
    for doubt in data["choose"]:
        first, *more = textwrap.wrap(render(doubt), WIDE)
        yield f"# {_choose(first)}"
        yield from (f"#   {line}" for line in more)
    yield from _format_models(parts, reasons)
    yield from ("", "services:")
    yield from (f"  {name}: {_to_flow(service)}" for name, service in parts["services"].items())
    yield from _format_monitors(parts, reasons)
    yield from ("", "world:", f"  places: {_to_flow(parts['world']['places'])}")


def _choose(doubt: str) -> str:
    """The first line of what is left to choose."""
    return Message("assistant.choose", doubt=doubt).render()


def _format_models(parts: Parts, reasons: Mapping[str, str]) -> Iterator[str]:
    """The models; where there is none, why."""
    if parts["models"]:
        yield "models:"
    else:
        yield from _comment(reasons.get("target"), 0)
    for name, model in parts["models"].items():
        yield f"  {name}:"
        for key, value in model.items():
            for reason in _list_reasons(key, reasons):
                yield from _comment(reason, 4)
            yield f"    {key}: {_to_flow(value)}"


def _format_monitors(parts: Parts, reasons: Mapping[str, str]) -> Iterator[str]:
    if parts["monitors"]:
        yield from ("", "monitors:")
    for name, monitor in parts["monitors"].items():
        yield from _comment(reasons.get("monitor"), 2)
        yield from _comment(reasons.get("surge"), 2)
        yield f"  {name}: {_to_flow(monitor)}"


def _list_reasons(key: str, reasons: Mapping[str, str]) -> list[str | None]:
    """Why a model's setting is as it is; of its inputs, why other fields are left out."""
    if key == "features":
        return [why for name, why in reasons.items() if name.startswith("left.")]
    return [reasons.get(key)]


def _comment(sentence: str | None, indent: int) -> list[str]:
    """A sentence as comments of a few lines; none where there is no sentence."""
    if not sentence:
        return []
    lines = textwrap.wrap(
        render(_flatten(sentence)), WIDTH, max_lines=MOST_LINES, placeholder=" ..."
    )
    return [f"{' ' * indent}# {line}" for line in lines]


def _flatten(text: str) -> str:
    """A text on one line."""
    return re.sub(r"\s+", " ", text)


def _to_word(value: object) -> str:
    """A scalar as YAML writes it."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float):
        return f"{value:g}"
    return _quote(str(value))


def _quote(text: str) -> str:
    """A text as YAML writes it: in quotes where it would be read as something else."""
    if PLAIN.fullmatch(text) and text.lower() not in YAML_WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def _to_flow(value: object) -> str:
    """A value as YAML writes it in one line."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_to_word(k)}: {_to_flow(v)}" for k, v in value.items())
        return f"{{{pairs}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_to_flow, value))}]"
    return _to_word(value)
