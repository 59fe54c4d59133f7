"""The world of a running ecosystem: its ground, laid out once, and what stands on it now or stood
on it then.

Knows the catalog's books, the services' figures and what is in the making. Knows no sockets.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from mesocosm.app.world.style_matcher import Look
from mesocosm.catalog import Book, Catalog
from mesocosm.config import Spec
from mesocosm.config.schema import Ecosystem
from mesocosm.core.confidential.row_values import plain_all
from mesocosm.core.errors import MesocosmError
from mesocosm.core.files import inside
from mesocosm.lifecycle.progress_store import at_work
from mesocosm.lifecycle.project_store import where_of
from mesocosm.monitoring.monitor import Watch
from mesocosm.reports.disk_state import Condition
from mesocosm.reports.role_view import alert_shown, last_shown
from mesocosm.serving.service import Served
from mesocosm.world.booths import LATELY
from mesocosm.world.elements.view import View
from mesocosm.world.scene import Ground, scene
from mesocosm.world.wire import Scene

FRESH = 0.5  # seconds that figures which no revision counts (rates, predictions) may be old
MOST_BODY = 20_000_000  # bytes of a glTF file
SECRET = {"url", "headers", "options"}


def ground_of(eco: Ecosystem) -> Ground:
    """What stands in the world of a file, and where."""
    things: list[tuple[str, Sequence[str], Mapping[str, Any]]] = []
    for section in ("sources", "datasets", "models", "services", "monitors"):
        for name, settings in getattr(eco, section).items():
            things.append(
                (
                    f"{section}.{name}",
                    _needs(eco, section, settings),
                    settings.model_dump(mode="json", by_alias=True, exclude=SECRET),
                )
            )
    for name, spot in eco.world.places.items():
        things.append(
            (
                f"places.{name}",
                [f"services.{spot.shows}"],
                spot.model_dump(mode="json", by_alias=True) | {"counts": _counts(eco, spot.shows)},
            )
        )
    return Ground(things, int(eco.world.seed))


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
        served: Mapping[str, Served],
        watches: Sequence[Watch],
        *,
        marked: bool = False,
    ) -> None:
        self.marked = marked
        self.eco, self.store, self.catalog, self.served, self.watches = (
            spec.eco,
            where_of(spec).store,
            catalog,
            served,
            watches,
        )
        self.ground, self.root = ground_of(spec.eco), spec.root
        self.lock = threading.Lock()
        self.book: Book | None = None
        self.made, self.read, self.text, self.mark = 0.0, 0.0, "", ""
        self.latest: Scene | None = None
        self.look = Look(spec.eco.world.style, spec.eco.language, catalog, served)
        self.condition = Condition(spec, catalog)
        self.answers: dict[str, tuple[int, Sequence[Mapping[str, Any]]]] = {}

    @property
    def things(self) -> set[str]:
        """The addresses of all things."""
        return set(self.ground.where)

    def scene(self, at: float | None = None) -> Scene:
        """The world now, or at a moment that is past, of which only what the catalog kept is
        known.
        """
        eco, catalog = self.eco, self.catalog
        if at is not None:
            book, now = Book(catalog, at), at
            figures: dict[str, Any] = {}
            then = View(
                book,
                figures,
                self._alerts(book),
                {},
                now,
                {},
                lambda service: catalog.predictions(service, LATELY, until=at),
            )
            return scene(eco.ecosystem, eco.about, eco.world.style, self.ground, then, [])
        if (
            self.book is None
            or time.monotonic() - self.read > FRESH
            or self.book.number != catalog.revision()
        ):
            self.book, self.read = Book(catalog), time.monotonic()
        figures = {n: s.figures() for n, s in self.served.items() if s.now}
        making = {w["address"]: w for w in at_work(self.store)}
        since = catalog.clock() - 5
        flies = [e for s in self.served.values() for e in list(s.events) if e["at"] >= since][-60:]
        view = View(
            self.book,
            figures,
            self._alerts(self.book),
            {w.name: last_shown(w.last) for w in self.watches},
            catalog.clock(),
            making,
            self._answers,
            self.condition.now(),
        )
        return scene(
            eco.ecosystem, eco.about, eco.world.style, self.ground, view, flies
        ).model_copy(update={"models": sorted(eco.world.models)} | self.look.now())

    def _alerts(self, book: Book) -> list[dict[str, Any]]:
        """Open alerts without the values that they keep; a world is seen by every role."""
        shown = [alert_shown(a) for a in book.alerts]
        return shown if self.marked else [cast(dict[str, Any], plain_all(a)) for a in shown]

    def _answers(self, service: str) -> Sequence[Mapping[str, Any]]:
        """The newest answers of a service, read again when there are more."""
        count = self.book.counts().get(service, 0) if self.book else 0
        held = self.answers.get(service)
        if held is None or held[0] != count:
            held = self.answers[service] = (
                count,
                self.catalog.predictions(service, LATELY) if count else [],
            )
        return held[1]

    def body(self, kind: str) -> Path:
        """The project's own glTF file for the body of a kind.

        Raises:
            Failure: the file names none, or it is not there, too large, or no binary glTF.
        """
        named = self.eco.world.models.get(kind)
        if named is None:
            raise MesocosmError(f"no file stands for '{kind[:40]}'")
        path = inside(self.root, named, f"world.models.{kind}")
        if not path.is_file() or path.stat().st_size > MOST_BODY:
            raise MesocosmError(f"'{named}' is no file of at most {MOST_BODY // 10**6} MB")
        with path.open("rb") as file:
            if file.read(4) != b"glTF":
                raise MesocosmError(f"'{named}' is no binary glTF")
        return path

    def now(self) -> tuple[str, str]:
        """The scene as text, and a mark that changes when anything but the clock does; made anew
        when the catalog moved on, or after half a second.
        """
        with self.lock:
            self._follow()
            return self.text, self.mark

    def recent(self) -> Scene:
        """The scene that is sent now; none is made for who only asks."""
        with self.lock:
            return self._follow()

    def _follow(self) -> Scene:
        if (
            self.latest is None
            or time.monotonic() - self.made > FRESH
            or (self.book and self.book.number != self.catalog.revision())
        ):
            found = self.latest = self.scene()
            still = [
                e.model_copy(update={"age": None if e.age is None else round(e.age, 2)})
                for e in found.elements
            ]
            self.text, self.mark = (
                found.model_dump_json(),
                found.model_copy(update={"at": 0.0, "elements": still}).model_dump_json(),
            )
            self.made = time.monotonic()
        return self.latest


def modelled(spec: Spec, catalog: Catalog, kind: str) -> dict[str, str | bytes]:
    """The world as a file in 3D, by its name.

    Args:
        kind: a key of `MODELS`.

    Raises:
        Failure: the library that writes it is not installed.
    """
    from mesocosm.world.export import MODELS

    try:
        return {
            f"{spec.eco.ecosystem}.{kind}": MODELS[kind](Scenery(spec, catalog, {}, []).scene())
        }
    except ModuleNotFoundError as error:
        raise MesocosmError(
            f"{kind} wants the extra 'world': pip install 'mesocosm[world]'"
        ) from error


def _counts(eco: Ecosystem, service: str) -> dict[str, Any] | None:
    """What the first monitor that looks for a surge at a service counts there, and by which field;
    nothing by a private one.
    """
    for name, monitor in eco.monitors.items():
        if monitor.watches == service and monitor.surge and not monitor.surge.unsure:
            model = eco.models.get(eco.services[service].serves or "")
            field = eco.datasets[model.learns].fields.get(monitor.surge.by or "") if model else None
            return {
                "monitor": name,
                "label": monitor.surge.label,
                "by": None if field is None or field.private else monitor.surge.by,
            }
    return None


def _needs(eco: Ecosystem, section: str, settings: Any) -> list[str]:
    if section == "datasets":
        return [f"sources.{s}" for s in settings.all_sources]
    if section == "models":
        return [f"datasets.{settings.learns}"] + (
            [f"models.{settings.adapts}"] if settings.adapts else []
        )
    if section == "services":
        found = [f"models.{m}" for m in (settings.serves, settings.fallback) if m]
        spoken = settings.answers.dataset if settings.answers else None
        return found + (
            [f"{'datasets' if spoken in eco.datasets else 'sources'}.{spoken}"] if spoken else []
        )
    return [f"services.{settings.watches}"] if section == "monitors" else []
