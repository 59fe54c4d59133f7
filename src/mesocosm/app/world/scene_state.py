"""The world of a running ecosystem: its ground, laid out once, and what stands on it now or stood
on it then.

Knows the catalog at a moment, the services' figures and the work in progress. Knows no sockets.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mesocosm.app.pages.texts import render_alerts, render_scene
from mesocosm.app.world.style_matcher import Look
from mesocosm.catalog import Catalog, CatalogView
from mesocosm.catalog.rows import PredictionRow
from mesocosm.config import Spec
from mesocosm.config.schema import SECTIONS, Ecosystem
from mesocosm.core.confidential.row_values import plain_all
from mesocosm.core.errors import MesocosmError
from mesocosm.core.files import inside
from mesocosm.core.messages import Message
from mesocosm.core.messages.language import current_language
from mesocosm.learning.tasks.registry import find_recorded_task
from mesocosm.lifecycle.progress_store import read_progress, render_progress_lines
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.monitoring.monitor import ServiceMonitor
from mesocosm.reports.disk_state import Condition
from mesocosm.reports.role_view import show_alert, show_last_test
from mesocosm.serving.service import LiveService
from mesocosm.serving.settings import Service
from mesocosm.world.booths import LATELY
from mesocosm.world.elements.view import TreeFacts, View, default_tree_facts
from mesocosm.world.scene import Ground, scene
from mesocosm.world.wire import Scene

FRESH = 0.5  # seconds that figures which no revision counts (rates, predictions) may be old
FLIGHT = 5.0  # seconds that a request is shown as a firefly
MOST_FIREFLIES = 60
MOST_BODY = 20_000_000  # bytes of a glTF file
SECRET = {"url", "headers", "options"}


def lay_out_ground(eco: Ecosystem) -> Ground:
    """The elements of a file's world, and where they stand."""
    things: list[tuple[str, Sequence[str], Mapping[str, Any]]] = []
    for section in SECTIONS:
        for name, settings in getattr(eco, section).items():
            shown = settings.model_dump(mode="json", by_alias=True, exclude=SECRET)
            things.append((f"{section}.{name}", _find_needs(eco, section, settings), shown))
    for name, spot in eco.world.places.items():
        shown = spot.model_dump(mode="json", by_alias=True)
        shown["counts"] = _describe_surge(eco, spot.service)
        things.append((f"places.{name}", [f"services.{spot.service}"], shown))
    elements = {str(section): element for section, element in eco.world.elements.items()}
    return Ground(things, int(eco.world.seed), elements)


def _tree_facts(recipe: Mapping[str, Any]) -> TreeFacts:
    """What the task of a version gives its tree."""
    task = find_recorded_task(recipe)
    if task is None:
        return default_tree_facts(recipe)
    return TreeFacts(task.species(recipe), *task.height)


class SentScene(NamedTuple):
    """A scene as it is sent: as text, with a mark that changes when anything but the clock does,
    the revision of the catalog, and when it was built.
    """

    scene: Scene
    text: str
    mark: str
    revision: int
    made: float


class Scenery:
    """Scenes, made once for all who look.

    Args:
        served: services, for their figures and their last requests.
        watches: monitors, for what they saw last.
        marked: keep the marks of row values in sentences, for a server that shows or withholds them
            by role.
    """

    def __init__(
        self,
        spec: Spec,
        catalog: Catalog,
        served: Mapping[str, LiveService],
        watches: Sequence[ServiceMonitor],
        *,
        marked: bool = False,
    ) -> None:
        self.marked = marked
        self.eco, self.root, self.store = spec.eco, spec.root, locate_project(spec).store
        self.catalog, self.served, self.watches = catalog, served, watches
        self.ground = lay_out_ground(spec.eco)
        self.lock = threading.Lock()
        self.book: CatalogView | None = None
        self.read = 0.0
        self.sent: dict[str, SentScene] = {}  # by language
        self.look = Look(spec.eco.world.style, spec.eco.language, catalog, served)
        self.condition = Condition(spec, catalog)
        self.answers: dict[str, tuple[int, Sequence[PredictionRow]]] = {}

    @property
    def things(self) -> set[str]:
        """The addresses of all things."""
        return set(self.ground.where)

    def scene(self, at: float | None = None) -> Scene:
        """The world now, or at a moment that is past, of which only what the catalog kept is
        known.
        """
        if at is not None:
            return self._past_scene(at)
        book = self._current_book()
        metrics: dict[str, Any] = {
            name: service.metrics() for name, service in self.served.items() if service.now
        }
        view = View(
            book,
            metrics,
            self._alerts(book),
            {watch.name: show_last_test(watch.last) for watch in self.watches},
            self.catalog.clock(),
            {work["address"]: render_progress_lines(work) for work in read_progress(self.store)},
            self._recent_predictions,
            self.condition.now(),
            _tree_facts,
        )
        eco = self.eco
        found = scene(
            eco.ecosystem, eco.about, eco.world.style, self.ground, view, self._fireflies()
        )
        more = {"models": sorted(eco.world.models)} | self.look.now()
        return render_scene(found.model_copy(update=more))

    def _past_scene(self, at: float) -> Scene:
        eco, book = self.eco, CatalogView(self.catalog, at)
        view = View(
            book,
            {},
            self._alerts(book),
            {},
            at,
            {},
            lambda service: self.catalog.predictions(service, LATELY, until=at),
            tree_facts=_tree_facts,
        )
        found = scene(eco.ecosystem, eco.about, eco.world.style, self.ground, view, [])
        return render_scene(found)

    def _current_book(self) -> CatalogView:
        """The catalog now, read again where it moved on or after half a second."""
        book = self.book
        is_old = time.monotonic() - self.read > FRESH
        if book is None or is_old or book.number != self.catalog.revision():
            book = self.book = CatalogView(self.catalog)
            self.read = time.monotonic()
        return book

    def _fireflies(self) -> list[Mapping[str, Any]]:
        """The newest requests of the last seconds, as they fly."""
        since = self.catalog.clock() - FLIGHT
        events: list[Mapping[str, Any]] = []
        for service in self.served.values():
            events += [event for event in list(service.events) if event["at"] >= since]
        return events[-MOST_FIREFLIES:]

    def _alerts(self, book: CatalogView) -> list[dict[str, Any]]:
        """Open alerts without the values that they keep; a world is seen by every role."""
        shown = [show_alert(alert) for alert in render_alerts(book.alerts)]
        if self.marked:
            return shown
        return [plain_all(alert) for alert in shown]

    def _recent_predictions(self, service: str) -> Sequence[PredictionRow]:
        """The newest predictions of a service, read again when there are more."""
        count = self.book.counts().get(service, 0) if self.book else 0
        held = self.answers.get(service)
        if held is None or held[0] != count:
            predictions = self.catalog.predictions(service, LATELY) if count else []
            held = self.answers[service] = (count, predictions)
        return held[1]

    def body(self, kind: str) -> Path:
        """The project's own glTF file for the body of a kind.

        Raises:
            MesocosmError: the file names none, or it is missing, too large, or not a binary glTF.
        """
        named = self.eco.world.models.get(kind)
        if named is None:
            raise MesocosmError(Message("api.no_3d_model", kind=kind[:40]))
        path = inside(self.root, named, f"world.models.{kind}")
        if not path.is_file() or path.stat().st_size > MOST_BODY:
            raise MesocosmError(
                Message("api.glb_too_large", file=named, megabytes=MOST_BODY // 10**6)
            )
        with path.open("rb") as file:
            if file.read(4) != b"glTF":
                raise MesocosmError(Message("api.not_glb", file=named))
        return path

    def now(self) -> tuple[str, str]:
        """The scene as text, and a mark that changes when anything but the clock does; built again
        when the catalog moved on, or after half a second.
        """
        with self.lock:
            sent = self._refresh()
            return sent.text, sent.mark

    def recent(self) -> Scene:
        """The scene that is sent now; none is built for who only asks."""
        with self.lock:
            return self._refresh().scene

    def _refresh(self) -> SentScene:
        """The scene in the reader's language, built again where it is old."""
        language = current_language()
        sent = self.sent.get(language)
        is_fresh = sent is not None and time.monotonic() - sent.made <= FRESH
        if sent and is_fresh and sent.revision == self.catalog.revision():
            return sent
        found = self.scene()
        sent = self.sent[language] = SentScene(
            found, found.model_dump_json(), _mark_of(found), found.revision, time.monotonic()
        )
        return sent


def _mark_of(found: Scene) -> str:
    """A scene as text without its clock, and with ages that are rounded."""
    still = []
    for element in found.elements:
        age = element.age
        if age is not None:
            age = round(age, 2)
        still.append(element.model_copy(update={"age": age}))
    return found.model_copy(update={"at": 0.0, "elements": still}).model_dump_json()


def export_world(spec: Spec, catalog: Catalog, kind: str) -> dict[str, str | bytes]:
    """The world as a file in 3D, by its name.

    Args:
        kind: a key of `MODELS`.

    Raises:
        MesocosmError: the library that writes it is not installed.
    """
    from mesocosm.world.export import MODELS

    try:
        data = MODELS[kind](Scenery(spec, catalog, {}, []).scene())
    except ModuleNotFoundError as error:
        raise MesocosmError(Message("api.needs_world", what=kind)) from error
    return {f"{spec.eco.ecosystem}.{kind}": data}


def _describe_surge(eco: Ecosystem, service: str) -> dict[str, Any] | None:
    """What the first monitor that looks for a surge at a service counts there, and by which field;
    nothing by a private one.
    """
    for name, monitor in eco.monitors.items():
        surge = monitor.surge
        if monitor.service != service or not surge or surge.unsure:
            continue
        by = surge.by if _is_public(eco, service, surge.by) else None
        return {"monitor": name, "label": surge.label, "by": by}
    return None


def _is_public(eco: Ecosystem, service: str, field: str | None) -> bool:
    """Whether the dataset of a service's model has a field that is not private."""
    model = eco.models.get(eco.services[service].model or "")
    if model is None:
        return False
    kind = eco.datasets[model.dataset].fields.get(field or "")
    return kind is not None and not kind.private


def _find_needs(eco: Ecosystem, section: str, settings: Any) -> list[str]:
    """The addresses that an element of the file is built from."""
    match section:
        case "datasets":
            return [
                f"sources.{source}" if source in eco.sources else f"datasets.{source}"
                for source in settings.all_sources
            ]
        case "models":
            adapted = [f"models.{settings.init_from}"] if settings.init_from else []
            return [f"datasets.{settings.dataset}", *adapted]
        case "services":
            return _find_service_needs(eco, settings)
        case "monitors":
            return [f"services.{settings.service}"]
    return []


def _find_service_needs(eco: Ecosystem, settings: Service) -> list[str]:
    needs = [f"models.{model}" for model in (settings.model, settings.fallback) if model]
    if settings.answers and settings.answers.dataset:
        table = settings.answers.dataset
        section = "datasets" if table in eco.datasets else "sources"
        needs.append(f"{section}.{table}")
    return needs
