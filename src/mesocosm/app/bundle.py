"""What of an ecosystem goes elsewhere: its services, the project's files that its sources read, the
names of its secrets.

Knows the file and operate's exporters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from mesocosm.app.deploy import Living
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.settings import Settings
from mesocosm.core.version import VERSION
from mesocosm.learning.base_models.smollm2 import SmolLM2
from mesocosm.lifecycle.project_store import where_of

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def living_of(spec: Spec) -> Living:
    """What an exporter is told; no secret's value is among it."""
    eco = spec.eco
    text = spec.path.read_text(encoding="utf-8")
    store = where_of(spec).store
    held = (
        sum(p.stat().st_size for p in store.rglob("*") if p.is_file()) / 1e9
        if store.is_dir()
        else 0.0
    )
    secrets = tuple(sorted(set(VARIABLE.findall(text))))
    return Living(
        eco.ecosystem,
        eco.about,
        VERSION,
        eco.services,
        eco.monitors,
        secrets,
        _files(spec),
        round(held, 2),
        tuple(sorted({"postgres", *_extras(eco)})),
        _beside(spec),
    )


def _extras(thing: Any) -> Iterator[str]:
    """The extras of the package that the kinds in a file need; an image always has that of
    PostgreSQL, on which several gateways share a catalog.
    """
    if isinstance(thing, Settings):
        yield from thing.extras
    within = (
        thing.values()
        if isinstance(thing, Mapping)
        else (
            thing
            if isinstance(thing, (list, tuple))
            else dict(thing).values()
            if isinstance(thing, BaseModel)
            else ()
        )
    )
    for one in within:
        yield from _extras(one)


def _beside(spec: Spec) -> tuple[str, ...]:
    """Packages that carry a base which the file names."""
    named = {str(m.base) for m in spec.eco.models.values()} | {
        p.inhabitant.speaks for p in spec.eco.world.places.values() if p.inhabitant
    }
    return tuple(SmolLM2.packages) if "smollm2" in named else ()


def _files(spec: Spec) -> tuple[str, ...]:
    """Folders and files of the project that its sources, its bases and the bodies of its world
    name, as short as can be.
    """
    root, found = spec.root.resolve(), set()
    for settings in [
        *(
            k.model_dump(mode="json")
            for k in (*spec.eco.sources.values(), *spec.eco.models.values())
        ),
        spec.eco.world.models,
    ]:
        for value in _texts(dict(settings)):
            head = value.split("*")[0].rstrip("/") if "*" in value else value
            if not head or len(head) > 300 or "\n" in head or "://" in head:
                continue
            path = (
                root
                / (head if "*" not in value or (root / head).is_dir() else str(Path(head).parent))
            ).resolve()
            if (
                path != root
                and path.is_relative_to(root)
                and path.exists()
                and ".mesocosm" not in path.parts
            ):
                found.add(path.relative_to(root).as_posix())
    return tuple(
        sorted(p for p in found if not any(p != q and p.startswith(q + "/") for q in found))
    )


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [t for v in value.values() for t in _texts(v)]
    return [t for v in value for t in _texts(v)] if isinstance(value, (list, tuple)) else []


def settled(kind: Any, given: Sequence[str]) -> Any:
    """An exporter with settings given as `name=value`.

    Raises:
        Wrong: there is no such setting, or its value cannot be right.
    """
    values: dict[str, str] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign or name not in kind.model_fields:
            raise ConfigValueError(
                "--set",
                f"'{one[:60]}' was given",
                "name=value",
                [n for n in kind.model_fields if n != "type"],
                name,
            )
        values[name] = value
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigValueError(
            f"--set {first['loc'][0]}",
            f"'{first['input']}' cannot be right",
            str(kind.model_fields[str(first["loc"][0])].annotation),
        ) from error
