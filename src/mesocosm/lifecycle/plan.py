"""The plan: a list of changes, each with its sign and its reasons. `show` and `apply` walk it.

Knows what the file asks for and what the catalog lists. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import ResourceRow
from mesocosm.catalog.store import LEARNED, STALE, UPSTREAM
from mesocosm.config import Spec
from mesocosm.core.hashing import canonical, digest
from mesocosm.core.messages import Message, Text
from mesocosm.core.records import Json, write_value
from mesocosm.lifecycle.graph import list_resources
from mesocosm.lifecycle.resource import ACTIONS, Fingerprints, Resource, action_for
from mesocosm.lifecycle.stored_definition import Stored, stored_definition

LONGEST = 40  # characters of a setting's value in a reason
WHY_LEFT = Message("lifecycle.left_file")
NEW_SIGNS = {"+": "lifecycle.need_new", "±": "lifecycle.need_rebuilt"}  # by a need's sign
HIDDEN_KEYS = {  # what is said of settings that no file has
    "content": Message("lifecycle.content_changed"),
    "revision": Message("lifecycle.algorithm_changed"),
    "redaction": Message("lifecycle.redaction_changed"),
    "weights": Message("lifecycle.base_changed"),
    "sight": Message("lifecycle.image_base_changed"),
    "left_out": Message("lifecycle.grouping_changed"),
}
FOLLOWS = {"weights": "base", "sight": "image_base"}  # what is a reason only where its cause is not
PLUGINS = "plugins."  # before the keys of what tells a plugin from other releases


@dataclass(frozen=True)
class Change:
    """One change of a plan.

    Args:
        address: what changes.
        sign: how (see `ACTIONS`).
        because: the reasons, each a sentence.
        resource: what the file says of it; None where it left the file.
        fingerprints: its new fingerprints.
    """

    address: str
    sign: str
    because: tuple[Text, ...]
    resource: Resource | None = field(repr=False, default=None)
    fingerprints: Fingerprints | None = field(repr=False, default=None)

    def as_json(self) -> dict[str, Json]:
        """The change as JSON-ready data: the reasons in English, and each with its id and
        parameters.
        """
        at: dict[str, Json] | None = None
        if self.resource:
            at = {"file": self.resource.place.file, "line": self.resource.place.line}
        return {
            "address": self.address,
            "sign": self.sign,
            "action": ACTIONS[self.sign],
            "because": list(map(str, self.because)),
            "reasons": [_reason_as_json(reason) for reason in self.because],
            "place": at,
        }

    @property
    def why(self) -> str:
        """All reasons in one English line, as the audit has it."""
        return "; ".join(map(str, self.because))

    @property
    def built(self) -> tuple[Resource, Fingerprints]:
        """What is built and its new fingerprints, of a change that does not only leave the file."""
        if self.resource is None or self.fingerprints is None:
            raise ValueError(f"{self.address} left the file")
        return self.resource, self.fingerprints

    def stops_build(self) -> bool:
        """Whether its new rows stopped the last build, and would stop this one."""
        ids = [reason.id for reason in self.because if isinstance(reason, Message)]
        return "lifecycle.build_stops" in ids

    def trains_model(self) -> bool:
        """Whether a version of a model is trained for it."""
        is_model = self.resource is not None and self.resource.section == "models"
        return is_model and self.sign in ("+", "±")


def _reason_as_json(reason: Text) -> Json:
    """A reason in English, with the id and the parameters of its message."""
    text: dict[str, object] = {"text": str(reason)}
    if isinstance(reason, Message):
        text |= reason.as_json()
    return write_value(text)


def plan(spec: Spec, catalog: Catalog) -> list[Change]:
    """What a build would do, in its order.

    Raises:
        ConfigError: a source cannot be read.
    """
    from mesocosm.lifecycle.access.integrity import find_damage

    rows = {row["address"]: row for row in catalog.resources()}
    damage = find_damage(spec, catalog)
    known: dict[str, Fingerprints] = {}
    signs: dict[str, str] = {}
    changes: list[Change] = []
    for resource in list_resources(spec):
        row = rows.get(resource.address)
        new, stored = _fingerprint(resource, row, known)
        known[resource.address] = new
        sign, because = _compare_resource(resource, row, new, stored, signs, spec)
        if sign == "=":
            sign, because = _repair(resource, damage, rows)
        signs[resource.address] = sign
        because += _list_stops(spec, resource, sign, new)
        changes.append(Change(resource.address, sign, because, resource, new))
    return changes + _list_left(rows, known)


def _list_left(rows: Collection[str], known: Collection[str]) -> list[Change]:
    """The resources that left the file."""
    left = [address for address in rows if address not in known]
    return [Change(address, "-", (WHY_LEFT,)) for address in left]


def _fingerprint(
    resource: Resource, row: ResourceRow | None, known: Mapping[str, Fingerprints]
) -> tuple[Fingerprints, Stored | None]:
    """The fingerprints of a resource, and the settings that the catalog lists of it."""
    new = resource.fingerprint(known)
    if row is None:
        return new, None
    stored = stored_definition(row)
    return _same_fingerprints(resource, row, new, stored, known), stored


def _list_stops(spec: Spec, resource: Resource, sign: str, new: Fingerprints) -> tuple[Text, ...]:
    """What stopped the last build of a dataset that changed, and would stop this one."""
    from mesocosm.lifecycle.review.stopped_build import read_stop

    if sign == "=" or resource.section != "datasets":
        return ()
    stops = read_stop(spec.root / ".mesocosm", resource.name, new.build)
    return tuple(Message("lifecycle.build_stops", reason=stop.sentence) for stop in stops)


def _compare_resource(
    resource: Resource,
    row: ResourceRow | None,
    new: Fingerprints,
    stored: Stored | None,
    signs: Mapping[str, str],
    spec: Spec,
) -> tuple[str, tuple[Text, ...]]:
    """The sign of a resource by its fingerprints, and the reasons.

    Args:
        resource: what the file says.
        row: what the catalog lists; None where it is new.
        new: its fingerprints.
        stored: the settings that the catalog lists; None where it is new.
        signs: the signs of the resources before it.
    """
    if row is None or stored is None:
        place = resource.place
        return "+", (Message("lifecycle.new_in_file", file=place.file, line=place.line),)
    sign = action_for(Fingerprints(row["made"], row["run"]), new)
    if sign == "=":
        return sign, ()
    reasons = _needs_reasons(resource, row, signs)
    return sign, tuple(dict.fromkeys([*reasons, *_setting_reasons(resource, stored, spec)]))


def _same_fingerprints(
    resource: Resource,
    row: ResourceRow,
    new: Fingerprints,
    stored: Stored,
    known: Mapping[str, Fingerprints],
) -> Fingerprints:
    """The fingerprints of a resource; the stored ones where its settings are those stored, though
    an earlier version wrote them down otherwise.
    """
    old = Fingerprints(row["made"], row["run"])
    if old.build in (STALE, LEARNED, UPSTREAM):
        return new
    build, runtime = new
    made_same = canonical(stored["made_by"]) == canonical(resource.made_by)
    if made_same and _needs_same(resource, row, known):
        build = old.build
    if canonical(stored["run_by"]) == canonical(resource.run_by):
        runtime = old.runtime
    return Fingerprints(build, runtime)


def _needs_same(resource: Resource, row: ResourceRow, known: Mapping[str, Fingerprints]) -> bool:
    """Whether a resource was built from what it needs now."""
    if list(row["needs"] or ()) != list(resource.needs):
        return False
    built_from = [known[need].build for need in resource.needs if need in known]
    as_written = (row["definition"] or {}).get("made_by", {})
    return digest(as_written, built_from) == row["made"]


def _repair(
    resource: Resource, damage: Mapping[str, str], listed: Collection[str]
) -> tuple[str, tuple[Text, ...]]:
    """The sign and the reason of a resource that is as the file says: damaged files are rebuilt, a
    service of a rebuilt model is deployed again.
    """
    is_service = resource.section == "services"
    if resource.address in listed and resource.address in damage:
        sign = "±"
        if is_service:
            sign = "~"
        return sign, (Message("lifecycle.damaged", fault=damage[resource.address]),)
    if is_service:
        return _repair_service(resource, damage)
    return "=", ()


def _repair_service(resource: Resource, damage: Mapping[str, str]) -> tuple[str, tuple[Text, ...]]:
    """A service is deployed again where what it runs is rebuilt."""
    rebuilt = [need for need in resource.needs if need in damage]
    if not rebuilt:
        return "=", ()
    return "~", (Message("lifecycle.need_rebuilt", address=rebuilt[0]),)


def _needs_reasons(resource: Resource, row: ResourceRow, signs: Mapping[str, str]) -> list[Text]:
    """Why a resource changes, as far as other resources tell."""
    reasons: list[Text] = [
        Message(NEW_SIGNS[signs[need]], address=need)
        for need in resource.needs
        if signs.get(need) in NEW_SIGNS
    ]
    if row["made"] == STALE:
        reasons.append(Message("lifecycle.smaller_groups"))
    if row["made"] == LEARNED:
        reasons.append(Message("lifecycle.learned_of_erased"))
    if row["made"] == UPSTREAM:
        reasons.append(Message("lifecycle.upstream_changed"))
    return reasons


def _setting_reasons(resource: Resource, stored: Stored, spec: Spec) -> Iterator[Text]:
    """Each setting that changed, with its old and its new value.

    Where another revision of the code built the resource, a default may differ that no file sets;
    only what stands in the file is a reason then.
    """
    revised = stored["made_by"].get("revision") != resource.made_by.get("revision")
    differences = list(_list_differences(resource, stored))
    keys = {key.split(".")[0] for key, _, _ in differences}
    for key, old, new in differences:
        if FOLLOWS.get(key) in keys:
            continue
        reason = _hidden_reason(key, old, new)
        if reason:
            yield reason
        elif not revised or _in_file(spec, resource, key):
            yield _setting_reason(spec, resource, key, old, new)


def _list_differences(resource: Resource, stored: Stored) -> Iterator[tuple[str, object, object]]:
    """The settings that differ, but for the plugins as a whole: the kind that a setting names is a
    reason of its own.
    """
    for part, now in (("made_by", resource.made_by), ("run_by", resource.run_by)):
        for difference in _differences(dict(stored[part]), dict(now)):
            if difference[0] != PLUGINS.rstrip("."):
                yield difference


def _hidden_reason(key: str, old: object, new: object) -> Text:
    """The reason of a setting that no file has; empty of another one."""
    if key in HIDDEN_KEYS:
        return HIDDEN_KEYS[key]
    if not key.startswith(PLUGINS):
        return ""
    plugin = key.removeprefix(PLUGINS)
    return f"the plugin of {plugin} was {_short(old)} and is {_short(new)}"


def _setting_reason(spec: Spec, resource: Resource, key: str, old: object, new: object) -> Message:
    """A setting that changed, with its place in the file; that of the part that it was in, where
    it is not set any more.
    """
    at = spec.place(*_locate_resource(spec, resource), *key.split("."))
    place = f"{at.file}:{at.line}"
    return Message(
        "lifecycle.setting_changed", key=key, old=_short(old), new=_short(new), place=place
    )


def _locate_resource(spec: Spec, resource: Resource) -> tuple[str, ...]:
    """The steps to a resource in the file; a source that is read as a dataset stands with the
    sources.
    """
    section, name = resource.section, resource.name
    if section == "places":
        return ("world", section, name)
    if section == "world":
        return ("world",)
    if section == "datasets" and name not in spec.eco.datasets:
        section = "sources"
    return (section, name)


def _in_file(spec: Spec, resource: Resource, path: str) -> bool:
    """Whether the file sets what a dotted path of a resource's settings names."""
    node = spec.tree
    for step in (*_locate_resource(spec, resource), *path.split(".")):
        if not isinstance(node, dict) or step not in node:
            return False
        node = node[step]
    return True


def _differences(old: object, new: object, path: str = "") -> list[tuple[str, object, object]]:
    """The settings that differ: the dotted key, the old and the new value of each."""
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for key in sorted({*old, *new}):
            deeper = f"{path}.{key}".removeprefix(".")
            found += _differences(old.get(key), new.get(key), deeper)
        return found
    if canonical(old) == canonical(new):
        return []
    return [(path, old, new)]


def _short(value: object) -> Text:
    """A value of a setting in at most `LONGEST` characters."""
    if value is None:
        return Message("lifecycle.not_set")
    text = canonical(value).strip('"')
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 3] + "..."
