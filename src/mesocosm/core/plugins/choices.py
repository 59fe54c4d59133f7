"""Settings that are one of the kinds of a table, or the name of one, as pydantic reads them and as
the JSON schema of the file has them.

Knows pydantic's schemas. Which plugins there are is the table's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import (
    CoreSchema,
    PydanticCustomError,
    PydanticKnownError,
    SchemaValidator,
    core_schema,
)

from mesocosm.core.messages import text_as_json
from mesocosm.core.plugins.entry_points import Plugin, PluginError
from mesocosm.core.plugins.kinds import Kinds, plugin_of

JsonSchema = dict[str, Any]


def _with_reference(kind: Any) -> CoreSchema:
    """The schema of a model with the reference by which the JSON schema defines it once; pydantic
    leaves it out of a model that stands alone.
    """
    core: Any = kind.__pydantic_core_schema__
    reference = {"ref": f"{kind.__module__}.{kind.__qualname__}:{id(kind)}"}
    if core["type"] == "definitions":
        return {**core, "schema": {**reference, **core["schema"]}}
    found: CoreSchema = {**reference, **core}
    return found


@cache
def _has_json_schema(kind: type) -> bool:
    """Whether a plugin's settings can be described; one that cannot must not take the description
    of all others with it.
    """
    settings: Any = kind
    try:
        settings.model_json_schema()
    except PydanticUserError:
        return False
    return True


@cache
def _validator(kind: type, name: str, key: str) -> SchemaValidator:
    """What reads a plugin's settings; its errors have the kind's name in their place, as those of
    built-in kinds have.
    """
    settings: Any = kind
    choices = {name: settings.__pydantic_core_schema__}
    return SchemaValidator(core_schema.tagged_union_schema(choices, discriminator=key))


def _refused(error: PluginError, key: str) -> PydanticCustomError:
    context = {"sentence": str(error), "message": text_as_json(error.message), "key": key}
    return PydanticCustomError("plugin_refused", "{sentence}", context)


@dataclass(frozen=True)
class PluginChoice:
    """Lets a setting that is one of several kinds be one that a plugin adds.

    Args:
        kinds: the table.
        key: the file's word for what holds the kind's name.
    """

    kinds: Kinds[Any]
    key: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            self._validate, handler(source), serialization=core_schema.simple_ser_schema("any")
        )

    def _validate(self, value: Any, handler: Callable[[Any], Any]) -> Any:
        if isinstance(value, self.kinds.base) and plugin_of(type(value)):
            return value
        name = value.get(self.key) if isinstance(value, dict) else None
        if self.kinds.plugins_named(name):
            try:
                kind: Any = self.kinds[str(name)]
            except PluginError as error:
                raise _refused(error, self.key) from error
            return _validator(kind, str(name), self.key).validate_python(value)
        if self.kinds.built_in:
            return handler(value)
        if name is None:
            raise PydanticKnownError("union_tag_not_found", {"discriminator": f"'{self.key}'"})
        tags = ", ".join(f"'{kind}'" for kind in self.kinds)
        context = {"discriminator": f"'{self.key}'", "tag": str(name), "expected_tags": tags}
        raise PydanticKnownError("union_tag_invalid", context)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchema:
        choices: dict[str, Any] = {}
        if self.kinds.built_in:
            inner: Any = schema
            while "choices" not in inner:  # the validators around the union
                inner = inner["schema"]
            choices |= inner["choices"]
        for name in self.kinds:
            kind: Any = self.kinds[name]
            if name not in self.kinds.built_in and _has_json_schema(kind):
                choices[name] = _with_reference(kind)
        if not choices:
            return {"not": {}}
        return handler(core_schema.tagged_union_schema(choices, discriminator=self.kinds.tag))


@dataclass(frozen=True)
class NamedChoice:
    """A setting that is one of the kinds of a table of modules, or one that a plugin adds: only the
    class of the kind that is named is imported.

    Args:
        kinds: the table.
        key: the file's word for what holds the kind's name.
        whole: gives what reads every built-in kind, which says what is wrong with a name.
    """

    kinds: Kinds[Any]
    key: str
    whole: Callable[[], TypeAdapter[Any]]

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._validate, serialization=core_schema.simple_ser_schema("any")
        )

    def _validate(self, value: Any) -> Any:
        if self._is_kind(value):
            return value
        name = value.get(self.key) if isinstance(value, dict) else None
        if isinstance(name, str) and name in self.kinds.built_in:
            kind: Any = self.kinds[name]
            return _validator(kind, name, self.key).validate_python(value)
        if self.kinds.plugins_named(name):
            try:
                kind = self.kinds[str(name)]
            except PluginError as error:
                raise _refused(error, self.key) from error
            return _validator(kind, str(name), self.key).validate_python(value)
        return self.whole().validate_python(value)

    def _is_kind(self, value: object) -> bool:
        """Whether a value is the settings of a kind already."""
        if plugin_of(type(value)):
            return isinstance(value, self.kinds.base)
        name = getattr(value, self.kinds.tag, None)
        known = isinstance(name, str) and name in self.kinds.built_in
        return known and self.kinds.built_in[str(name)] is type(value)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchema:
        choices: dict[str, Any] = {}
        for name in self.kinds:
            kind: Any = self.kinds[name]
            if name in self.kinds.built_in or _has_json_schema(kind):
                choices[name] = _with_reference(kind)
        return handler(core_schema.tagged_union_schema(choices, discriminator=self.kinds.tag))


@dataclass(frozen=True)
class KindName:
    """The name of a kind, of Mesocosm or of a plugin, as a setting.

    Args:
        kinds: the table.
        others: further words that the setting may have.
    """

    kinds: Kinds[Any]
    others: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validate)

    def _validate(self, value: Any) -> str:
        if isinstance(value, str) and (value in self.others or value in self.kinds.built_in):
            return value
        if not self.kinds.plugins_named(value):
            expected = " or ".join(f"'{name}'" for name in self._names())
            raise PydanticKnownError("literal_error", {"expected": expected})
        try:
            self.kinds.load(self.kinds.plugins_named(value)[0])
        except PluginError as error:
            raise _refused(error, "") from error
        return str(value)

    def _names(self) -> list[str]:
        return [*self.others, *self.kinds]

    def plugins(self, name: str) -> Iterator[tuple[Plugin, type]]:
        """The plugin of a name, where it is one's, with its class."""
        for plugin in self.kinds.plugins_named(name):
            yield plugin, self.kinds.load(plugin)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchema:
        return {"type": "string", "enum": self._names()}


@dataclass(frozen=True)
class OpenWord:
    """A word of a list that plugins make longer, as a setting or a key.

    Args:
        words: those of Mesocosm.
        more: gives those of plugins; asked only for a word that is not among the others.
    """

    words: tuple[str, ...]
    more: Callable[[], Sequence[str]]

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validate)

    def _validate(self, value: object) -> str:
        if isinstance(value, str) and (value in self.words or value in self.more()):
            return value
        expected = " or ".join(f"'{word}'" for word in (*self.words, *self.more()))
        raise PydanticKnownError("literal_error", {"expected": expected})

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchema:
        return {"type": "string", "enum": [*self.words, *self.more()]}
