"""What travels between the server and the page. The page's types are generated from these.

Knows shapes only.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel


class Element(BaseModel):
    """One thing of the world: where it stands and what it shows.

    `level`, `clarity` and `height` are 0 to 1; None is unknown, and is drawn as fog, never as healthy.
    """

    id: str
    kind: Literal["spring", "lake", "tree", "lighthouse", "vane", "counter"]
    name: str
    x: float
    z: float
    altitude: float
    needs: list[str]
    state: Literal["fine", "watch", "alarm", "unknown"]
    level: float | None = None
    clarity: float | None = None
    height: float | None = None
    rings: int = 0
    traffic: float = 0.0
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
    """The whole world at one catalog revision."""

    ecosystem: str
    about: str
    style: str
    seed: int
    revision: int
    at: float
    elements: list[Element]
    alerts: list[dict[str, Any]]
    fireflies: list[Firefly] = []


def typescript() -> str:
    """The same shapes as TypeScript."""
    kinds = {"str": "string", "float": "number", "int": "number", "bool": "boolean", "dict[str, Any]": "Record<string, unknown>"}
    lines = ["// Generated from src/mesocosm/world/wire.py; run `python -m mesocosm.world.wire`."]
    for model in (Element, Firefly, Scene):
        lines.append(f"export interface {model.__name__} {{")
        for name, field in model.model_fields.items():
            lines.append(f"  {name}: {_ts(field.annotation, kinds)};")
        lines += ["}", ""]
    return "\n".join(lines)


def _ts(kind: Any, kinds: dict[str, str]) -> str:
    import typing

    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        return " | ".join(f'"{v}"' for v in typing.get_args(kind))
    if origin is list:
        return f"{_ts(typing.get_args(kind)[0], kinds)}[]"
    if origin is dict:
        return "Record<string, unknown>"
    if kind is type(None):
        return "null"
    if origin is not None:
        return " | ".join(_ts(k, kinds) for k in typing.get_args(kind))
    return kinds.get(getattr(kind, "__name__", ""), getattr(kind, "__name__", "unknown"))


if __name__ == "__main__":
    print(typescript(), end="")
