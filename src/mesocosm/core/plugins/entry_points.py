"""Kinds that installed packages add: found by their entry points, checked against the contract.

Knows distributions, entry points and classes. Imports a plugin only where its kind is named or all
kinds of its group are listed (an error's choices, the schema), and never one that lies in the
project folder. Which base a class needs is the table's to say (see
`kinds.py`).
Source: https://packaging.python.org/en/latest/specifications/entry-points/
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import Distribution, EntryPoint, distributions
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message, Text
from mesocosm.core.version import VERSION

CONTRACT = 1  # of `mesocosm.plugins`; a class says which one it is written for
PREFIX = "mesocosm."
NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
PROJECT_FILE = "ecosystem.yaml"


@dataclass(frozen=True)
class Plugin:
    """One entry point of an installed package.

    Args:
        group: what it adds a kind to, as `sources`.
        name: the kind's name in the file.
        target: where its class is, as `lab_notes.sources:LabLog`.
        distribution: the package as pip knows it.
        version: of the package.
        source: the folder that the package was installed from to be edited there; empty for any
            other package.
    """

    group: str
    name: str
    target: str
    distribution: str
    version: str
    source: str = ""

    @property
    def key(self) -> str:
        """Group and name."""
        return f"{self.group}.{self.name}"

    def refusal(self, found: Text, expected: Text) -> PluginError:
        """The error that says why it is refused.

        Args:
            found: what is wrong with it, in words.
            expected: what would be right, in words.
        """
        return PluginError(
            Message(
                "core.plugin_refused",
                name=self.name,
                distribution=self.distribution,
                version=self.version,
                prefix=PREFIX,
                group=self.group,
                target=self.target,
                found=found,
                expected=expected,
            )
        )


class PluginError(MesocosmError, KeyError):
    """A plugin does not keep the contract. A `KeyError` too: to `Mapping.get` such a kind is
    unknown.
    """

    def __str__(self) -> str:
        return str(self.args[0])


@cache
def installed_plugins() -> tuple[Plugin, ...]:
    """The plugins of all installed packages, by group and name; read once a process."""
    found: dict[str, list[Plugin]] = {}
    for distribution in distributions(path=_search_path()):
        text = distribution.read_text("entry_points.txt")
        if not text or f"[{PREFIX}" not in text.replace(" ", ""):
            continue  # most packages; their metadata is not read
        name = _normalise(str(distribution.metadata["Name"]))
        found.setdefault(name, list(_plugins_of(distribution)))  # the first of a path hides others
    return tuple(
        sorted(
            chain.from_iterable(found.values()),
            key=lambda plugin: (plugin.key, plugin.distribution),
        )
    )


def plugins_of_group(group: str) -> tuple[Plugin, ...]:
    """The plugins of a group, by name."""
    return tuple(plugin for plugin in installed_plugins() if plugin.group == group)


def import_plugin(plugin: Plugin) -> type:
    """The class of a plugin that keeps the contract's version; its base is not looked at.

    Raises:
        PluginError: it cannot be imported, is no class, or is written for another contract.
    """
    loaded = _import(plugin)
    if isinstance(loaded, PluginError):
        raise PluginError(loaded.message)
    return loaded


@cache
def _import(plugin: Plugin) -> type | PluginError:
    """The class, or why it is refused; a module that fails is tried once."""
    try:
        return _import_checked(plugin)
    except PluginError as error:
        return error


def _import_checked(plugin: Plugin) -> type:
    module, _, path = plugin.target.partition(":")
    if not NAME.fullmatch(plugin.name):
        raise plugin.refusal(
            Message("core.plugin_name", name=plugin.name), Message("core.plugin_name_form")
        )
    try:
        _refuse_project_module(plugin, module)
        loaded: object = import_module(module)
        for part in path.split("."):
            loaded = getattr(loaded, part)
    except PluginError:
        raise
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__}: {error}".strip().splitlines()[0][:200]
        raise plugin.refusal(
            Message("core.plugin_import_fails", why=why), Message("core.importable_module")
        ) from error
    if not isinstance(loaded, type):
        raise plugin.refusal(
            Message("core.plugin_is_a", kind=type(loaded).__name__), Message("core.a_class")
        )
    _check_contract(plugin, loaded)
    return loaded


def _check_contract(plugin: Plugin, kind: type) -> None:
    expected = Message("core.contract_expected", contract=CONTRACT, version=VERSION)
    contract = getattr(kind, "mesocosm_contract", None)
    if contract is None:
        raise plugin.refusal(Message("core.no_contract", kind=kind.__name__), expected)
    if contract != CONTRACT:
        raise plugin.refusal(
            Message("core.other_contract", kind=kind.__name__, contract=repr(contract)), expected
        )


def _refuse_project_module(plugin: Plugin, module: str) -> None:
    """Refuse a module that a file of the project would stand in for; a package that was installed
    from there to be edited (`pip install -e`) is none.
    """
    top = module.split(".")[0]
    spec = find_spec(top)
    if spec is None:
        return  # importing it says so
    places = [spec.origin, *(spec.submodule_search_locations or ())]
    for place in map(Path, filter(None, places)):
        folder = place.parent.parent if place.name == "__init__.py" else place.parent
        is_edited = bool(plugin.source) and folder.resolve().is_relative_to(plugin.source)
        if _is_project(folder) and not is_edited:
            raise plugin.refusal(
                Message("core.module_in_project", module=top), Message("core.installed_module")
            )


def _search_path() -> list[str]:
    """The folders where installed packages are: those of `sys.path` but the project's own."""
    return [place for place in sys.path if place and not _is_project(Path(place))]


def _is_project(folder: Path) -> bool:
    """Whether a folder is the current one, or holds an ecosystem."""
    folder = folder.resolve()
    return folder == Path().resolve() or (folder / PROJECT_FILE).is_file()


def _plugins_of(distribution: Distribution) -> Iterator[Plugin]:
    entry: EntryPoint
    source = _edited_source(distribution)
    for entry in distribution.entry_points:
        if entry.group.startswith(PREFIX):
            yield Plugin(
                entry.group.removeprefix(PREFIX),
                entry.name,
                entry.value.partition("[")[0].strip(),
                str(distribution.metadata["Name"]),
                distribution.version,
                source,
            )


def _edited_source(distribution: Distribution) -> str:
    """The folder of a package that was installed to be edited; empty for any other.
    Source: https://packaging.python.org/en/latest/specifications/direct-url/
    """
    text = distribution.read_text("direct_url.json")
    if not text:
        return ""
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    origin = json.loads(text)
    if not origin.get("dir_info", {}).get("editable"):
        return ""
    return str(Path(url2pathname(urlsplit(str(origin["url"])).path)).resolve())


def _normalise(name: str) -> str:
    """The name of a package as packages are told apart.

    >>> _normalise("Lab.Notes")
    'lab-notes'
    """
    return re.sub(r"[-_.]+", "-", name).lower()
