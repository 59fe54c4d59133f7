"""Inhabitants answer: from the rows that they know, from the state of the elements around them, and
by asking the model that their place stands for.

Every sentence carries its path, from where it is said up to a spring, and its grounds; a sentence
without grounds is not said. Nothing of a talk is kept: who asks brings the messages so far. Knows
the scene, the services, the what-if desk and the catalog.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypedDict

from fastapi import FastAPI, Request

from mesocosm.app.world.paraphrase import Paraphraser, paraphrase
from mesocosm.app.world.scene_state import Scenery
from mesocosm.catalog import Catalog
from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.messages.language import current_language, writing_in
from mesocosm.core.values.words import is_chinese
from mesocosm.reports.whatif import Desk
from mesocosm.serving.http.bodies import read_body
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.service import LiveService
from mesocosm.serving.spoken_answers import CHINESE, SpokenAnswer
from mesocosm.world.dialogue.intent import (
    continues,
    expand_question,
    find_elements,
    refers_back,
    upstream,
)
from mesocosm.world.dialogue.supposed_row import read_supposed_row
from mesocosm.world.settings import WorldPlace
from mesocosm.world.wire import Element, Scene

MOST_TURNS = 40
MOST_WORDS = 2000
NOTHING_KNOWN = Message("sentences.i_don_t_know_nothing_that_i")
UNKNOWN = str(NOTHING_KNOWN)


class GroundedSentence(TypedDict):
    """A sentence with its path, the files that its snapshot read, and what it rests on."""

    text: str
    path: list[str]
    files: dict[str, str]
    rests: dict[str, object] | None


class SpokenReply(TypedDict):
    """What an inhabitant says: `known` is whether anything in its reach says so."""

    who: str
    known: bool
    sentences: list[GroundedSentence]


class Inhabitants:
    """Who stands at the places of one ecosystem."""

    def __init__(
        self,
        eco: Ecosystem,
        catalog: Catalog,
        scenery: Scenery,
        served: Mapping[str, LiveService],
        desk: Desk,
        words: Mapping[str, Paraphraser] | None = None,
    ) -> None:
        self.eco, self.catalog, self.scenery = eco, catalog, scenery
        self.served, self.desk, self.words = served, desk, words or {}

    def talk(self, place: str, body: object) -> SpokenReply:
        """What the inhabitant of a place says to the last of `messages`: in Chinese to a Chinese
        question, else in the reader's language.

        Returns:
            `known`, and `sentences`: each its `text`, the `path` of addresses up to a source (from
            the place, where it lies upstream of it), `files` (source files with their fingerprints,
            as the snapshot that it rests on read them) and what it `rests` on: a row (`file`,
            `line`, and what it `says` where the text paraphrases it), an element's state (`thing`,
            `revision`), or a version's prediction (`version`, `snapshot`). Where nothing is known,
            one sentence says so and rests on nothing.

        Raises:
            Problem: there is no such inhabitant, or the messages are invalid.
        """
        spot = self.eco.world.places.get(place)
        if spot is None or spot.inhabitant is None:
            raise Problem(
                404, Message("api.nobody_there"), Message("api.no_inhabitant", place=place[:60])
            )
        messages = _read_messages(body)
        language = CHINESE if is_chinese(messages[-1]) else current_language()
        with writing_in(language):
            return self._reply(place, spot, messages)

    def _reply(self, place: str, spot: WorldPlace, messages: Sequence[str]) -> SpokenReply:
        """What an inhabitant says, in the language that is written in."""
        assert spot.inhabitant is not None
        scene, here = self.scenery.recent(), f"places.{place}"
        answers = (
            self._answer_what_if,
            self._answer_state,
            self._answer_row,
            partial(self._answer_state, loosely=True),
        )
        for answer in answers:
            if sentences := answer(spot, here, messages, scene):
                return {"who": spot.inhabitant.name, "known": True, "sentences": sentences}
        return {
            "who": spot.inhabitant.name,
            "known": False,
            "sentences": [{"text": NOTHING_KNOWN.render(), "path": [], "files": {}, "rests": None}],
        }

    def _answer_what_if(
        self, spot: WorldPlace, here: str, messages: Sequence[str], scene: Scene
    ) -> list[GroundedSentence]:
        """A what-if of the service that the place stands for."""
        try:
            form = self.desk.form(spot.service)
            row = read_supposed_row(messages, form["inputs"])
            if not row:
                return []
            usual = {i["name"]: i.get("usual") for i in form["inputs"] if not i["private"]}
            answer = self.desk.ask(spot.service, {**usual, **row})
        except (MesocosmError, ConfigValueError):
            return []
        snapshot = self._snapshot_of_version(answer["version"])
        return [
            self._ground(
                _describe_what_if(row, answer),
                [here, *upstream(f"services.{spot.service}", scene)],
                {"version": answer["version"], "snapshot": snapshot, "row": row},
                snapshot,
            )
        ]

    def _answer_state(
        self,
        spot: WorldPlace,
        here: str,
        messages: Sequence[str],
        scene: Scene,
        *,
        loosely: bool = False,
    ) -> list[GroundedSentence]:
        """The state of elements that are asked after; "and its accuracy?" is understood from the
        message before.
        """
        elements = find_elements(messages[-1], scene, loosely=loosely)
        if not elements and loosely and len(messages) > 1 and refers_back(messages[-1]):
            elements = find_elements(messages[-2], scene, loosely=True)
        return [
            self._ground(
                element.says,
                self._path_to(here, element.id, scene),
                {"thing": element.id, "revision": scene.revision},
                self._snapshot_of(element),
            )
            for element in elements
        ]

    def _answer_row(
        self, spot: WorldPlace, here: str, messages: Sequence[str], scene: Scene
    ) -> list[GroundedSentence]:
        """The row of the table that the inhabitant knows, word for word or paraphrased; "and my
        phone number?" is understood from the message before.
        """
        name = self._service_of_answers(spot)
        service = self.served.get(name)
        if service is None or service.now is None or not service.now.speaks:
            return []
        found = _find_answer(service.now.ask, messages)
        if not found["known"]:
            return []
        source = found["source"]
        grounds: dict[str, object] = {
            "file": source["file"],
            "line": source["line"],
            "question": source["question"],
            "likeness": found["likeness"],
        }
        assert spot.inhabitant is not None
        text = paraphrase(
            self.words.get(spot.inhabitant.language_model), found["answer"], messages[-1]
        )
        if text != found["answer"]:
            grounds["says"] = found["answer"]
        path = [here, *upstream(f"services.{name}", scene, self._table_of_answers(name))]
        return [self._ground(text, path, grounds, service.now.answers)]

    def _table_of_answers(self, service: str) -> str:
        """The address of the table of questions and answers of a service."""
        answers = self.eco.services[service].answers
        dataset = answers.dataset if answers else ""
        section = "datasets" if dataset in self.eco.datasets else "sources"
        return f"{section}.{dataset}"

    def _service_of_answers(self, spot: WorldPlace) -> str:
        """The service that answers from the table which the inhabitant knows; the one the place
        stands for comes first. Empty where there is none.
        """
        known = spot.inhabitant.knowledge if spot.inhabitant else None
        for name in [
            spot.service,
            *(other for other in self.eco.services if other != spot.service),
        ]:
            answers = self.eco.services[name].answers
            if answers and known in (None, answers.dataset):
                return name if known or name == spot.service else ""
        return ""

    def _path_to(self, here: str, ident: str, scene: Scene) -> list[str]:
        """The addresses from a place over an element up to a source; from the element where it does
        not lie upstream of the place.
        """
        path = upstream(ident, scene)
        place = next(element for element in scene.elements if element.id == here)
        from_here = [here, *upstream(place.needs[0], scene)]
        if ident not in from_here:
            return path
        return [*from_here[: from_here.index(ident)], *path]

    def _snapshot_of_version(self, version: str) -> str | None:
        """The snapshot that a version was trained on."""
        found = self.catalog.version(version)
        return found["snapshot"] if found else None

    def _snapshot_of(self, element: Element) -> str | None:
        """The snapshot that an element's state rests on: its own, or that of the version it shows;
        None where it names none, and the newest upstream is meant.
        """
        snapshot: str | None = element.facts.get("snapshot")
        version = element.facts.get("version")
        if not snapshot and version:
            return self._snapshot_of_version(version)
        return snapshot

    def _ground(
        self, text: str, path: list[str], grounds: dict[str, object], snapshot: str | None
    ) -> GroundedSentence:
        """A sentence with its path, the files that its snapshot read, and its grounds."""
        if snapshot is None:
            found = self.catalog.snapshot(dataset=_first_table(path))
        else:
            found = self.catalog.snapshot(snapshot)
        files = found["files"] if found else {}
        return {"text": text, "path": path, "files": files, "rests": grounds}


def _first_table(path: Sequence[str]) -> str:
    """The name of the first dataset or source of a path."""
    for address in path:
        if address.startswith(("datasets.", "sources.")):
            return address.partition(".")[2]
    return ""


def _describe_what_if(row: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    if answer["number"]:
        prediction = f"{answer['value']:g}"
    else:
        prediction = f"{answer['label']}, {100 * answer.get('probability', 0):.0f} %"
    shares = answer["inputs"]
    greatest = max(shares, key=lambda name: abs(shares[name]))
    given = tuple(f"{key} {_format_value(value)}" for key, value in row.items())
    return Message(
        "api.what_if_answer",
        given=given,
        version=answer["version"],
        prediction=prediction,
        greatest=greatest,
        share=f"{shares[greatest]:+.2f}",
    ).render()


def _format_value(value: object) -> str:
    if isinstance(value, int | float):
        return f"{value:g}"
    return f"{value}"


def _find_answer(ask: Callable[[str], SpokenAnswer], messages: Sequence[str]) -> SpokenAnswer:
    """The row for the last message; a message that continues the one before is asked with it."""
    found = ask(messages[-1])
    if found["known"] or len(messages) < 2:
        return found
    before = ask(messages[-2])
    continuations = [ask(question) for question in expand_question(messages[-2], messages[-1])]
    others = [other for other in continuations if _is_another_row(other, before)]
    if others:
        return max(others, key=lambda other: other["likeness"])
    if before["known"] and continues(messages[-1]):
        return before
    return found


def _is_another_row(found: SpokenAnswer, before: SpokenAnswer) -> bool:
    if not found["known"]:
        return False
    return not before["known"] or bool(found["source"]["row"] != before["source"]["row"])


def add_routes(app: FastAPI, inhabitants: Inhabitants) -> None:
    """Add the address at which inhabitants answer."""

    @app.post("/v1/places/{name}/talk", response_model=None)
    async def talk(name: str, request: Request) -> SpokenReply:
        body = await read_body(request)
        return await asyncio.to_thread(inhabitants.talk, name, body)


def _read_messages(body: object) -> list[str]:
    """What a visitor said, the newest last.

    Raises:
        Problem: the body has no messages, too many or too long ones, or the last is not the
            visitor's.
    """
    turns = body.get("messages") if isinstance(body, dict) else None
    if isinstance(turns, list) and 0 < len(turns) <= MOST_TURNS and all(map(_is_turn, turns)):
        messages = [turn["content"].strip() for turn in turns if turn.get("role") == "user"]
        is_short = all(len(message) <= MOST_WORDS for message in messages)
        if turns[-1].get("role") == "user" and messages[-1] and is_short:
            return messages
    raise Problem(
        422,
        Message("serving.unprocessable"),
        Message("serving.talk_messages", turns=MOST_TURNS, letters=MOST_WORDS),
    )


def _is_turn(turn: object) -> bool:
    return isinstance(turn, dict) and isinstance(turn.get("content"), str)
