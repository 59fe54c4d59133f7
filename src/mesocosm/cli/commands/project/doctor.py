"""`mesocosm doctor`: whether the artifacts that the catalog lists are intact, and the plugins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message, render

if TYPE_CHECKING:
    from mesocosm.api.results.project import InstalledPlugin, IntegrityReport


@report_failures
def doctor(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Hash every listed version again, read every snapshot's files, verify the audit's chain; list
    the installed plugins.
    """
    result = open_project(file).doctor()
    answer(result, as_json, _text)
    if result.faults:
        raise typer.Exit(1)


def _text(found: IntegrityReport) -> str:
    lines = [_plugin_line(plugin) for plugin in found.plugins]
    lines += map(render, found.faults)
    if found.rebuilt_by_build:
        lines.append(Message("cli.doctor.rebuilds").render() + ", ".join(found.rebuilt_by_build))
    lines.append(
        Message("cli.doctor.verified", checked=found.checked, faults=len(found.faults)).render()
    )
    return "\n".join(lines)


def _plugin_line(plugin: InstalledPlugin) -> str:
    if plugin.why:
        return render(plugin.why)
    kind = f"{plugin.group}.{plugin.name}"
    return Message(
        "cli.doctor.plugin_ready",
        kind=kind,
        distribution=plugin.distribution,
        version=plugin.version,
    ).render()
