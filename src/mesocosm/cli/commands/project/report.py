"""`mesocosm report`: health scores of the ecosystem, row counts and quality of datasets, metrics of
models.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.report import Report
    from mesocosm.reports.report_data import ReportData


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
    report = open_project(file).report(name, out)
    if out:
        answer(
            {"written": str(out)},
            as_json,
            lambda d: Message("cli.report.written", file=d["written"]).render(),
        )
        return
    answer(report, as_json, _text)


def _text(report: Report) -> str:
    from mesocosm.cli.views.report import format_dataset, format_health, format_model

    data, parts = cast("ReportData", report.to_json()), []
    if "whole" in data:
        parts.append(format_health(data["whole"]))
    parts += [format_dataset(name, dataset) for name, dataset in data["datasets"].items()]
    parts += [format_model(name, model) for name, model in data.get("models", {}).items()]
    return "\n\n".join(parts)
