"""A dataset is a reservoir: full when it holds the rows that are wanted."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from mesocosm.plugins import ElementKind, View


class Reservoir(ElementKind):
    """A lake whose level is the share of `capacity` that its kept rows are, for tables that are
    still being collected.

    Args:
        capacity: the rows that are wanted.

    >>> Reservoir(capacity=200).level(50)
    0.25
    """

    mesocosm_contract: ClassVar[int] = 1
    sections: ClassVar[tuple[str, ...]] = ("datasets",)
    body: ClassVar[str] = "lake"
    type: Literal["reservoir"] = "reservoir"
    capacity: int = Field(10_000, ge=1)

    def level(self, rows: int) -> float:
        """How full it is, 0 to 1."""
        return min(1.0, rows / self.capacity)

    def show(self, name: str, settings: Any, view: View) -> dict[str, Any]:
        """The level, and how many rows are still missing."""
        found = view.catalog.snapshot(dataset=name)
        if not found:
            return {"state": "unknown", "says": f"Dataset {name}: not built yet"}
        rows = int(found["account"]["kept"])
        state = "fine" if rows >= self.capacity else "watch"
        return {
            "state": state,
            "level": self.level(rows),
            "clarity": found["report"]["quality"],
            "says": f"Dataset {name}: {rows} of {self.capacity} rows",
            "facts": {"rows": rows, "capacity": self.capacity},
        }
