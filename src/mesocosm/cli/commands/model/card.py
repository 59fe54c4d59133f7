"""`mesocosm model card`: what a model is, its training data and its weaknesses, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.errors import ConfigValueError, MesocosmError


@report_failures
def card(
    model: str,
    version: Annotated[
        str | None,
        typer.Option(
            "--version", help="An id as `mesocosm report` shows it; the newest where none is named."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write it to this file.")] = None,
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Write the model card of a version, in Markdown."""
    from mesocosm.core.files import aside_name
    from mesocosm.learning.evaluation.model_card import render_card as written

    eco = open_project(file)
    if model not in eco.spec.eco.models:
        raise ConfigValueError(
            "",
            f"no model is named '{model[:60]}'",
            "a model of the file",
            sorted(eco.spec.eco.models),
            model,
        )
    found = _find_version(eco, model, version)
    settings = eco.spec.eco.models[model]
    snapshot: dict[str, Any] = eco.catalog.snapshot(found["snapshot"]) or {}
    data = {
        "name": settings.dataset,
        "account": snapshot.get("account", {}),
        "origins": snapshot.get("report", {}).get("origins", {}),
        "purpose": eco.spec.eco.datasets[settings.dataset].purpose,
    }
    page = written(found, settings.about, data)
    if out:
        aside = out.with_name(aside_name(out))
        aside.write_text(page, encoding="utf-8")
        aside.replace(out)
    answer(
        {"version": found["id"], "written": str(out) if out else None, "card": page},
        as_json,
        lambda d: f"{d['written']} written." if out else d["card"],
    )


def _find_version(eco: Any, model: str, version: str | None) -> dict[str, Any]:
    """A version of a model, or its newest."""
    listed: dict[str, dict[str, Any]] = {v["id"]: v for v in eco.catalog.versions(model)}
    if not listed:
        raise MesocosmError(f"'{model}' was not built yet; run 'mesocosm build'")
    if not version:
        return list(listed.values())[-1]
    if version not in listed:
        raise ConfigValueError(
            "",
            f"'{model}' has no version '{version[:60]}'",
            "a version of it",
            sorted(listed),
            version,
        )
    return listed[version]
