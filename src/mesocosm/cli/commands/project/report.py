"""`mesocosm report`: the ecosystem as a whole, the account and quality of datasets, the figures of
models.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened
from mesocosm.core.errors import Failure


@guarded
def report(
    name: Annotated[str | None, typer.Argument(help="A dataset or a model.")] = None,
    file: File = Path("ecosystem.yaml"),
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write the report as one HTML file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how good the whole is and what to do next, what was cleaned and how good each model is;
    or one NAME of them.
    """
    from mesocosm.cli.views.report import format_dataset, format_health, format_model
    from mesocosm.lifecycle.file_datasets import datasets_of
    from mesocosm.reports.described_version import reported_version
    from mesocosm.reports.health import whole

    eco = opened(file)
    data: dict[str, Any] = {"datasets": {}, "models": {}} | (
        {"whole": whole(eco.spec, eco.catalog)} if name is None else {}
    )
    for dataset in datasets_of(eco.spec):
        found = eco.catalog.snapshot(dataset=dataset)
        if found and name in (None, dataset):
            data["datasets"][dataset] = {
                k: found[k] for k in ("id", "account", "report", "files", "at")
            } | {"training": found["facts"]["training"]}
    for model in eco.spec.eco.models:
        version = reported_version(eco.spec, eco.catalog, model) if name in (None, model) else None
        if version:
            data["models"][model] = version
    if not data["datasets"] and not data["models"]:
        raise Failure(
            f"nothing named '{name}' was built yet; run 'mesocosm build'"
            if name
            else "nothing was built yet; run 'mesocosm build'"
        )
    if out:
        from mesocosm.core.files import aside_name
        from mesocosm.reports.html import page

        aside = out.with_name(aside_name(out))
        aside.write_text(page(eco.spec.eco.ecosystem, data), encoding="utf-8")
        aside.replace(out)
        answer(
            {"written": str(out)},
            as_json,
            lambda d: f"{d['written']} written; open it in a browser.",
        )
        return
    answer(
        data,
        as_json,
        lambda d: "\n\n".join(
            [
                *([format_health(d["whole"])] if "whole" in d else []),
                *(format_dataset(n, x) for n, x in d["datasets"].items()),
                *(format_model(n, x) for n, x in d["models"].items()),
            ]
        ),
    )
