"""The plan: a list of changes, each with its sign and its reasons. `show` and `apply` walk it.

Knows what the file wants and what the catalog lists. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.catalog.store import STALE
from mesocosm.config import Spec
from mesocosm.core.hashing import canonical
from mesocosm.lifecycle.graph import resources
from mesocosm.lifecycle.resource import ACTIONS, Prints, Resource, sign


@dataclass(frozen=True)
class Change:
    """One change of a plan."""

    address: str
    sign: str
    because: tuple[str, ...]
    resource: Resource | None = field(repr=False, default=None)
    prints: Prints | None = field(repr=False, default=None)

    def as_json(self) -> dict[str, Any]:
        """The change as JSON-ready data."""
        place = self.resource.place if self.resource else None
        at = {"file": place.file, "line": place.line} if place else None
        return {
            "address": self.address,
            "sign": self.sign,
            "action": ACTIONS[self.sign],
            "because": list(self.because),
            "place": at,
        }


def plan(spec: Spec, catalog: Catalog) -> list[Change]:
    """What a build would do, in its order.

    Raises:
        Invalid: a source cannot be read.
    """
    from mesocosm.lifecycle.access.integrity import find_damage
    from mesocosm.lifecycle.stopped_build import read_stop

    listed = {row["address"]: row for row in catalog.resources()}
    damage = find_damage(spec, catalog)
    listed_before, store = set(listed), spec.root / ".mesocosm"
    known: dict[str, Prints] = {}
    signs: dict[str, str] = {}
    found: list[Change] = []
    for resource in resources(spec):
        new = resource.prints(known)
        known[resource.address] = new
        row = listed.pop(resource.address, None)
        old = Prints(row["made"], row["run"]) if row else None
        mark = sign(old, new)
        because = _because(resource, row, mark, signs)
        if mark == "=":
            mark, because = _repair(resource, damage, listed_before)
        signs[resource.address] = mark
        if mark != "=" and resource.section == "datasets":
            because += tuple(
                f"the build stops before training: {c.sentence}"
                for c in read_stop(store, resource.name, new.made)
            )
        found.append(Change(resource.address, mark, because, resource, new))
    for address in listed:
        found.append(
            Change(
                address, "-", ("it is no longer in the file; 'build --prune' deletes what it made",)
            )
        )
    return found


def _repair(
    resource: Resource, damage: Mapping[str, str], listed: Collection[str]
) -> tuple[str, tuple[str, ...]]:
    """The sign and the reason of a thing that is as the file says: damaged files are rebuilt, a
    service of a rebuilt model is deployed again.
    """
    if resource.address in damage and resource.address in listed:
        return ("±" if resource.section != "services" else "~"), (
            f"{damage[resource.address]}, so it is rebuilt",
        )
    rebuilt = [need for need in resource.needs if need in damage]
    if resource.section == "services" and rebuilt:
        return "~", (f"{rebuilt[0]} is rebuilt",)
    return "=", ()


def _because(
    resource: Resource, row: Mapping[str, Any] | None, mark: str, signs: Mapping[str, str]
) -> tuple[str, ...]:
    if mark == "=":
        return ()
    if row is None:
        return (f"it is new in the file ({resource.place.file}:{resource.place.line})",)
    reasons = [
        f"{need} is {'new' if signs[need] == '+' else 'made anew'}"
        for need in resource.needs
        if signs.get(need) in ("±", "+")
    ]
    if row["made"] == STALE:
        reasons.append("rows left it, and its groups may be smaller than 'anonymity' says")
    before = row["definition"]
    for part, now in (("made_by", resource.made_by), ("run_by", resource.run_by)):
        for key, old, new in _differences(before.get(part, {}), now):
            if key == "content":
                reasons.append("its content changed")
            elif key == "revision":
                reasons.append("Mesocosm makes it otherwise now")
            else:
                reasons.append(
                    f"{key} was {_short(old)} and is {_short(new)}"
                    f" ({resource.place.file}:{resource.place.line})"
                )
    return tuple(dict.fromkeys(reasons))


def _differences(old: Any, new: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for key in sorted({*old, *new}):
            found += _differences(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
        return found
    return [] if canonical(old) == canonical(new) else [(path, old, new)]


def _short(value: Any) -> str:
    if value is None:
        return "not set"
    text = canonical(value).strip('"')
    return text if len(text) <= 40 else text[:37] + "..."
