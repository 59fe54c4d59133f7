"""Inhabitants answer: from the rows that they know, from the state of what stands around them, and
by asking the model they stand for.

Every sentence carries the way from where it is said up to a spring, and what it rests on; what
rests on nothing is not said. Nothing of a talk is
kept: who asks brings what was said before. Knows the scene, the services, the what-if desk and the
catalog.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI, Request

from mesocosm.app.world.paraphrase import Words, worded
from mesocosm.app.world.scene_state import Scenery
from mesocosm.catalog import Catalog
from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.reports.whatif import Desk
from mesocosm.serving.http.bodies import body_of
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.service import Served
from mesocosm.world.dialogue.intent import (
    asked_after,
    continued,
    goes_on,
    refers_back,
    supposed,
    upstream,
)
from mesocosm.world.wire import Element, Scene

MOST_TURNS = 40
MOST_WORDS = 2000
UNKNOWN = "I don't know. Nothing that I can point to says so."


class Inhabitants:
    """Who stands at the places of one ecosystem."""

    def __init__(
        self,
        eco: Ecosystem,
        catalog: Catalog,
        scenery: Scenery,
        served: Mapping[str, Served],
        desk: Desk,
        words: Mapping[str, Words] | None = None,
    ) -> None:
        self.eco, self.catalog, self.scenery, self.served, self.desk, self.words = (
            eco,
            catalog,
            scenery,
            served,
            desk,
            words or {},
        )

    def talk(self, place: str, body: Any) -> dict[str, Any]:
        """What the inhabitant of a place says to the last of `messages`.

        Returns:
            `known`, and `sentences`: each its `text`, the `path` of addresses up to a source (from
                the place, where it lies upstream of it), `files` (source files with
            their prints, as the snapshot that it rests on read them) and what it `rests` on: a row
            (`file`, `line`, and what it `says` where the text words it anew), a thing's state
            (`thing`, `revision`), or a version's answer (`version`, `snapshot`). Where nothing is
            known, one sentence says so and rests on nothing.

        Raises:
            Problem: there is no such inhabitant, or the messages are none.
        """
        spot = self.eco.world.places.get(place)
        if spot is None or spot.inhabitant is None:
            raise Problem(404, "Nobody is there", f"no inhabitant stands at '{place[:60]}'")
        said = _asked(body)
        scene, here = self.scenery.recent(), f"places.{place}"
        for answer in (self._supposed, self._meant, self._row, partial(self._meant, loosely=True)):
            if sentences := answer(spot, here, said, scene):
                return {"who": spot.inhabitant.name, "known": True, "sentences": sentences}
        return {
            "who": spot.inhabitant.name,
            "known": False,
            "sentences": [{"text": UNKNOWN, "path": [], "files": {}, "rests": None}],
        }

    def _supposed(
        self, spot: Any, here: str, said: Sequence[str], scene: Scene
    ) -> list[dict[str, Any]]:
        """A what-if of the service that the place stands for."""
        try:
            form = self.desk.form(spot.shows)
            row = supposed(said, form["inputs"])
            if not row:
                return []
            whole = {i["name"]: i.get("usual") for i in form["inputs"] if not i["private"]} | row
            told = self.desk.ask(spot.shows, whole)
        except (MesocosmError, ConfigValueError):
            return []
        shown = (
            f"{told['value']:g}"
            if told["number"]
            else f"{told['label']}, {100 * told.get('probability', 0):.0f} %"
        )
        most = max(told["inputs"], key=lambda n: abs(told["inputs"][n]))
        given = ", ".join(
            f"{k} {v:g}" if isinstance(v, int | float) else f"{k} {v}" for k, v in row.items()
        )
        text = (
            f"For {given} and all else as usual, {told['version']} says {shown}; what weighs most"
            f" is {most} ({told['inputs'][most]:+.2f})."
        )
        snapshot = self._taught(told["version"])
        return [
            self._said(
                text,
                [here, *upstream(f"services.{spot.shows}", scene)],
                {"version": told["version"], "snapshot": snapshot, "row": row},
                snapshot,
            )
        ]

    def _meant(
        self, spot: Any, here: str, said: Sequence[str], scene: Scene, *, loosely: bool = False
    ) -> list[dict[str, Any]]:
        """The state of things that are asked after; "and its accuracy?" is understood from what was
        asked before.
        """
        things = asked_after(said[-1], scene, loosely=loosely)
        if not things and loosely and len(said) > 1:
            things = asked_after(said[-2], scene, loosely=True) if refers_back(said[-1]) else []
        return [
            self._said(
                e.says,
                self._way(here, e.id, scene),
                {"thing": e.id, "revision": scene.revision},
                self._snapshot(e),
            )
            for e in things
        ]

    def _row(self, spot: Any, here: str, said: Sequence[str], scene: Scene) -> list[dict[str, Any]]:
        """The row of the table that the inhabitant knows, word for word or in words that hold
        against it; "and my phone number?" is understood from what was asked before.
        """
        name = self._table(spot)
        one = self.served.get(name)
        if one is None or one.now is None or not one.now.speaks:
            return []
        dataset = self.eco.services[name].answers.dataset  # type: ignore[union-attr]
        through = f"datasets.{dataset}" if dataset in self.eco.datasets else f"sources.{dataset}"
        found = one.now.ask(said[-1])
        if not found["known"] and len(said) > 1:
            before, others = (
                one.now.ask(said[-2]),
                [one.now.ask(q) for q in continued(said[-2], said[-1])],
            )
            other = [
                f
                for f in others
                if f["known"]
                and (not before["known"] or f["source"]["row"] != before["source"]["row"])
            ]
            found = (
                max(other, key=lambda f: f["likeness"])
                if other
                else before
                if before["known"] and goes_on(said[-1])
                else found
            )
        if not found["known"]:
            return []
        rests = {k: found["source"][k] for k in ("file", "line", "question")} | {
            "likeness": found["likeness"]
        }
        text = worded(self.words.get(spot.inhabitant.speaks), found["answer"], said[-1])
        rests |= {"says": found["answer"]} if text != found["answer"] else {}
        return [
            self._said(
                text, [here, *upstream(f"services.{name}", scene, through)], rests, one.now.answers
            )
        ]

    def _table(self, spot: Any) -> str:
        """The service that speaks from the table which the inhabitant knows; the one the place
        stands for comes first.
        """
        wanted = spot.inhabitant.knows
        first = [spot.shows, *(n for n in self.eco.services if n != spot.shows)]
        fit = [
            n for n in first if (a := self.eco.services[n].answers) and wanted in (None, a.dataset)
        ]
        return fit[0] if fit and (wanted or fit[0] == spot.shows) else ""

    def _way(self, here: str, ident: str, scene: Scene) -> list[str]:
        way = upstream(ident, scene)
        from_here = [
            here,
            *upstream(next(e for e in scene.elements if e.id == here).needs[0], scene),
        ]
        return [*from_here[: from_here.index(ident)], *way] if ident in from_here else way

    def _taught(self, version: str) -> str | None:
        """The snapshot that a version learnt from."""
        found = self.catalog.version(version)
        return found["snapshot"] if found else None

    def _snapshot(self, e: Element) -> str | None:
        """The snapshot that a thing's state rests on: its own, or that of the version it shows;
        None where it names none, and the newest upstream is meant.
        """
        return e.facts.get("snapshot") or (
            self._taught(e.facts["version"]) if e.facts.get("version") else None
        )

    def _said(
        self, text: str, path: list[str], rests: dict[str, Any], snapshot: str | None
    ) -> dict[str, Any]:
        if snapshot is None:
            read = next(
                (p.partition(".")[2] for p in path if p.startswith(("datasets.", "sources."))), ""
            )
            found = self.catalog.snapshot(dataset=read)
        else:
            found = self.catalog.snapshot(snapshot)
        return {
            "text": text,
            "path": path,
            "files": found["files"] if found else {},
            "rests": rests,
        }


def routes(app: FastAPI, inhabitants: Inhabitants) -> None:
    """Add the door to the inhabitants."""

    @app.post("/v1/places/{name}/talk")
    async def talk(name: str, request: Request) -> Any:
        body = await body_of(request)
        return await asyncio.to_thread(inhabitants.talk, name, body)


def _asked(body: Any) -> list[str]:
    """What a visitor said, the newest last."""
    turns = body.get("messages") if isinstance(body, dict) else None
    fit = (
        isinstance(turns, list)
        and 0 < len(turns) <= MOST_TURNS
        and all(isinstance(m, dict) and isinstance(m.get("content"), str) for m in turns)
    )
    said = (
        [m["content"].strip() for m in turns if m.get("role") == "user"]
        if fit and isinstance(turns, list)
        else []
    )
    if (
        not said
        or isinstance(turns, list)
        and turns[-1].get("role") != "user"
        or not said[-1]
        or max(map(len, said)) > MOST_WORDS
    ):
        raise Problem(
            422,
            "The request cannot be right",
            f"'messages' are 1 to {MOST_TURNS} of a 'role' and a 'content' of at most {MOST_WORDS}"
            " characters, and the last is the user's",
        )
    return said
