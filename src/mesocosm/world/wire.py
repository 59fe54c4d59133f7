"""What travels between the server and the page. The page's types are generated from these.

Knows shapes only.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel


class Step(BaseModel):
    """A step of governance: a mill on the stream, and what settles beside it.

    `removed` and `changed` are rows or values; they are counted, never shown.
    """

    name: str
    removed: int = 0
    changed: int = 0


class Sapling(BaseModel):
    """A model beside the one that serves: in the making, waiting, or kept out by a gate."""

    name: str
    height: float
    state: Literal["growing", "challenger", "refused"]
    says: str = ""


class Stall(BaseModel):
    """A part of a place: a district, a good on the shelf or an answer, by what was answered there
    of late; a `share` of None is unknown.
    """

    name: str
    count: int
    share: float | None = None
    state: Literal["fine", "alarm", "unknown"] = "fine"
    says: str = ""


class Element(BaseModel):
    """One thing of the world: where it stands and what it shows.

    `level`, `clarity`, `height` and `share` are 0 to 1; None is unknown, and is drawn as fog, never
    as healthy. `age` is in days.
    """

    id: str
    kind: str
    name: str
    x: float
    z: float
    altitude: float
    depth: int
    needs: list[str]
    state: Literal["fine", "watch", "alarm", "unknown"]
    level: float | None = None
    clarity: float | None = None
    height: float | None = None
    rings: int = 0
    traffic: float = 0.0
    age: float | None = None
    share: float | None = None
    steps: list[Step] = []
    private: list[str] = []
    species: Literal["oak", "birch", "willow"] | None = None
    sapling: Sapling | None = None
    weather: list[Literal["wind", "cloud", "rain", "lightning"]] = []
    form: Literal["counter", "desk", "market", "shop", "clinic"] | None = None
    stalls: list[Stall] = []
    says: str = ""
    facts: dict[str, Any] = {}
    inhabitant: str | None = None
    speaks_for: str | None = None


class Firefly(BaseModel):
    """One request on its way."""

    id: str
    service: str
    label: str
    at: float


class Scene(BaseModel):
    """The whole world at one catalog revision. `models` are the kinds whose bodies are glTF files
    of the project; `landscape` and `light` are what the style is nearest to, where a model that
    reads could tell.
    """

    ecosystem: str
    about: str
    style: str
    seed: int
    revision: int
    at: float
    season: Literal["spring", "summer", "autumn", "winter"] | None = None
    elements: list[Element]
    alerts: list[dict[str, Any]]
    fireflies: list[Firefly] = []
    models: list[str] = []
    landscape: str = ""
    light: str = ""


def typescript() -> str:
    """The same shapes as TypeScript; a kind is one of those that there are."""
    from mesocosm.world.elements import ELEMENTS

    kinds = {
        "str": "string",
        "float": "number",
        "int": "number",
        "bool": "boolean",
        "dict[str, Any]": "Record<string, unknown>",
    }
    known = " | ".join(f'"{kind}"' for kind, _ in ELEMENTS.values())
    lines = ["// Generated from src/mesocosm/world/wire.py; run `python -m mesocosm.world.wire`."]
    for model in (Step, Sapling, Stall, Element, Firefly, Scene):
        lines.append(f"export interface {model.__name__} {{")
        for name, field in model.model_fields.items():
            kind = _ts(field.annotation, kinds)
            if (model, name) == (Element, "kind"):
                kind = known
            lines.append(f"  {name}: {kind};")
        lines += ["}", ""]
    return "\n".join(lines)


def _ts(kind: object, kinds: dict[str, str]) -> str:
    """A type in TypeScript."""
    import typing

    if kind is type(None):
        return "null"
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is None:
        name: str = getattr(kind, "__name__", "unknown")
        return kinds.get(name, name)
    if origin is typing.Literal:
        return " | ".join(f'"{value}"' for value in inner)
    if origin is list:
        return _list_ts(_ts(inner[0], kinds))
    if origin is dict:
        return "Record<string, unknown>"
    return " | ".join(_ts(option, kinds) for option in inner)


def _list_ts(inner: str) -> str:
    if "|" in inner:
        return f"({inner})[]"
    return f"{inner}[]"


if __name__ == "__main__":
    print(typescript(), end="")
