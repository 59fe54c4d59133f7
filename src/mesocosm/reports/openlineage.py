"""Lineage as OpenLineage events: sources to snapshots column by column, snapshots to model
versions.

Knows catalog records and the OpenLineage client's types. Sends nothing; no value of a row is in an
event.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.lifecycle.file_datasets import datasets_of

PRODUCER = "https://github.com/mesocosm/mesocosm"
ROOM = uuid.UUID(
    "6f6c7f53-97c4-4f1c-9a51-0d6f0ad4a8b1"
)  # namespace of run ids, so that one version always bears one


def events(spec: Spec, catalog: Catalog) -> Iterator[str]:
    """One COMPLETE event as JSON for each snapshot and each model version, oldest first.

    Source: OpenLineage 2-0-2, https://openlineage.io/spec/2-0-2/OpenLineage.json
    """
    from openlineage.client import set_producer
    from openlineage.client.serde import Serde

    set_producer(PRODUCER)
    made = [
        (s["at"], _snapshot(spec, s)) for name in datasets_of(spec) for s in catalog.snapshots(name)
    ]
    made += [
        (v["at"], _version(spec, catalog, v))
        for name in spec.eco.models
        for v in catalog.versions(name)
    ]
    for _, event in sorted(made, key=lambda pair: pair[0]):
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
    run = Run(str(uuid.uuid5(ROOM, ident)), {"processing_engine": engine})
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


def _snapshot(spec: Spec, snapshot: Mapping[str, Any]) -> Any:
    from openlineage.client.event_v2 import InputDataset, OutputDataset
    from openlineage.client.facet_v2 import data_quality_metrics_dataset as quality
    from openlineage.client.facet_v2 import dataset_version_dataset as versions
    from openlineage.client.facet_v2 import documentation_dataset as about
    from openlineage.client.facet_v2 import output_statistics_output_dataset as output
    from openlineage.client.facet_v2 import ownership_dataset as owner
    from openlineage.client.facet_v2 import schema_dataset as schema
    from openlineage.client.facet_v2 import tags_dataset as tags

    recipe, report, space = snapshot["recipe"], snapshot["report"], _space(spec)
    columns: dict[str, list[str]] = report.get("columns", {})
    inputs = []
    for source, names in columns.items():
        told = report.get("origins", {}).get(source, {})
        facets: dict[str, Any] = {
            "schema": schema.SchemaDatasetFacet(
                fields=[schema.SchemaDatasetFacetFields(name=n) for n in names]
            )
        }
        prints = sorted(f"{file} {content}" for file, content in snapshot["files"].items())
        facets["version"] = versions.DatasetVersionDatasetFacet(
            datasetVersion="; ".join(prints)[:2000]
        )
        marks = [
            tags.TagsDatasetFacetFields(key=k, value=told[k], source="ecosystem.yaml")
            for k in ("origin", "licence")
            if told.get(k)
        ]
        facets |= {"tags": tags.TagsDatasetFacet(tags=marks)} if marks else {}
        inputs.append(InputDataset(space, f"sources.{source}", facets=facets))
    data = spec.eco.datasets.get(snapshot["dataset"])
    facets = {
        "schema": schema.SchemaDatasetFacet(
            fields=[
                schema.SchemaDatasetFacetFields(
                    name=n, type=f["type"], description=f.get("about") or None
                )
                for n, f in recipe["fields"].items()
            ]
        ),
        "version": versions.DatasetVersionDatasetFacet(datasetVersion=snapshot["id"]),
        "columnLineage": _columns(space, recipe, columns),
        "dataQualityMetrics": quality.DataQualityMetricsDatasetFacet(
            columnMetrics={
                n: quality.ColumnMetrics(
                    nullCount=p["missing"],
                    distinctCount=p["distinct"],
                    count=float(p["rows"] - p["missing"]),
                )
                for n, p in report["after"].items()
            },
            rowCount=snapshot["account"]["kept"],
        ),
    }
    if data and data.owner:
        facets["ownership"] = owner.OwnershipDatasetFacet(
            owners=[owner.Owner(name=data.owner, type="OWNER")]
        )
    if data and (data.about or data.purpose):
        facets["documentation"] = about.DocumentationDatasetFacet(
            description=" ".join(
                x for x in (data.about, data.purpose and f"Purpose: {data.purpose}.") if x
            )
        )
    if data and data.classification:
        facets["tags"] = tags.TagsDatasetFacet(
            tags=[
                tags.TagsDatasetFacetFields(
                    key="classification", value=data.classification, source="ecosystem.yaml"
                )
            ]
        )
    kept = OutputDataset(
        space,
        f"datasets.{snapshot['dataset']}",
        facets=facets,
        outputFacets={
            "outputStatistics": output.OutputStatisticsOutputDatasetFacet(
                rowCount=snapshot["account"]["kept"]
            )
        },
    )
    return _event(
        spec,
        "govern",
        snapshot["dataset"],
        f"{space} {snapshot['id']}",
        snapshot["at"],
        inputs,
        [kept],
    )


def _columns(space: str, recipe: Mapping[str, Any], columns: Mapping[str, list[str]]) -> Any:
    """Which columns of which sources each field is made of, and how; what decides about rows stands
    under `dataset`.
    """
    from openlineage.client.facet_v2 import column_lineage_dataset as lineage

    fields = recipe["fields"]

    def inputs(field: str, how: Any) -> list[Any]:
        column = fields[field].get("column") or field
        return [
            lineage.InputField(space, f"sources.{source}", column, [how])
            for source, names in columns.items()
            if column in names
        ]

    repairs: dict[str, list[str]] = {}
    for repair in recipe.get("repairs", []):
        others = repair.get("from") or []
        repairs.setdefault(repair.get("to") or "", []).extend(
            [others] if isinstance(others, str) else others
        )
    found = {}
    for name, field in fields.items():
        private = field.get("private")
        direct = lineage.Transformation(
            type="DIRECT",
            subtype="TRANSFORMATION",
            description=_steps(field),
            masking=bool(private),
        )
        mine = inputs(name, direct)
        leans = [
            field.get("missing", {}).get("by"),
            (field.get("outliers") or {}).get("by"),
            field.get("missing", {}).get("order"),
            *repairs.get(name, []),
        ]
        for other in dict.fromkeys(x for x in leans if isinstance(x, str) and x in fields):
            mine += inputs(
                other,
                lineage.Transformation(
                    type="INDIRECT", subtype="CONDITIONAL", description="a step reads it"
                ),
            )
        found[name] = lineage.Fields(inputFields=mine)
    whole: list[Any] = []
    if recipe.get("duplicates"):
        by = recipe["duplicates"]["by"]
        for name in fields if by == "row" else by:
            whole += inputs(
                name,
                lineage.Transformation(type="INDIRECT", subtype="FILTER", description="duplicates"),
            )
    return lineage.ColumnLineageDatasetFacet(fields=found, dataset=whole)


def _steps(field: Mapping[str, Any]) -> str:
    said = [f"read as {field['type']}" + (f" in {field['unit']}" if field.get("unit") else "")]
    if field.get("outliers"):
        said.append(
            f"outliers by {field['outliers']['method']}, {field['outliers'].get('action', 'clip')}"
        )
    if field.get("missing", {}).get("with", "keep") != "keep":
        said.append(f"missing by {field['missing']['with']}")
    if field.get("private"):
        said.append(f"hidden by {field['private']['by']}")
    return "; ".join(said)


def _version(spec: Spec, catalog: Catalog, version: Mapping[str, Any]) -> Any:
    from openlineage.client.event_v2 import InputDataset, OutputDataset
    from openlineage.client.facet_v2 import dataset_version_dataset as versions

    space = _space(spec)
    dataset = version["snapshot"].split("@")[0]
    told = InputDataset(
        space,
        f"datasets.{dataset}",
        facets={"version": versions.DatasetVersionDatasetFacet(datasetVersion=version["snapshot"])},
    )
    out = OutputDataset(
        space,
        f"models.{version['model']}",
        facets={"version": versions.DatasetVersionDatasetFacet(datasetVersion=version["id"])},
    )
    return _event(
        spec, "learn", version["model"], f"{space} {version['id']}", version["at"], [told], [out]
    )
