"""Settings as they tell one result from another: what differs from the defaults, and the kind.

A new optional setting therefore changes no fingerprint. A default that changes what is made is a
new revision of the code that makes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, cast, get_args, get_origin

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from mesocosm.core.plugins.choices import KindName
from mesocosm.core.plugins.entry_points import Plugin
from mesocosm.core.plugins.kinds import plugin_mark, plugin_of
from mesocosm.core.records import Json, JsonObject
from mesocosm.core.settings import Settings


def written_settings(settings: Settings, without: Collection[str] = ()) -> dict[str, Json]:
    """The settings that are not the defaults, JSON-ready, under the names that the file has.

    What tells one kind from another (`type: csv`) is always among them.

    Args:
        without: fields that are left out.
    """
    dumped = settings.model_dump(mode="json", by_alias=True, exclude=set(without))
    return cast("dict[str, Json]", _written(settings, dumped))


def normalise_settings(kind: type[Settings], stored: Mapping[str, Json]) -> dict[str, Json]:
    """Settings that an earlier version stored, as `written_settings` has them now.

    Each key is read by itself; one that is unknown, or holds what is not valid any more, stays as
    it is.

    >>> from mesocosm.core.network.llm import Language
    >>> normalise_settings(Language, {"model": "m", "seconds": 20.0, "content": "ab"})
    {'model': 'm', 'content': 'ab'}
    """
    names = {name: name for name in kind.model_fields}
    names |= {field.alias: name for name, field in kind.model_fields.items() if field.alias}
    found: dict[str, Json] = {}
    for key, value in stored.items():
        if key not in names:
            found[key] = value
            continue
        field = kind.model_fields[names[key]]
        try:
            adapter = TypeAdapter(field.rebuild_annotation())
            read = adapter.validate_python(value)
        except ValueError:
            found[key] = value
            continue
        if _must_be_written(field, read):
            dumped: Json = adapter.dump_python(read, mode="json", by_alias=True)
            found[field.alias or names[key]] = _written(read, dumped)
    return found


def mark_plugins(settings: Settings, *kinds: type) -> dict[str, Json]:
    """What tells the plugins that settings name from other releases of them, as a part of what a
    resource is built from: `{"plugins": {"types.grade": "lab-notes 0.1.0"}}`; empty where they name
    none.

    Args:
        kinds: classes that they name otherwise than by their own name.
    """
    marks = {plugin.key: plugin_mark(kind) for plugin, kind in find_plugins(settings)}
    for kind in kinds:
        if plugin := plugin_of(kind):
            marks[plugin.key] = plugin_mark(kind)
    return {"plugins": dict(sorted(marks.items()))} if marks else {}


def find_plugins(value: object) -> Iterator[tuple[Plugin, type]]:
    """The plugins that settings name at any depth, each with its class."""
    if isinstance(value, Settings):
        if plugin := plugin_of(type(value)):
            yield plugin, type(value)
        for name, field in type(value).model_fields.items():
            inner = getattr(value, name)
            for named in field.metadata:
                if isinstance(named, KindName):
                    yield from named.plugins(inner)
            yield from find_plugins(inner)
    elif isinstance(value, dict):
        yield from find_plugins(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from find_plugins(inner)


def _written(value: object, dumped: Json) -> Json:
    """A dumped value without what is a default, at any depth."""
    if isinstance(value, Settings) and isinstance(dumped, Mapping):
        return _written_fields(value, dumped)
    if isinstance(value, dict) and isinstance(dumped, Mapping):
        return {str(key): _written(item, dumped[str(key)]) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and isinstance(dumped, Sequence):
        return [_written(item, other) for item, other in zip(value, dumped, strict=True)]
    return dumped


def _written_fields(settings: Settings, dumped: JsonObject) -> dict[str, Json]:
    """The fields of settings that are not the defaults, under the names that the file has."""
    found: dict[str, Json] = {}
    for name, field in type(settings).model_fields.items():
        key = field.alias or name
        value = getattr(settings, name)
        if key in dumped and _must_be_written(field, value):
            found[key] = _written(value, dumped[key])
    return found


def _must_be_written(field: FieldInfo, value: object) -> bool:
    """Whether a value is not the default, or names the kind."""
    names_kind = get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1
    if names_kind or field.is_required():
        return True
    return bool(value != field.get_default(call_default_factory=True))
