"""`mesocosm report`: health scores of the ecosystem, row counts and quality of datasets, metrics of
models.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import MesocosmError


@report_failures
def report(
    name: Annotated[str | None, typer.Argument(help="A dataset or a model.")] = None,
    file: File = Path("ecosystem.yaml"),
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write the report as one HTML file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the health scores with recommendations, what was cleaned and how good each model is; or
    one NAME of them.
    """
    eco = open_project(file)
    data = _collect(eco, name)
    if not data["datasets"] and not data["models"]:
        missing = f"nothing named '{name}'" if name else "nothing"
        raise MesocosmError(f"{missing} was built yet; run 'mesocosm build'")
    if out:
        from mesocosm.reports.html import render_report

        _write(out, render_report(eco.spec.eco.ecosystem, data))
        answer(
            {"written": str(out)},
            as_json,
            lambda d: f"{d['written']} written; open it in a browser.",
        )
        return
    answer(data, as_json, _text)


def _collect(eco: Any, name: str | None) -> dict[str, Any]:
    """The health of the whole, every dataset that was built and every model that was trained; or
    those of a name.
    """
    from mesocosm.lifecycle.file_datasets import resolve_datasets
    from mesocosm.reports.described_version import choose_reported_version
    from mesocosm.reports.health import measure_health

    data: dict[str, Any] = {"datasets": {}, "models": {}}
    if name is None:
        data["whole"] = measure_health(eco.spec, eco.catalog)
    for dataset in resolve_datasets(eco.spec):
        snapshot = eco.catalog.snapshot(dataset=dataset)
        if snapshot and name in (None, dataset):
            shown = {key: snapshot[key] for key in ("id", "account", "report", "files", "at")}
            data["datasets"][dataset] = shown | {"training": snapshot["facts"]["training"]}
    for model in eco.spec.eco.models:
        if name not in (None, model):
            continue
        version = choose_reported_version(eco.spec, eco.catalog, model)
        if version:
            data["models"][model] = version
    return data


def _write(out: Path, text: str) -> None:
    """Write a file whole or not at all."""
    from mesocosm.core.files import aside_name

    aside = out.with_name(aside_name(out))
    aside.write_text(text, encoding="utf-8")
    aside.replace(out)


def _text(data: dict[str, Any]) -> str:
    from mesocosm.cli.views.report import format_dataset, format_health, format_model

    parts = []
    if "whole" in data:
        parts.append(format_health(data["whole"]))
    parts += [format_dataset(name, dataset) for name, dataset in data["datasets"].items()]
    parts += [format_model(name, model) for name, model in data["models"].items()]
    return "\n\n".join(parts)
