"""The Python API: an ecosystem, with every verb of the command line as a method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.api.file_verbs import FileVerbs
from mesocosm.api.listed_records import ListedRecords
from mesocosm.api.named_views import NamedViews
from mesocosm.catalog import Catalog
from mesocosm.config import Spec, read
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.progress import say_of_as_text
from mesocosm.lifecycle.local_files import refuse_folder
from mesocosm.lifecycle.project_store import open_catalog

if TYPE_CHECKING:
    from mesocosm.api.dataset import DatasetView
    from mesocosm.api.model import ModelView
    from mesocosm.api.results.file import CheckResult, Migration
    from mesocosm.api.results.plan import Plan
    from mesocosm.api.results.project import BuildResult, Export, IntegrityReport, Status
    from mesocosm.api.results.report import Report
    from mesocosm.api.results.requests import FilePredictions
    from mesocosm.api.service import ServiceView
    from mesocosm.api.verbs.data import DataVerbs
    from mesocosm.api.verbs.model import ModelVerbs
    from mesocosm.api.verbs.server import RunningServer
    from mesocosm.api.verbs.service import ServiceVerbs
    from mesocosm.api.verbs.test import TestVerbs
    from mesocosm.api.verbs.world import WorldVerbs
    from mesocosm.app.serve import ServeSettings
    from mesocosm.client.answers import Answer, Explanation, Trace
    from mesocosm.client.predictions import Prediction


class Ecosystem(FileVerbs, ListedRecords):
    """One file and what was built of it.

    Args:
        path: the file or its folder.
        who: who acts, as the audit keeps it.

    Raises:
        ConfigError: with everything that is invalid in the file.
        MesocosmError: the project is in a folder that tables cannot be in.
    """

    def __init__(self, path: str | Path, who: str = "python") -> None:
        self.spec: Spec = read(Path(path))
        refuse_folder(self.spec.root)
        self.catalog: Catalog = open_catalog(self.spec)
        self.who = who
        self._services: dict[str, ServiceView] | None = None

    def __repr__(self) -> str:
        """Its name and its file."""
        return f"<ecosystem {self.name}, {self.spec.path}>"

    def __getitem__(self, service: str) -> ServiceView:
        """A service by its name, as a function of rows.

        Raises:
            ConfigValueError: there is none of that name.
        """
        return self.services[service]

    @property
    def name(self) -> str:
        """The ecosystem's name."""
        return self.spec.eco.ecosystem

    @property
    def datasets(self) -> dict[str, DatasetView]:
        """Its datasets by name, as tables."""
        from mesocosm.api.dataset import DatasetView

        views = {n: DatasetView(n, self.spec, self.catalog) for n in self.spec.eco.datasets}
        return NamedViews(views, "api.no_dataset", "dataset")

    @property
    def models(self) -> dict[str, ModelView]:
        """Its models by name: their cards and versions."""
        from mesocosm.api.model import ModelView

        views = {name: ModelView(name, self) for name in self.spec.eco.models}
        return NamedViews(views, "api.no_model", "model")

    @property
    def services(self) -> dict[str, ServiceView]:
        """Its services by name, as functions of rows."""
        if self._services is None:
            from mesocosm.api.service import ServiceView

            names = self.spec.eco.services
            views = {n: ServiceView(n, self.spec, self.catalog) for n in names}
            self._services = NamedViews(views, "api.no_service", "service")
        return self._services

    @property
    def data(self) -> DataVerbs:
        """The verbs of `mesocosm data`: versions, privacy, lineage and backups."""
        from mesocosm.api.verbs.data import DataVerbs

        return DataVerbs(self)

    @property
    def model(self) -> ModelVerbs:
        """The verbs of `mesocosm model`: cards, labels, retraining and suggestions."""
        from mesocosm.api.verbs.model import ModelVerbs

        return ModelVerbs(self)

    @property
    def service(self) -> ServiceVerbs:
        """The verbs of `mesocosm service`: rollouts, alerts, feedback and tokens."""
        from mesocosm.api.verbs.service import ServiceVerbs

        return ServiceVerbs(self)

    @property
    def test(self) -> TestVerbs:
        """The verbs of `mesocosm test`: drills and scenario tests."""
        from mesocosm.api.verbs.test import TestVerbs

        return TestVerbs(self)

    @property
    def world(self) -> WorldVerbs:
        """The verbs of `mesocosm world`: pictures."""
        from mesocosm.api.verbs.world import WorldVerbs

        return WorldVerbs(self)

    def check(self) -> CheckResult:
        """Check what the file leaves open; `mesocosm.check` checks a file that cannot be opened.

        Raises:
            ConfigError: with every finding.
        """
        from mesocosm.api.verbs.files import check_spec

        return check_spec(read(self.spec.path))

    def migrate(self, dry_run: bool = False) -> Migration:
        """Rewrite the file in the words of this release; the same as `mesocosm.migrate`."""
        from mesocosm.api.verbs.files import migrate

        return migrate(self.spec.path, dry_run)

    def plan(self, details: bool = False) -> Plan:
        """What a build would do, with its reasons; changes nothing.

        Args:
            details: whether new rows of small files are compared with the last version, trainings
                are estimated, and what the values leave open is asked, as the command does.

        Raises:
            ConfigError: a source cannot be read.
        """
        from mesocosm.api.verbs.building import make_plan

        return make_plan(self, details)

    def build(
        self,
        prune: bool = False,
        say: Callable[[str, str], None] = lambda address, text: None,
        accept: Sequence[str] = (),
    ) -> BuildResult:
        """Apply the plan; what is unchanged is kept.

        Args:
            prune: whether what the file no longer names is removed.
            say: is called with each step as it is done: the resource's address, and a sentence.
            accept: changed fields to train on although their unit, codes or missing share changed:
                `DATASET.FIELD`, or `DATASET` for all of its fields.

        Raises:
            ConfigValueError: a name of `accept` is unknown.
            ConfigError: a source cannot be read.
        """
        from mesocosm.api.verbs.building import run_build

        return run_build(self, prune, accept, say_of_as_text(say))

    def up(self, build: bool = True, port: int = 0) -> RunningServer:
        """Build what is outdated, then serve everything from a process of its own.

        Args:
            build: whether what is outdated is built first.
            port: on the loopback address; 0 takes a free one.

        Raises:
            MesocosmError: no service has a version to serve, or the server is not ready in time.

        >>> with eco.up() as server:  # doctest: +SKIP
        ...     server.client().predict("credit-desk", row)
        """
        from mesocosm.api.verbs.server import start_server

        if build:
            self.build()
        self._require_version()
        return start_server(self, port)

    def serve(
        self,
        settings: ServeSettings | None = None,
        begin: Callable[[str, str], None] = lambda url, token: None,
    ) -> None:
        """Serve everything from this process until it is stopped.

        Args:
            settings: where and how to listen.
            begin: is called with the address and the owner's token once the server listens.

        Raises:
            MesocosmError: no service has a version to serve, another server runs here, or the
                address cannot be listened on.
        """
        from mesocosm.app.serve import ServeSettings, serve

        self._require_version()
        serve(self.spec, self.catalog, settings or ServeSettings(), begin)

    def _require_version(self) -> None:
        services = self.spec.eco.services
        if services and not any(self.catalog.deployment(name) for name in services):
            for name, service in services.items():
                if self.catalog.refused_version(service.model):
                    raise MesocosmError(self.catalog.explain_not_deployed(name, service.model))
            raise MesocosmError(Message("api.nothing_to_serve"))

    def status(self) -> Status:
        """What each service runs, since when, and which alerts are open."""
        from mesocosm.api.verbs.overview import read_status

        return read_status(self)

    def report(self, name: str | None = None, out: str | Path | None = None) -> Report:
        """The health scores with recommendations, what was cleaned and how good each model is.

        Args:
            name: one dataset or model of them.
            out: a file to write it to, as one page of HTML.

        Raises:
            ConfigValueError: no dataset or model has the name.
            MesocosmError: nothing of it was built.
        """
        from mesocosm.api.verbs.group import write_page
        from mesocosm.api.verbs.overview import read_report

        report = read_report(self, name)
        if out:
            write_page(Path(out), report.to_html())
        return report

    def predict(self, service: str, row: Mapping[str, object]) -> Prediction:
        """The prediction of one row, logged with an id that `trace` follows.

        Args:
            service: the service's name.
            row: the values by feature; `@photo.png` stands for a file of the project.

        Raises:
            ConfigValueError: there is no such service, or a value is invalid.
            MesocosmError: nothing is deployed, or the row is quarantined.
        """
        from mesocosm.api.verbs.requests import predict_row

        return predict_row(self, service, row)

    def predict_file(
        self, service: str, rows: str | Path, out: str | Path, show_progress: bool = False
    ) -> FilePredictions:
        """Predict every row of a file; the file that is written appears whole or not at all.

        Args:
            service: the service's name.
            rows: a .csv, .tsv, .txt, .jsonl or .parquet file.
            out: a .csv, .jsonl or .parquet file to write the rows with their predictions to.
            show_progress: whether a bar is shown on standard error.

        Raises:
            ConfigValueError: there is no such service, or an ending is not known.
            MesocosmError: a file cannot be read or written.
        """
        from mesocosm.api.batch_predict import predict_file

        return predict_file(self, service, Path(rows), Path(out), show_progress)

    def explain(self, prediction: str | Prediction) -> Explanation:
        """Why a prediction came out as it did: feature attributions (Shapley values), words, and
        the training rows behind it.

        Args:
            prediction: it, its id, or `last` for the newest.

        Raises:
            ConfigValueError: there is no such prediction, or its task is not explained.
            MesocosmError: its version or its snapshot is gone.
        """
        from mesocosm.api.verbs.requests import explain_prediction

        return explain_prediction(self, prediction)

    def trace(self, prediction: str | Prediction) -> Trace:
        """Follow a prediction back to its version, snapshot, source files and rows.

        Args:
            prediction: it, its id, or `last` for the newest.

        Raises:
            MesocosmError: there is no such prediction.
        """
        from mesocosm.api.verbs.requests import trace_prediction

        return trace_prediction(self, prediction)

    def ask(self, service: str, question: str) -> Answer:
        """Ask a service a question; the answer comes with the row of the table that supports it.

        Args:
            service: a service with `answers`.
            question: in words.

        Raises:
            MesocosmError: the question is empty, or the service has no table of answers.
        """
        from mesocosm.api.verbs.requests import ask_service

        return ask_service(self, service, question)

    def doctor(self) -> IntegrityReport:
        """Hash every listed version again, read every snapshot's files, verify the audit's
        chain; list the installed plugins.
        """
        from mesocosm.api.verbs.overview import check_integrity

        return check_integrity(self)

    def export(self, kind: str, folder: str | Path, settings: Sequence[str] = ()) -> Export:
        """Write files that deploy the ecosystem elsewhere, or its world in 3D.

        Args:
            kind: `docker`, `compose`, `kubernetes`, `prometheus` or `grafana`; `glb` or `usdz` for
                the world.
            folder: where to write; other files there stay as they are.
            settings: such as `image=registry.example/bank:1`.

        Raises:
            ConfigValueError: there is no such export or setting.
            MesocosmError: the folder is a file.
        """
        from mesocosm.api.verbs.overview import write_export

        return write_export(self, kind, Path(folder), settings)

    def reopen(self) -> None:
        """Open the file and the catalog again, after either was replaced."""
        self.spec = read(self.spec.path)
        self.catalog = open_catalog(self.spec)
        self._services = None

    def dump(self) -> str:
        """The file as text."""
        return self.spec.path.read_text(encoding="utf-8")


def open_ecosystem(path: str | Path = ".", who: str = "python") -> Ecosystem:
    """Open an ecosystem by its file or folder."""
    return Ecosystem(path, who)
