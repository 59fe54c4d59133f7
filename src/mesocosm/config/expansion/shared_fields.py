"""Fields that several datasets share: `{shared: NAME}` in a dataset becomes the field that `shared`
has under that name, each key at the place where it is written. Knows ruamel's tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mesocosm.config.source_map import find_place
from mesocosm.core.errors import Finding, nearest
from mesocosm.core.messages import Message, Text

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap

KEY = "shared"


def expand_shared_fields(tree: CommentedMap, file: str) -> list[Finding]:
    """Put the shared fields in place of the words that name them, in the tree itself.

    A key that a dataset writes next to `shared` stands in place of the shared field's key, whole. A
    field whose name is not shared stays as it is written.

    Returns:
        A finding for each name that is not shared.
    """
    from ruamel.yaml.comments import CommentedMap

    shared = _map_at(_map_at(tree, KEY), "fields")
    findings = []
    for dataset, fields in _list_tables(tree):
        for name, written in list(fields.items()):
            if not isinstance(written, CommentedMap) or KEY not in written:
                continue
            word = written[KEY]
            if isinstance(word, str) and word in shared:
                fields[name] = _merge(written, shared, word)
                continue
            path = ("datasets", str(dataset), "fields", str(name), KEY)
            findings.append(_refuse(tree, file, path, word, list(map(str, shared))))
    return findings


def select_first(findings: Sequence[Finding], unknown: Sequence[Finding]) -> list[Finding]:
    """The findings, one for each fault of a shared field, however many datasets have it, and none
    that only follows from a name that is not shared.

    Args:
        unknown: findings of names that are not shared.
    """
    own = {(f.place, _words(f.found)) for f in findings if f.key.startswith(f"{KEY}.")}
    lacking = tuple(f.key.removesuffix(KEY) for f in unknown)
    kept = []
    for finding in findings:
        key = f"{finding.key}."
        follows = any(key.startswith(field) for field in lacking)
        repeats = key.startswith("datasets.") and (finding.place, _words(finding.found)) in own
        if not follows and not repeats:
            kept.append(finding)
    return [*unknown, *kept]


def _words(found: Text) -> str:
    return str(found)


def _list_tables(tree: CommentedMap) -> Iterator[tuple[object, CommentedMap]]:
    """The name and the fields of each dataset that lists its fields."""
    datasets = _map_at(tree, "datasets")
    for name in datasets:
        fields = _map_at(_map_at(datasets, name), "fields")
        if fields:
            yield name, fields


def _map_at(node: CommentedMap, key: object) -> CommentedMap:
    """The map at a key, an empty one where there is none."""
    from ruamel.yaml.comments import CommentedMap

    inner = node.get(key)
    return inner if isinstance(inner, CommentedMap) else CommentedMap()


def _merge(written: CommentedMap, shared: CommentedMap, name: str) -> CommentedMap:
    """A shared field with what a dataset writes beside its name; each key knows its own place."""
    from ruamel.yaml.comments import CommentedMap

    base = shared[name]
    if not isinstance(base, CommentedMap):  # a type's bare name
        bare = CommentedMap({"type": base})
        line, column = shared.lc.value(name)
        bare._yaml_set_kv_line_col("type", [line, column, line, column])
        base = bare
    merged = CommentedMap()
    merged._yaml_set_line_col(written.lc.line, written.lc.col)
    for part in (base, written):
        for key, value in part.items():
            if part is written and key == KEY:
                continue
            merged[key] = value
            merged._yaml_set_kv_line_col(key, [*part.lc.key(key), *part.lc.value(key)])
    return merged


def _refuse(
    tree: CommentedMap, file: str, path: tuple[str, ...], word: object, choices: list[str]
) -> Finding:
    """That a name is not shared, at the word."""
    text = str(word) if isinstance(word, str) else ""
    found = Message("config.no_shared_field", name=str(word)[:60])
    expected = "" if choices else Message("config.shared_section")
    place = find_place(tree, path, file)
    return Finding(place, ".".join(path), found, expected, tuple(choices), nearest(text, choices))
