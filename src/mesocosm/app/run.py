"""One ecosystem running: gateway, monitors, console and world assembled from one file.

Knows every room's door. The page's state is the catalog's, read at most one second ago.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from mesocosm.app import console_routes
from mesocosm.app.catalog_metrics import update_metrics
from mesocosm.app.console_api import Console
from mesocosm.app.gateway import GatewayParts, create_app
from mesocosm.app.loader import Loader
from mesocosm.app.maintenance import Maintenance
from mesocosm.app.pages.files import add_pages
from mesocosm.app.world import chat, presence_socket
from mesocosm.app.world.marker_socket import Marking
from mesocosm.app.world.paraphrase import load_paraphrasers
from mesocosm.app.world.scene_state import Scenery
from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.values.durations import seconds
from mesocosm.lifecycle.jobs.background_jobs import BackgroundJobs
from mesocosm.lifecycle.jobs.rollback import rollback
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.monitoring.monitor import ServiceMonitor
from mesocosm.monitoring.notifications import Notifier
from mesocosm.reports.whatif import Desk
from mesocosm.serving.auth import sign_in
from mesocosm.serving.auth.middleware import HOSTS
from mesocosm.serving.auth.oidc import Provider
from mesocosm.serving.auth.roles import Roles
from mesocosm.serving.auth.sign_in import SignIn
from mesocosm.serving.http.access_log import AccessLog
from mesocosm.serving.model_instance import Load
from mesocosm.serving.prediction_log import PredictionLog
from mesocosm.serving.service import LiveService
from mesocosm.serving.telemetry.metrics import Metrics
from mesocosm.serving.telemetry.tracing import create_traces
from mesocosm.serving.workers.pool import WorkerPool
from mesocosm.serving.workers.prefork import PreforkServer

RESTART_REASONS = {
    "died": "died",
    "stuck": "did not answer and was killed",
    "leak": "used too much memory and was replaced",
}
LEASE = 15.0  # seconds after which another gateway takes over


class Running:
    """One ecosystem, running in this process.

    Args:
        token: the owner's token; else that of the environment, or a random one.
        hosts: names by which the server may be called.
        rate: requests a second of one token.
    """

    def __init__(
        self,
        spec: Spec,
        catalog: Catalog,
        token: str | None = None,
        hosts: tuple[str, ...] = HOSTS,
        rate: float = 100.0,
    ) -> None:
        self.spec, self.catalog, self.hosts = spec, catalog, hosts
        self.names = collect_words(spec.eco.model_dump(mode="json", by_alias=True))
        self.leaving = False
        self.token = token or _read_token() or secrets.token_urlsafe(24)
        self.ident = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self.store = locate_project(spec).store
        self.metrics, self.journal = Metrics(), PredictionLog(catalog, self.store / "journal")
        self.jobs = BackgroundJobs(spec, catalog)
        self._start_services()
        self._start_monitors()
        self._open_world()
        self._open_doors(rate)
        self.app = self._create_app()
        for name, service in self.served.items():
            service.count = partial(self._count_rows, name)

    def _start_services(self) -> None:
        eco = self.spec.eco
        self.nursery = PreforkServer(
            [sys.executable, "-m", "mesocosm.app.worker_main", str(self.spec.path)]
        )
        self.crews: dict[str, WorkerPool] = {}
        for name, settings in eco.services.items():
            if settings.runtime.workers.min:
                self.crews[name] = WorkerPool(
                    self.nursery,
                    name,
                    settings.runtime.workers,
                    seconds(settings.runtime.timeout),
                    settings.runtime.memory,
                    partial(self._record_restart, name),
                    partial(self._record_scaling, name),
                )
        loader = Loader(self.spec, self.catalog)
        self.served: dict[str, LiveService] = {}
        for name, settings in eco.services.items():
            load: Load = loader.load
            if name in self.crews:
                load = self.crews[name].load
            self.served[name] = LiveService(name, settings, self.catalog, load, self.journal)

    def _start_monitors(self) -> None:
        eco = self.spec.eco
        notify = {name: m.notify for name, m in eco.monitors.items() if m.notify}
        self.notifier = Notifier(eco.ecosystem, notify, self.catalog)
        self.watches = [
            ServiceMonitor(
                name,
                settings,
                self.served[settings.service],
                self.catalog,
                self.jobs.retrain,
                partial(_try_rollback, self.catalog),
            )
            for name, settings in eco.monitors.items()
        ]

    def _open_world(self) -> None:
        self.visiting, self.marking = presence_socket.Visiting(), Marking(self.catalog)
        self.words = load_paraphrasers(self.spec.eco, self.spec.root)
        self.scenery = Scenery(self.spec, self.catalog, self.served, self.watches, marked=True)

    def _open_doors(self, rate: float) -> None:
        """Who may come in: the owner, tokens of the catalog and of an OpenID Connect provider."""
        catalog, settings = self.catalog, self.spec.eco.oidc
        provider = Provider(settings) if settings else None
        self.signs: SignIn | None = None
        if provider and settings and settings.client:
            self.signs = SignIn(
                provider,
                lambda role, may, wait: catalog.give_token(role, may, wait, "sign-in"),
                catalog.clock,
            )
        self.roles = Roles(
            self.token,
            lambda given: catalog.token(given) or (provider.role(given) if provider else None),
            rate,
        )
        self.roles.signs = self.signs is not None

    def _create_app(self) -> Any:
        measure = partial(
            update_metrics,
            self.catalog,
            self.metrics,
            self.watches,
            self.served,
            list(self.spec.eco.datasets),
            self.journal,
        )
        parts = GatewayParts(
            served=self.served,
            monitors=self.watches,
            roles=self.roles,
            add_routes=self._add_routes,
            metrics=self.metrics,
            pools=self.crews,
            journal=self.journal,
            logs=AccessLog(self.store / "logs" / "gateway.jsonl", self.catalog.clock),
            traces=create_traces(self.spec.eco.ecosystem),
            hosts=self.hosts,
            measure=measure,
            leads=self._leads,
            leaving=lambda: self.leaving,
        )
        return create_app(parts)

    def leave(self) -> None:
        """Report as not ready from now on: the server is about to stop."""
        self.leaving = True

    def _leads(self) -> bool:
        """Whether this gateway is the one, of all over one catalog, that runs monitors and
        scheduled work.
        """
        return self.catalog.lead("controller", self.ident, LEASE)

    def _count_rows(self, service: str, version: str, rows: int) -> None:
        self.metrics.rows.labels(service, version).inc(rows)

    def _record_restart(self, service: str, why: str) -> None:
        """A worker was replaced: counted, and written into the audit."""
        self.metrics.restarts.labels(service, why).inc()
        self._audit("restart", service, f"its worker {RESTART_REASONS[why]}")

    def _record_scaling(self, service: str, count: int, why: str) -> None:
        """There are more workers, or fewer: written into the audit."""
        now = f"{count} worker now" if count == 1 else f"{count} workers now"
        self._audit("scale", service, f"{now}: {why}")

    def _audit(self, act: str, service: str, why: str) -> None:
        # A catalog that takes no records now must not hold a new worker back.
        with suppress(Exception), self.catalog.transaction() as con:
            self.catalog.write_audit(con, "gateway", act, service, why)

    @contextmanager
    def maintain(self) -> Iterator[None]:
        """Run scheduled work and notifications beside the server, and the workers' prefork server.

        The thread ends with the block, never with the interpreter, which would cut it off inside an
        engine.
        """
        if self.crews:
            self.nursery.start()
        maintenance = Maintenance(self.spec, self.catalog, self.jobs, self.names)
        over = threading.Event()

        def loop() -> None:
            while not over.wait(0.5):
                if self._leads():
                    self.notifier.look()
                    maintenance.run_due()

        thread = threading.Thread(target=loop)
        if maintenance.is_needed or self.notifier.settings:
            thread.start()
        try:
            yield
        finally:
            over.set()
            self.nursery.close()
            for paraphraser in self.words.values():
                paraphraser.close()
            if thread.ident:
                thread.join()

    def _add_routes(self, app: FastAPI) -> None:
        eco, catalog, scenery = self.spec.eco, self.catalog, self.scenery
        desk = Desk(self.spec, catalog)
        console = Console(
            self.spec, catalog, self.served, self.watches, scenery, desk, self.jobs.train
        )
        console_routes.add_routes(app, console)
        chat.add_routes(app, chat.Inhabitants(eco, catalog, scenery, self.served, desk, self.words))
        presence_socket.add_routes(
            app,
            self.visiting,
            self.marking,
            scenery,
            catalog,
            lambda socket: self.roles.socket(socket, self.hosts),
        )
        if self.signs is not None and eco.oidc is not None:
            sign_in.add_routes(app, self.signs, eco.oidc.address)
        add_pages(app)


def collect_words(settings: object) -> frozenset[str]:
    """The words of a file: its keys and its texts."""
    if isinstance(settings, dict):
        return frozenset(map(str, settings)).union(*map(collect_words, settings.values()))
    if isinstance(settings, (list, tuple)):
        return frozenset().union(*map(collect_words, settings))
    if isinstance(settings, str):
        return frozenset([settings])
    return frozenset()


def _read_token() -> str:
    """The owner's token of the environment, or of a file that it names; empty where there is none.

    Raises:
        MesocosmError: the file cannot be read.
    """
    token, path = os.environ.get("MESOCOSM_TOKEN"), os.environ.get("MESOCOSM_TOKEN_FILE")
    if token or not path:
        return token or ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise MesocosmError(Message("api.token_file_unreadable")) from error


def _try_rollback(catalog: Catalog, service: str, why: str) -> None:
    try:
        rollback(catalog, service, "monitor", why)
    except MesocosmError as failure:
        catalog.alert("monitor", service, "rollback", f"no rollback: {failure}", {})
