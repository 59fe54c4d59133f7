"""What of an ecosystem is deployed elsewhere: its services, the project's files that its sources
read, the names of its secrets.

Knows the file and the exporters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from mesocosm.app.deploy import Living
from mesocosm.app.deploy.manifest import Exporter
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings
from mesocosm.core.version import VERSION
from mesocosm.core.written_settings import find_plugins
from mesocosm.learning.base_models.smollm2 import SmolLM2
from mesocosm.lifecycle.project_store import locate_project

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def describe_deployment(spec: Spec) -> Living:
    """What an exporter needs to know; no secret's value is in it."""
    eco = spec.eco
    text = spec.path.read_text(encoding="utf-8")
    store = locate_project(spec).store
    size = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    return Living(
        eco.ecosystem,
        eco.about,
        VERSION,
        eco.services,
        eco.monitors,
        secrets=tuple(sorted(set(VARIABLE.findall(text)))),
        files=_find_files(spec),
        store_gb=round(size / 1e9, 2),
        extras=tuple(sorted({"all", "postgres", *_find_extras(eco)})),
        beside=_find_base_packages(spec),
        plugins=tuple(sorted({plugin.distribution for plugin, _ in find_plugins(eco)})),
    )


def _find_extras(node: Any) -> Iterator[str]:
    """The extras of the package that the kinds in a file need; an image always has that of
    PostgreSQL, on which several gateways share a catalog.
    """
    if isinstance(node, Settings):
        yield from node.extras
    for inner in _inner_values(node):
        yield from _find_extras(inner)


def _inner_values(node: Any) -> Iterable[Any]:
    if isinstance(node, Mapping):
        return node.values()
    if isinstance(node, (list, tuple)):
        return node
    if isinstance(node, BaseModel):
        return dict(node).values()
    return ()


def _find_base_packages(spec: Spec) -> tuple[str, ...]:
    """Packages that carry a base which the file names."""
    named = {str(model.base) for model in spec.eco.models.values()}
    for place in spec.eco.world.places.values():
        if place.inhabitant:
            named.add(place.inhabitant.language_model)
    if "smollm2" not in named:
        return ()
    return tuple(SmolLM2.packages)


def _find_files(spec: Spec) -> tuple[str, ...]:
    """Folders and files of the project that its sources, its bases and the bodies of its world
    name; what lies in a folder that is named is not listed again.
    """
    root = spec.root.resolve()
    settings: list[Any] = [
        kind.model_dump(mode="json")
        for kind in (*spec.eco.sources.values(), *spec.eco.models.values())
    ]
    settings.append(spec.eco.world.models)
    paths = {_find_path(root, text) for text in _texts(settings)}
    found = {path.relative_to(root).as_posix() for path in paths if path is not None}
    return tuple(sorted(path for path in found if not _is_inside_another(path, found)))


def _is_inside_another(path: str, paths: Iterable[str]) -> bool:
    return any(path != other and path.startswith(other + "/") for other in paths)


def _find_path(root: Path, text: str) -> Path | None:
    """The file or folder of the project that a setting names; of a pattern, the folder before the
    first star.
    """
    head = text.split("*")[0]
    if "*" in text:
        head = head.rstrip("/")
    if not head or len(head) > 300 or "\n" in head or "://" in head:
        return None
    path = root / head
    if "*" in text and not path.is_dir():
        path = root / Path(head).parent
    path = path.resolve()
    return path if _is_project_file(root, path) else None


def _is_project_file(root: Path, path: Path) -> bool:
    """Whether a file or folder lies in the project, outside of its store."""
    if path == root or not path.is_relative_to(root) or not path.exists():
        return False
    return ".mesocosm" not in path.parts


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)


def configure_exporter(kind: type[Exporter], given: Sequence[str]) -> Exporter:
    """An exporter with settings given as `name=value`.

    Raises:
        ConfigValueError: there is no such setting, or its value is invalid.
    """
    values: dict[str, str] = {}
    for setting in given:
        name, sign, value = setting.partition("=")
        if not sign or name not in kind.model_fields:
            known = [known for known in kind.model_fields if known != "type"]
            raise ConfigValueError(
                "--set", Message("api.got", value=setting[:60]), "name=value", known, name
            )
        values[name] = value
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        expected = str(kind.model_fields[name].annotation)
        raise ConfigValueError(
            f"--set {name}", Message("api.invalid_value", value=first["input"]), expected
        ) from error
