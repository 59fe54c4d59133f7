"""Lineage as OpenLineage events: sources to snapshots column by column, snapshots to model
versions.

Knows catalog records and the OpenLineage client's types. Sends nothing; no value of a row is in an
event.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.config.migrations.rename import rename_data
from mesocosm.data.dataset import Dataset
from mesocosm.lifecycle.file_datasets import resolve_datasets

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
    dated: list[tuple[float, Any]] = []
    for name in resolve_datasets(spec):
        dated += [(s["at"], _snapshot_event(spec, s)) for s in catalog.snapshots(name)]
    for name in spec.eco.models:
        dated += [(v["at"], _version_event(spec, v)) for v in catalog.versions(name)]
    for _, event in sorted(dated, key=lambda pair: pair[0]):
        yield Serde.to_json(event)


def _space(spec: Spec) -> str:
    return f"mesocosm://{spec.eco.ecosystem}"


def _event(
    spec: Spec, kind: str, name: str, ident: str, at: float, inputs: list[Any], outputs: list[Any]
) -> Any:
    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import job_type_job, processing_engine_run

    own = version("mesocosm")
    engine = processing_engine_run.ProcessingEngineRunFacet(
        version=own, name="mesocosm", openlineageAdapterVersion=own
    )
    job = Job(
        _space(spec),
        f"{kind}.{name}",
        {
            "jobType": job_type_job.JobTypeJobFacet(
                processingType="BATCH", integration="MESOCOSM", jobType=kind.upper()
            )
        },
    )
    run = Run(str(uuid.uuid5(RUNS, ident)), {"processing_engine": engine})
    when = datetime.fromtimestamp(at, UTC).isoformat()
    return RunEvent(
        eventType=RunState.COMPLETE,
        eventTime=when,
        run=run,
        job=job,
        producer=PRODUCER,
        inputs=inputs,
        outputs=outputs,
    )


def _snapshot_event(spec: Spec, snapshot: Mapping[str, Any]) -> Any:
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
    return _event(spec, "govern", name, ident, snapshot["at"], inputs, [built])


def _source_inputs(space: str, snapshot: Mapping[str, Any]) -> list[Any]:
    """The sources of a snapshot: their columns, the fingerprints of their files, and their origin
    and licence.
    """
    from openlineage.client.event_v2 import InputDataset
    from openlineage.client.facet_v2 import dataset_version_dataset as versions
    from openlineage.client.facet_v2 import schema_dataset as schema
    from openlineage.client.facet_v2 import tags_dataset as tags

    files = sorted(f"{file} {content}" for file, content in snapshot["files"].items())
    contents = "; ".join(files)[:LONGEST]
    origins = snapshot["report"].get("origins", {})
    inputs = []
    for source, names in snapshot["report"].get("columns", {}).items():
        fields = [schema.SchemaDatasetFacetFields(name=name) for name in names]
        facets: dict[str, Any] = {
            "schema": schema.SchemaDatasetFacet(fields=fields),
            "version": versions.DatasetVersionDatasetFacet(datasetVersion=contents),
        }
        origin = origins.get(source, {})
        marks = [
            tags.TagsDatasetFacetFields(key=key, value=origin[key], source=FILE)
            for key in ("origin", "licence")
            if origin.get(key)
        ]
        if marks:
            facets["tags"] = tags.TagsDatasetFacet(tags=marks)
        inputs.append(InputDataset(space, f"sources.{source}", facets=facets))
    return inputs


def _snapshot_facets(space: str, snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """The schema, the version, the lineage of the columns and the quality of a snapshot."""
    from openlineage.client.facet_v2 import data_quality_metrics_dataset as quality
    from openlineage.client.facet_v2 import dataset_version_dataset as versions
    from openlineage.client.facet_v2 import schema_dataset as schema

    recipe, report = _recipe_of_now(snapshot["recipe"]), snapshot["report"]
    fields = [
        schema.SchemaDatasetFacetFields(
            name=name, type=field["type"], description=field.get("about") or None
        )
        for name, field in recipe["fields"].items()
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
        "columnLineage": _column_lineage(space, recipe, report.get("columns", {})),
        "dataQualityMetrics": quality.DataQualityMetricsDatasetFacet(
            columnMetrics=metrics, rowCount=rows
        ),
    }


def _governance_facets(data: Dataset) -> dict[str, Any]:
    """The owner, the description and the classification that the file gives a dataset."""
    from openlineage.client.facet_v2 import documentation_dataset as about
    from openlineage.client.facet_v2 import ownership_dataset as owner
    from openlineage.client.facet_v2 import tags_dataset as tags

    facets: dict[str, Any] = {}
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


def _column_lineage(space: str, recipe: Mapping[str, Any], columns: Columns) -> Any:
    """Which columns of which sources each field is made of, and how; what decides about rows is
    under `dataset`.
    """
    from openlineage.client.facet_v2 import column_lineage_dataset as lineage

    fields, repairs = recipe["fields"], _repair_inputs(recipe)
    reads = lineage.Transformation(
        type="INDIRECT", subtype="CONDITIONAL", description="a step reads it"
    )
    found = {}
    for name, field in fields.items():
        direct = lineage.Transformation(
            type="DIRECT",
            subtype="TRANSFORMATION",
            description=_steps(field),
            masking=bool(field.get("private")),
        )
        inputs = _column_inputs(space, fields, columns, name, direct)
        for other in _read_fields(field, repairs.get(name, [])):
            if other in fields:
                inputs += _column_inputs(space, fields, columns, other, reads)
        found[name] = lineage.Fields(inputFields=inputs)
    deciding: list[Any] = []
    filters = lineage.Transformation(type="INDIRECT", subtype="FILTER", description="duplicates")
    for name in _deciding_fields(recipe):
        deciding += _column_inputs(space, fields, columns, name, filters)
    return lineage.ColumnLineageDatasetFacet(fields=found, dataset=deciding)


def _column_inputs(
    space: str, fields: Mapping[str, Any], columns: Columns, field: str, how: Any
) -> list[Any]:
    """The columns of sources that a field reads."""
    from openlineage.client.facet_v2 import column_lineage_dataset as lineage

    column = fields[field].get("column") or field
    sources = [source for source, names in columns.items() if column in names]
    return [lineage.InputField(space, f"sources.{source}", column, [how]) for source in sources]


def _recipe_of_now(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A snapshot's settings in the words of now, whichever release stored them."""
    return dict(rename_data({"datasets": {"it": recipe}})["datasets"]["it"])


def _repair_inputs(recipe: Mapping[str, Any]) -> dict[str, list[str]]:
    """The fields that repairs of each field read."""
    inputs: dict[str, list[str]] = {}
    for repair in recipe.get("repairs", []):
        others = repair.get("from") or []
        if isinstance(others, str):
            others = [others]
        inputs.setdefault(repair.get("to") or "", []).extend(others)
    return inputs


def _read_fields(field: Mapping[str, Any], repairs: Sequence[str]) -> list[str]:
    """The other fields that the steps of a field read, each once."""
    missing, outliers = field.get("missing", {}), field.get("outliers") or {}
    others = [missing.get("by"), outliers.get("by"), missing.get("order"), *repairs]
    return list(dict.fromkeys(other for other in others if isinstance(other, str)))


def _deciding_fields(recipe: Mapping[str, Any]) -> Iterable[str]:
    """The fields by which rows are duplicates."""
    if not recipe.get("duplicates"):
        return ()
    by: Iterable[str] = recipe["duplicates"]["by"]
    if by == "row":
        by = recipe["fields"]
    return by


def _steps(field: Mapping[str, Any]) -> str:
    """What the steps of a field do, in words."""
    read = f"read as {field['type']}"
    if field.get("unit"):
        read += f" in {field['unit']}"
    steps = [read]
    outliers, missing = field.get("outliers"), field.get("missing", {}).get("method", "keep")
    if outliers:
        steps.append(f"outliers by {outliers['method']}, {outliers.get('action', 'clip')}")
    if missing != "keep":
        steps.append(f"missing by {missing}")
    if field.get("private"):
        steps.append(f"hidden by {field['private']['method']}")
    return "; ".join(steps)


def _version_event(spec: Spec, version: Mapping[str, Any]) -> Any:
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
    return _event(spec, "learn", model, ident, version["at"], [read], [trained])
