"""Tables of kinds: those that Mesocosm has, and those that installed packages add.

Knows classes. A built-in kind is looked up without looking for plugins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar, cast

from mesocosm.core.messages import Message, Text
from mesocosm.core.plugins.entry_points import (
    NAME,
    Plugin,
    import_plugin,
    plugins_of_group,
)

Kind = TypeVar("Kind")
_LOADED: dict[type, Plugin] = {}


class Kinds(Mapping[str, type[Kind]], Generic[Kind]):
    """A table of kinds by name. A plugin is imported when its name is looked up.

    Iterating gives the built-in kinds and the plugins that keep the contract; `in` says whether a
    name is a kind or that of a plugin, be it refused; `[]` then says why.

    Args:
        group: the group of entry points, without `mesocosm.`.
        built_in: the kinds of Mesocosm; those of a `KindModules` are imported when looked up.
        base: the class that a plugin's must be derived from.
        tag: the setting, or the attribute of a class without settings, that holds the kind's name;
            empty where there is none.
        methods: what a plugin's class must have, beside what is abstract in the base.
        find_fault: what else is wrong with a plugin's class, and what is expected; None where
            nothing is.
    """

    def __init__(
        self,
        group: str,
        built_in: Mapping[str, type[Kind]],
        base: type,
        tag: str = "",
        methods: Sequence[str] = (),
        find_fault: Callable[[type[Kind]], tuple[Text, Text] | None] = lambda _: None,
    ) -> None:
        self.group, self.built_in, self.base = group, built_in, base
        self.tag, self.methods, self.find_fault = tag, tuple(methods), find_fault

    def __getitem__(self, name: str) -> type[Kind]:
        if name in self.built_in:
            return self.built_in[name]
        plugins = self.plugins_named(name)
        if not plugins:
            raise KeyError(name)
        return self.load(plugins[0])

    def __contains__(self, name: object) -> bool:
        return name in self.built_in or bool(self.plugins_named(name))

    def __iter__(self) -> Iterator[str]:
        yield from self.built_in
        for plugin in plugins_of_group(self.group):
            if plugin.name not in self.built_in and self.get(plugin.name):
                yield plugin.name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def plugins_named(self, name: object) -> list[Plugin]:
        """The plugins of a name that is no built-in kind's; looked for only where the name may be
        a plugin's.
        """
        if not isinstance(name, str) or name in self.built_in or not NAME.fullmatch(name):
            return []
        return [plugin for plugin in plugins_of_group(self.group) if plugin.name == name]

    def load(self, plugin: Plugin) -> type[Kind]:
        """The class of a plugin.

        Raises:
            PluginError: it does not keep the contract of this table.
        """
        if plugin.name in self.built_in:
            raise plugin.refusal(
                Message("core.built_in_kind", name=plugin.name), Message("core.unused_name")
            )
        if others := [other for other in self.plugins_named(plugin.name) if other != plugin]:
            raise plugin.refusal(
                Message(
                    "core.named_twice",
                    distribution=others[0].distribution,
                    version=others[0].version,
                    name=plugin.name,
                ),
                Message("core.one_package"),
            )
        kind = import_plugin(plugin)
        self._check(plugin, kind)
        _LOADED[kind] = plugin
        return kind

    def _check(self, plugin: Plugin, kind: type) -> None:
        base = f"{self.base.__module__}.{self.base.__qualname__}"
        if not issubclass(kind, self.base):
            raise plugin.refusal(
                Message("core.no_subclass", kind=kind.__name__, base=self.base.__name__),
                Message("core.subclass_of", base=base),
            )
        missing = [name for name in self.methods if not callable(getattr(kind, name, None))]
        missing += sorted(getattr(kind, "__abstractmethods__", ()))
        if missing:
            raise plugin.refusal(
                Message("core.kind_without", kind=kind.__name__, name=missing[0]),
                Message("core.what_base_requires", base=base),
            )
        if fault := self.find_fault(cast("type[Kind]", kind)):
            raise plugin.refusal(*fault)
        if self.tag:
            self._check_name(plugin, kind)

    def _check_name(self, plugin: Plugin, kind: type) -> None:
        """Refuse a class whose own name of the kind is another."""
        field = getattr(kind, "model_fields", {}).get(self.tag)
        if field is None:
            name: object = getattr(kind, self.tag, None)
            expected = Message("core.tag_attribute", tag=self.tag, name=plugin.name)
        else:
            name = field.default
            expected = Message("core.tag_field", tag=self.tag, name=plugin.name)
        if name != plugin.name:
            raise plugin.refusal(
                Message(
                    "core.kind_setting", setting=self.tag, kind=kind.__name__, value=repr(name)
                ),
                expected,
            )


def plugin_of(kind: type) -> Plugin | None:
    """The plugin that a class is from; None for a kind of Mesocosm's own."""
    return _LOADED.get(kind)


def plugin_mark(kind: type) -> str:
    """What tells a plugin's results from those of another release of it: the revision that its
    class names, or else the version of its package. Empty for a kind of Mesocosm's own.
    """
    plugin = _LOADED.get(kind)
    if plugin is None:
        return ""
    revision = getattr(kind, "mesocosm_revision", None)
    if revision is None:
        return f"{plugin.distribution} {plugin.version}"
    return f"{plugin.distribution}, revision {revision}"
