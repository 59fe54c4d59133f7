"""From a file to its resources, in an order where each comes after what it needs.

Knows the grammar, and which settings are hashed into a build and which only into its operation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel

from mesocosm.config import Spec
from mesocosm.config.model_tasks import find_model_task
from mesocosm.core.errors import ConfigError, ConfigValueError, Finding, Place, RetryableError
from mesocosm.core.hashing import digest
from mesocosm.core.records import Json
from mesocosm.core.values.json_shapes import read_object
from mesocosm.core.written_settings import mark_plugins, written_settings
from mesocosm.data.dataset import GOVERNING, Dataset
from mesocosm.data.privacy.redact import Redact
from mesocosm.learning.base_models.base import locate_base
from mesocosm.learning.importers.onnx import ImportedModel
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO, Auto
from mesocosm.lifecycle.chains import address_of, in_build_order
from mesocosm.lifecycle.file_datasets import REVISIONS, resolve_datasets
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.lifecycle.resource import Resource
from mesocosm.lifecycle.review.before_build.source_checks import (
    find_ambiguous_joins,
    find_broken_contract,
)
from mesocosm.serving.settings import Service

RUNNING = ("require", "about", "track")  # settings of a model that train nothing again


def list_resources(spec: Spec) -> list[Resource]:
    """Every resource of a file, in order.

    Raises:
        ConfigError: a source cannot be read, breaks its contract, or a join is ambiguous.
    """
    sources = _source_resources(spec)
    datasets = resolve_datasets(spec)
    build_settings = {source.name: source.made_by for source in sources}
    if ambiguous := find_ambiguous_joins(spec, datasets, build_settings):
        raise ConfigError(ambiguous)
    return [
        *sources,
        *(_dataset_resource(spec, name, data) for name, data in in_build_order(spec, datasets)),
        *(_model_resource(spec, name, model) for name, model in _ordered_models(spec)),
        *(_service_resource(spec, name, service) for name, service in spec.eco.services.items()),
        *_monitor_resources(spec),
        *_world_resources(spec),
    ]


def _source_resources(spec: Spec) -> list[Resource]:
    """The sources, each with the fingerprint of its content.

    Raises:
        ConfigError: with one finding for each source that cannot be read or breaks its contract.
    """
    listed: list[Resource] = []
    findings: list[Finding] = []
    for name in spec.eco.sources:
        try:
            resource = _source_resource(spec, name)
            findings += find_broken_contract(spec, name, resource.made_by)
        except (ConfigValueError, RetryableError) as error:
            findings.append(_source_finding(spec, name, error))
            continue
        listed.append(resource)
    if findings:
        raise ConfigError(findings)
    return listed


def _source_resource(spec: Spec, name: str) -> Resource:
    """A source with the fingerprint of its content.

    Raises:
        ConfigValueError: it cannot be read.
        RetryableError: it cannot be read now.
    """
    source = spec.eco.sources[name]
    settings = source.made_of() | {"content": source.fingerprint(locate_project(spec))}
    run: dict[str, object] = {}
    if source.owner:
        run["owner"] = source.owner
    contract = source.contract and written_settings(source.contract)
    if contract:
        run["contract"] = contract
    return Resource(f"sources.{name}", spec.place("sources", name), (), settings, run)


def _source_finding(spec: Spec, name: str, error: ConfigValueError | RetryableError) -> Finding:
    """An error of a source as a finding at the line of the setting that it names."""
    address, place = f"sources.{name}", spec.place("sources", name)
    if isinstance(error, RetryableError):
        return ConfigValueError("", str(error)).at(place, address)
    if error.key and "." not in error.key:
        place = spec.place("sources", name, error.key, key=False)
    return error.at(place, address)


def _dataset_resource(spec: Spec, name: str, data: Dataset) -> Resource:
    section = "sources"  # a source that a service answers from directly
    if name in spec.eco.datasets:
        section = "datasets"
    revision = _govern_revisions(data)
    made = written_settings(data, GOVERNING) | revision | mark_plugins(data)
    made["fields"] = _without_descriptions(made["fields"])
    recipe = _dump(data, set(GOVERNING)) | revision
    needs = tuple(address_of(spec, source) for source in dict.fromkeys(data.all_sources))
    run = _select(written_settings(data), ("about", *GOVERNING))
    return Resource(f"datasets.{name}", spec.place(section, name), needs, made, run, recipe)


def _govern_revisions(data: Dataset) -> dict[str, Json]:
    """The revisions of the code that governs a dataset; that of redaction only where it redacts."""
    revisions: dict[str, Json] = {"revision": REVISIONS["govern"]}
    if any(isinstance(field.private, Redact) for field in data.fields.values()):
        revisions["redaction"] = REVISIONS["redact"]
    return revisions


def _without_descriptions(fields: Json) -> Json:
    """Fields without what only describes them."""
    listed = read_object(fields)
    return {name: _without_description(field) for name, field in listed.items()}


def _without_description(field: Json) -> Json:
    return {key: value for key, value in read_object(field).items() if key != "about"}


def _ordered_models(spec: Spec) -> list[tuple[str, Model]]:
    """The models, those that others start from first."""
    return sorted(spec.eco.models.items(), key=lambda item: item[1].init_from is not None)


def _model_resource(spec: Spec, name: str, model: Model) -> Resource:
    needs = [f"datasets.{dataset}" for dataset in dict.fromkeys(_list_datasets(model))]
    if model.init_from:
        needs.append(f"models.{model.init_from}")
    run = _select(written_settings(model), RUNNING)
    place = spec.place("models", name)
    return Resource(f"models.{name}", place, tuple(needs), collect_build_settings(spec, name), run)


def _list_datasets(model: Model) -> Iterator[str]:
    """The datasets that a model reads."""
    yield model.dataset
    if model.pretrain and model.pretrain.dataset:
        yield model.pretrain.dataset
    if model.own_task and model.own_task.lookup:
        yield model.own_task.lookup.dataset


def _service_resource(spec: Spec, name: str, service: Service) -> Resource:
    needs = [f"models.{model}" for model in (service.model, service.fallback) if model]
    answers = None
    if service.answers:
        answers = service.answers.dataset
        needs.append(f"datasets.{answers}")
    made = {"model": service.model, "answers": answers}
    place = spec.place("services", name)
    return Resource(f"services.{name}", place, tuple(needs), made, written_settings(service))


def _monitor_resources(spec: Spec) -> Iterator[Resource]:
    for name, monitor in spec.eco.monitors.items():
        place, needs = spec.place("monitors", name), (f"services.{monitor.service}",)
        made = {"service": monitor.service}
        run = written_settings(monitor) | mark_plugins(monitor)
        yield Resource(f"monitors.{name}", place, needs, made, run)


def _world_resources(spec: Spec) -> Iterator[Resource]:
    world = spec.eco.world
    for name, spot in world.places.items():
        place, needs = spec.place("world", "places", name), (f"services.{spot.service}",)
        yield Resource(
            f"places.{name}", place, needs, {"service": spot.service}, written_settings(spot)
        )
    run = {"style": world.style} | _select(written_settings(world), ("elements",))
    run |= mark_plugins(world)
    yield Resource("world", spec.place("world"), (), {"seed": world.seed}, run)


def collect_build_settings(spec: Spec, name: str) -> dict[str, Json]:
    """The settings, base model and code revision that a model is built from; the model is trained
    again where one of them changes.
    """
    model = spec.eco.models[name]
    made = written_settings(model, RUNNING) | {
        "revision": REVISIONS["learn"],
        "weights": _fingerprint_base(spec, name, model.base),
    }
    task = find_model_task(spec.eco, model)
    made |= mark_plugins(model, type(task))
    if model.image_base:
        made["sight"] = _fingerprint_base(spec, name, model.image_base, "image_base")
    if spec.eco.datasets[model.dataset].split.group:
        made["left_out"] = "by group"
    return made


def _select(settings: Mapping[str, object], keys: Collection[str]) -> dict[str, object]:
    return {key: value for key, value in settings.items() if key in keys}


def _dump(settings: BaseModel, without: set[str] | None = None) -> dict[str, object]:
    return dict(settings.model_dump(mode="json", by_alias=True, exclude=without or set()))


def _fingerprint_base(
    spec: Spec, name: str, base: str | ImportedModel | None, key: str = "base"
) -> str | None:
    """What tells a base model from another: the names and sizes of its files; a hub id stands for
    itself, an imported model for its bytes.
    """
    if not base:
        return None
    if base == AUTO:
        others = _candidate_bases(spec.eco.models[name])
        return digest(*(_fingerprint_base(spec, name, other, key) for other in others))
    try:
        return _fingerprint_content(spec, base)
    except ConfigValueError as wrong:
        place: Place = spec.place("models", name, key, key=False)
        raise ConfigError([wrong.at(place, f"models.{name}")]) from wrong


def _fingerprint_content(spec: Spec, base: str | ImportedModel) -> str:
    """The bytes of an imported model, the files of a base model, or its hub id.

    Raises:
        ConfigValueError: it is none of these.
    """
    if isinstance(base, ImportedModel):
        return base.content(spec.root)
    folder = _local_base(spec, base)
    if folder is None:
        return base
    return _fingerprint_files(folder)


def _candidate_bases(model: Model) -> Iterator[str]:
    """The bases that automatic selection tries."""
    from mesocosm.learning.base_models import installed_encoders

    yield from installed_encoders()
    yield from (model.auto or Auto()).bases


def _fingerprint_files(folder: Path) -> str:
    """A fingerprint of the names and sizes of a folder's files, or of one file."""
    files = [folder]
    if not folder.is_file():
        files = list(folder.glob("*"))
    return digest(sorted((file.name, file.stat().st_size) for file in files if file.is_file()))


def _local_base(spec: Spec, base: str) -> Path | None:
    """The file or folder of a base model; None where it is a hub id.

    Raises:
        ConfigValueError: it is neither.
    """
    from mesocosm.learning.base_models.base import canonical_hub_id, is_local_base

    if is_local_base(base, spec.root):
        return locate_base(base, spec.root)[0]
    if "/" not in base and not canonical_hub_id(base):
        locate_base(base, spec.root)  # raises with the bases that there are
    return None
