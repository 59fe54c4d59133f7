"""What an ecosystem is like: its status, its report, whether its artifacts are intact, and its
files for elsewhere. Knows the doors of lifecycle, reports and app.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mesocosm.api.results.project import (
    Export,
    InstalledPlugin,
    IntegrityReport,
    RefusedVersion,
    ServiceStatus,
    Status,
)
from mesocosm.api.results.report import DatasetReport, Health, ModelReport, Report
from mesocosm.catalog.records import Alert, Alerts, Rollout
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.records import JsonObject

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem


def read_status(eco: Ecosystem) -> Status:
    """What each service runs, since when, and which alerts are open."""
    from mesocosm.lifecycle.progress_store import read_progress
    from mesocosm.lifecycle.server_info import find_server

    store = eco.spec.root / ".mesocosm"
    server = find_server(store)
    alerts = eco.catalog.alerts(open_only=True)
    return Status(
        ecosystem=eco.spec.eco.ecosystem,
        running=bool(server),
        url=server["url"] if server else None,
        services=_describe_services(eco),
        monitors=_read_monitors(eco) if server and eco.spec.eco.monitors else None,
        watched=tuple(eco.spec.eco.monitors),
        alerts=Alerts([Alert.from_json(alert) for alert in alerts]),
        work=tuple(cast(JsonObject, state) for state in read_progress(store)),
    )


def _describe_services(eco: Ecosystem) -> dict[str, ServiceStatus]:
    counts = eco.catalog.counts()
    services = {}
    for name, service in eco.spec.eco.services.items():
        refused = eco.catalog.refused_version(service.model)
        deployed, rollout = eco.catalog.deployment(name), eco.catalog.rollout(name)
        services[name] = ServiceStatus(
            rollout=Rollout.from_json(rollout) if rollout else None,
            runs=(deployed["version"] or deployed["answers"]) if deployed else None,
            why=deployed["why"] if deployed else None,
            answered=counts.get(name, 0),
            refused=RefusedVersion(refused["id"], refused["why"]) if refused else None,
        )
    return services


def _read_monitors(eco: Ecosystem) -> dict[str, JsonObject] | None:
    """What each monitor measured last, None where the server does not answer."""
    import httpx

    from mesocosm.api.service_calls import call

    try:
        monitors = call(eco, "GET", "/v1/monitors")
    except (MesocosmError, httpx.HTTPError, ValueError):
        return None
    if not isinstance(monitors, Mapping):
        return None
    last: dict[str, JsonObject] = {}
    for name in eco.spec.eco.monitors:
        monitor = monitors.get(name)
        if isinstance(monitor, Mapping) and isinstance(monitor["last"], Mapping):
            last[name] = monitor["last"]
    return last


def read_report(eco: Ecosystem, name: str | None) -> Report:
    """The health of the whole, every dataset that was built and every model that was trained; or
    those of a name.

    Raises:
        ConfigValueError: no dataset or model has the name.
        MesocosmError: nothing of it was built.
    """
    from mesocosm.reports.health import measure_health

    health = None
    if name is None:
        health = Health.from_json(measure_health(eco.spec, eco.catalog))
    datasets = _read_dataset_reports(eco, name)
    models = _read_model_reports(eco, name)
    if not datasets and not models:
        if name is None:
            raise MesocosmError(Message("api.nothing_built"))
        _check_name(eco, name)
        raise MesocosmError(Message("api.not_built", name=name))
    return Report(eco.spec.eco.ecosystem, datasets, models, health)


def _check_name(eco: Ecosystem, name: str) -> None:
    """Refuse a name that no dataset or model has.

    Raises:
        ConfigValueError: with the nearest name.
    """
    from mesocosm.lifecycle.file_datasets import resolve_datasets

    names = list(dict.fromkeys([*resolve_datasets(eco.spec), *eco.spec.eco.models]))
    if name not in names:
        found = Message("api.nothing_named", name=name[:60])
        raise ConfigValueError("", found, Message("api.one_of_choices"), names, name)


def _read_dataset_reports(eco: Ecosystem, name: str | None) -> dict[str, DatasetReport]:
    """What is reported of each dataset that was built, or of that of a name."""
    from mesocosm.lifecycle.file_datasets import resolve_datasets

    datasets: dict[str, DatasetReport] = {}
    for dataset in resolve_datasets(eco.spec):
        snapshot = eco.catalog.snapshot(dataset=dataset)
        if snapshot and name in (None, dataset):
            training = snapshot["facts"]["training"]
            datasets[dataset] = DatasetReport.from_json({**snapshot, "training": training})
    return datasets


def _read_model_reports(eco: Ecosystem, name: str | None) -> dict[str, ModelReport]:
    """What is reported of each model that was trained, or of that of a name."""
    from mesocosm.reports.described_version import choose_reported_version

    models: dict[str, ModelReport] = {}
    for model in eco.spec.eco.models:
        if name not in (None, model):
            continue
        version = choose_reported_version(eco.spec, eco.catalog, model)
        if version:
            models[model] = ModelReport.from_json(version)
    return models


def check_integrity(eco: Ecosystem) -> IntegrityReport:
    """Hash every listed version again, read every snapshot's files, verify the audit's chain; list
    the installed plugins.
    """
    from mesocosm.app.installed_plugins import list_plugins
    from mesocosm.lifecycle.access.integrity import find_damage

    results = _check_artifacts(eco)
    faults = [fault for fault in results if fault]
    rebuilt = find_damage(eco.spec, eco.catalog)
    for address, fault in rebuilt.items():
        if not any(fault in known for known in faults):
            faults.append(f"{address}: {fault}")
    line = eco.catalog.verify_audit()
    if line is not None:
        faults.append(f"audit line {line} was edited")
    plugins = tuple(InstalledPlugin.from_json(known.as_json()) for known in list_plugins())
    return IntegrityReport(len(results), tuple(faults), tuple(sorted(rebuilt)), plugins)


def _check_artifacts(eco: Ecosystem) -> list[str | None]:
    """What is damaged in each version and snapshot that is listed; None where it is intact."""
    from mesocosm.lifecycle.access.integrity import Integrity
    from mesocosm.lifecycle.file_datasets import resolve_datasets

    integrity = Integrity(eco.spec.root / ".mesocosm", thorough=True)
    results: list[str | None] = []
    for model in eco.spec.eco.models:
        results += [integrity.check_version(version) for version in eco.catalog.versions(model)]
    for dataset in resolve_datasets(eco.spec):
        snapshots = eco.catalog.snapshots(dataset)
        results += [integrity.check_snapshot(snapshot) for snapshot in snapshots]
    integrity.save()
    return results


def check_export(kind: str, settings: Sequence[str]) -> None:
    """Refuse an export that does not exist, and settings of one that has none.

    Raises:
        ConfigValueError: with the choices.
    """
    from mesocosm.app.deploy import EXPORTS
    from mesocosm.world.export import MODELS

    if kind not in EXPORTS and kind not in MODELS:
        raise ConfigValueError(
            "",
            Message("api.no_export", kind=kind),
            Message("api.one_of_choices"),
            [*EXPORTS, *MODELS],
            kind,
        )
    if kind in MODELS and settings:
        raise ConfigValueError(
            "--set",
            Message("api.got", value=settings[0][:60]),
            Message("api.export_without_settings", kind=kind),
        )


def write_export(eco: Ecosystem, kind: str, folder: Path, settings: Sequence[str]) -> Export:
    """Write the files of an export; other files of the folder stay as they are."""
    check_export(kind, settings)
    if folder.exists() and not folder.is_dir():
        raise MesocosmError(Message("api.folder_is_file", folder=str(folder)))
    files = _render_export(eco, kind, settings)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Export(kind, str(folder), tuple(sorted(files)))


def _render_export(eco: Ecosystem, kind: str, settings: Sequence[str]) -> dict[str, str | bytes]:
    """The files of an export by name.

    Raises:
        ConfigValueError: the export has no such setting.
    """
    from mesocosm.app.bundle import configure_exporter, describe_deployment
    from mesocosm.app.deploy import EXPORTS
    from mesocosm.app.world.scene_state import export_world

    if kind in EXPORTS:
        exporter = configure_exporter(EXPORTS[kind], list(settings))
        return dict(exporter.files(describe_deployment(eco.spec)))
    return export_world(eco.spec, eco.catalog, kind)
