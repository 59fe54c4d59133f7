"""Lineage as OpenLineage events: sources to snapshots column by column, snapshots to model
versions.

Knows catalog records and the OpenLineage client's types. Sends nothing; no value of a row is in an
event.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import SnapshotReport
from mesocosm.catalog.rows import SnapshotRow, VersionRow
from mesocosm.config import Spec
from mesocosm.config.migrations.rename import rename_data
from mesocosm.core.records import Json, JsonObject
from mesocosm.core.values.json_shapes import list_objects, list_texts, read_object, read_text
from mesocosm.core.values.shown_units import show_unit
from mesocosm.data.dataset import Dataset
from mesocosm.lifecycle.file_datasets import resolve_datasets

if TYPE_CHECKING:
    from openlineage.client.event_v2 import InputDataset, OutputDataset, RunEvent
    from openlineage.client.facet_v2 import DatasetFacet, column_lineage_dataset

    Facets = dict[str, DatasetFacet]

PRODUCER = "https://github.com/mesocosm/mesocosm"
# namespace of run ids, so that the run of one version always has the same
RUNS = uuid.UUID("6f6c7f53-97c4-4f1c-9a51-0d6f0ad4a8b1")
FILE = "ecosystem.yaml"  # where tags are from
LONGEST = 2000  # characters of a version
Columns = Mapping[str, list[str]]


def build_events(spec: Spec, catalog: Catalog) -> Iterator[str]:
    """One COMPLETE event as JSON for each snapshot and each model version, oldest first.

    Source: OpenLineage 2-0-2, https://openlineage.io/spec/2-0-2/OpenLineage.json
    """
    from openlineage.client import set_producer
    from openlineage.client.serde import Serde

    set_producer(PRODUCER)
    for _, event in sorted(_date_events(spec, catalog), key=lambda pair: pair[0]):
        yield _in_its_letters(Serde.to_json(event))


def _in_its_letters(event: str) -> str:
    """The event with names as the file has them, not as numbers of their letters; as it is where a
    name is no text, such as that of a file with bytes of no encoding.

    >>> _in_its_letters('{"name": "\\\\u610f\\\\u56fe"}')
    '{"name": "意图"}'
    """
    text = json.dumps(json.loads(event), ensure_ascii=False)
    return text if _is_text(text) else event


def _is_text(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _date_events(spec: Spec, catalog: Catalog) -> Iterator[tuple[float, RunEvent]]:
    """The events, each with when it was."""
    for name in resolve_datasets(spec):
        for snapshot in catalog.snapshots(name):
            yield snapshot["at"], _snapshot_event(spec, snapshot)
    for name in spec.eco.models:
        for trained in catalog.versions(name):
            yield trained["at"], _version_event(spec, trained)


def _space(spec: Spec) -> str:
    return f"mesocosm://{spec.eco.ecosystem}"


@dataclass(frozen=True)
class _Work:
    """What an event tells of: a job by its kind and name, what identifies the run, and when it
    ended.
    """

    kind: str
    name: str
    ident: str
    at: float


def _event(
    spec: Spec, work: _Work, inputs: Sequence[InputDataset], outputs: Sequence[OutputDataset]
) -> RunEvent:
    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import job_type_job, processing_engine_run

    own = version("mesocosm")
    engine = processing_engine_run.ProcessingEngineRunFacet(
        version=own, name="mesocosm", openlineageAdapterVersion=own
    )
    job = Job(
        _space(spec),
        f"{work.kind}.{work.name}",
        {
            "jobType": job_type_job.JobTypeJobFacet(
                processingType="BATCH", integration="MESOCOSM", jobType=work.kind.upper()
            )
        },
    )
    run = Run(str(uuid.uuid5(RUNS, work.ident)), {"processing_engine": engine})
    when = datetime.fromtimestamp(work.at, UTC).isoformat()
    return RunEvent(
        eventType=RunState.COMPLETE,
        eventTime=when,
        run=run,
        job=job,
        producer=PRODUCER,
        inputs=list(inputs),
        outputs=list(outputs),
    )


def _snapshot_event(spec: Spec, snapshot: SnapshotRow) -> RunEvent:
    """The build of a snapshot from its sources."""
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import output_statistics_output_dataset as output

    space, name = _space(spec), snapshot["dataset"]
    facets = _snapshot_facets(space, snapshot)
    if name in spec.eco.datasets:
        facets |= _governance_facets(spec.eco.datasets[name])
    rows = output.OutputStatisticsOutputDatasetFacet(rowCount=snapshot["account"]["kept"])
    built = OutputDataset(
        space, f"datasets.{name}", facets=facets, outputFacets={"outputStatistics": rows}
    )
    inputs = _source_inputs(space, snapshot)
    ident = f"{space} {snapshot['id']}"
    return _event(spec, _Work("govern", name, ident, snapshot["at"]), inputs, [built])


def _source_inputs(space: str, snapshot: SnapshotRow) -> list[InputDataset]:
    """The sources of a snapshot: their columns, the fingerprints of their files, and their origin
    and licence.
    """
    from openlineage.client.event_v2 import InputDataset
    from openlineage.client.facet_v2 import dataset_version_dataset as versions
    from openlineage.client.facet_v2 import schema_dataset as schema

    files = sorted(f"{file} {content}" for file, content in snapshot["files"].items())
    contents = "; ".join(files)[:LONGEST]
    origins = snapshot["report"].get("origins", {})
    inputs = []
    for source, names in snapshot["report"].get("columns", {}).items():
        fields = [schema.SchemaDatasetFacetFields(name=name) for name in names]
        facets: Facets = {
            "schema": schema.SchemaDatasetFacet(fields=fields),
            "version": versions.DatasetVersionDatasetFacet(datasetVersion=contents),
        }
        facets |= _origin_facets(origins.get(source, {}))
        inputs.append(InputDataset(space, _address_of(source, snapshot["report"]), facets=facets))
    return inputs


def _address_of(source: str, report: SnapshotReport) -> str:
    """The address of what a snapshot was made from: a source, or another dataset."""
    origins = report.get("origins")
    if origins is None or source in origins:
        return f"sources.{source}"
    return f"datasets.{source}"


def _columns_by_address(report: SnapshotReport) -> Columns:
    """The columns that a snapshot was made from, by the address of what has them."""
    return {
        _address_of(source, report): names for source, names in report.get("columns", {}).items()
    }


def _origin_facets(origin: Mapping[str, str | None]) -> Facets:
    """The origin and the licence of a source, as far as they are stated."""
    from openlineage.client.facet_v2 import tags_dataset as tags

    marks = []
    for key in ("origin", "licence"):
        value = origin.get(key)
        if value:
            marks.append(tags.TagsDatasetFacetFields(key=key, value=value, source=FILE))
    if not marks:
        return {}
    return {"tags": tags.TagsDatasetFacet(tags=marks)}


def _snapshot_facets(space: str, snapshot: SnapshotRow) -> Facets:
    """The schema, the version, the lineage of the columns and the quality of a snapshot."""
    from openlineage.client.facet_v2 import data_quality_metrics_dataset as quality
    from openlineage.client.facet_v2 import dataset_version_dataset as versions
    from openlineage.client.facet_v2 import schema_dataset as schema

    recipe, report = _recipe_of_now(snapshot["recipe"]), snapshot["report"]
    fields = [
        schema.SchemaDatasetFacetFields(
            name=name, type=str(field["type"]), description=read_text(field.get("about")) or None
        )
        for name, field in _fields_of(recipe).items()
    ]
    metrics = {
        name: quality.ColumnMetrics(
            nullCount=profile["missing"],
            distinctCount=profile["distinct"],
            count=float(profile["rows"] - profile["missing"]),
        )
        for name, profile in report["after"].items()
    }
    rows = snapshot["account"]["kept"]
    return {
        "schema": schema.SchemaDatasetFacet(fields=fields),
        "version": versions.DatasetVersionDatasetFacet(datasetVersion=snapshot["id"]),
        "columnLineage": _column_lineage(space, recipe, _columns_by_address(report)),
        "dataQualityMetrics": quality.DataQualityMetricsDatasetFacet(
            columnMetrics=metrics, rowCount=rows
        ),
    }


def _governance_facets(data: Dataset) -> Facets:
    """The owner, the description and the classification that the file gives a dataset."""
    from openlineage.client.facet_v2 import documentation_dataset as about
    from openlineage.client.facet_v2 import ownership_dataset as owner
    from openlineage.client.facet_v2 import tags_dataset as tags

    facets: Facets = {}
    if data.owner:
        owners = [owner.Owner(name=data.owner, type="OWNER")]
        facets["ownership"] = owner.OwnershipDatasetFacet(owners=owners)
    purpose = data.purpose and f"Purpose: {data.purpose}."
    description = " ".join(filter(None, (data.about, purpose)))
    if description:
        facets["documentation"] = about.DocumentationDatasetFacet(description=description)
    if data.classification:
        mark = tags.TagsDatasetFacetFields(
            key="classification", value=data.classification, source=FILE
        )
        facets["tags"] = tags.TagsDatasetFacet(tags=[mark])
    return facets


def _column_lineage(
    space: str, recipe: JsonObject, columns: Columns
) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    """Which columns of which sources each field is made of, and how; what decides about rows is
    under `dataset`.
    """
    from openlineage.client.facet_v2 import column_lineage_dataset as lineage

    fields, repairs = _fields_of(recipe), _repair_inputs(recipe)
    reads = lineage.Transformation(
        type="INDIRECT", subtype="CONDITIONAL", description="a step reads it"
    )
    found = {}
    for name, field in fields.items():
        direct = lineage.Transformation(
            type="DIRECT",
            subtype="TRANSFORMATION",
            description=_describe_steps(field),
            masking=bool(field.get("private")),
        )
        inputs = _column_inputs(space, fields, columns, name, direct)
        for other in _read_fields(field, repairs.get(name, [])):
            if other in fields:
                inputs += _column_inputs(space, fields, columns, other, reads)
        found[name] = lineage.Fields(inputFields=inputs)
    deciding: list[column_lineage_dataset.InputField] = []
    filters = lineage.Transformation(type="INDIRECT", subtype="FILTER", description="duplicates")
    for name in _deciding_fields(recipe):
        deciding += _column_inputs(space, fields, columns, name, filters)
    return lineage.ColumnLineageDatasetFacet(fields=found, dataset=deciding)


def _column_inputs(
    space: str,
    fields: Mapping[str, JsonObject],
    columns: Columns,
    field: str,
    how: column_lineage_dataset.Transformation,
) -> list[column_lineage_dataset.InputField]:
    """The columns of sources that a field reads."""
    from openlineage.client.facet_v2 import column_lineage_dataset as lineage

    column = read_text(fields[field].get("column")) or field
    addresses = [address for address, names in columns.items() if column in names]
    return [lineage.InputField(space, address, column, [how]) for address in addresses]


def _recipe_of_now(recipe: Mapping[str, object]) -> JsonObject:
    """A snapshot's settings in the words of now, whichever release stored them."""
    return read_object(rename_data({"datasets": {"it": recipe}})["datasets"]["it"])


def _fields_of(recipe: JsonObject) -> dict[str, JsonObject]:
    """The settings of each field."""
    return {name: read_object(field) for name, field in read_object(recipe["fields"]).items()}


def _repair_inputs(recipe: JsonObject) -> dict[str, list[str]]:
    """The fields that repairs of each field read."""
    inputs: dict[str, list[str]] = {}
    for repair in list_objects(recipe.get("repairs")):
        target = read_text(repair.get("to")) or ""
        inputs.setdefault(target, []).extend(_list_names(repair.get("from")))
    return inputs


def _list_names(names: Json) -> list[str]:
    """One name or several as a list."""
    if isinstance(names, str):
        return [names]
    return list_texts(names)


def _read_fields(field: JsonObject, repairs: Sequence[str]) -> list[str]:
    """The other fields that the steps of a field read, each once."""
    missing, outliers = read_object(field.get("missing")), read_object(field.get("outliers"))
    others = [missing.get("by"), outliers.get("by"), missing.get("order"), *repairs]
    return list(dict.fromkeys(other for other in others if isinstance(other, str)))


def _deciding_fields(recipe: JsonObject) -> Iterable[str]:
    """The fields by which rows are duplicates."""
    if not recipe.get("duplicates"):
        return ()
    by = read_object(recipe["duplicates"])["by"]
    if by == "row":
        return read_object(recipe["fields"])
    return list_texts(by)


def _describe_steps(field: JsonObject) -> str:
    """What the steps of a field do, in words."""
    read = f"read as {field['type']}"
    if field.get("unit"):
        read += f" in {show_unit(str(field['unit']))}"
    steps = [read]
    outliers = read_object(field.get("outliers"))
    missing = read_object(field.get("missing")).get("method", "keep")
    if outliers:
        steps.append(f"outliers by {outliers['method']}, {outliers.get('action', 'clip')}")
    if missing != "keep":
        steps.append(f"missing by {missing}")
    if field.get("private"):
        steps.append(f"hidden by {read_object(field['private'])['method']}")
    return "; ".join(steps)


def _version_event(spec: Spec, version: VersionRow) -> RunEvent:
    """The training of a version on its snapshot."""
    from openlineage.client.event_v2 import InputDataset, OutputDataset
    from openlineage.client.facet_v2 import dataset_version_dataset as versions

    space, model = _space(spec), version["model"]
    dataset = version["snapshot"].split("@")[0]
    of_input = versions.DatasetVersionDatasetFacet(datasetVersion=version["snapshot"])
    of_output = versions.DatasetVersionDatasetFacet(datasetVersion=version["id"])
    read = InputDataset(space, f"datasets.{dataset}", facets={"version": of_input})
    trained = OutputDataset(space, f"models.{model}", facets={"version": of_output})
    ident = f"{space} {version['id']}"
    return _event(spec, _Work("learn", model, ident, version["at"]), [read], [trained])
