"""`mesocosm doctor`: whether the artifacts that the catalog lists are intact, and which plugins are
installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures


@report_failures
def doctor(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Hash every listed version again, read every snapshot's files, verify the audit's chain; list
    the installed plugins.
    """
    from mesocosm.app.installed_plugins import list_plugins
    from mesocosm.lifecycle.access.integrity import find_damage

    eco = open_project(file)
    results = _check_artifacts(eco)
    faults = [fault for fault in results if fault]
    rebuilt = find_damage(eco.spec, eco.catalog)
    for address, fault in rebuilt.items():
        if not any(fault in known for known in faults):
            faults.append(f"{address}: {fault}")
    line = eco.catalog.verify_audit()
    if line is not None:
        faults.append(f"audit line {line} was edited")
    plugins = list_plugins()
    found = {
        "checked": len(results),
        "faults": faults,
        "rebuilt_by_build": sorted(rebuilt),
        "plugins": [plugin.as_json() for plugin in plugins],
    }
    answer(found, as_json, lambda d: _text(d, [plugin.line for plugin in plugins]))
    if faults:
        raise typer.Exit(1)


def _check_artifacts(eco: Any) -> list[str | None]:
    """What is damaged in each version and snapshot that is listed; None where it is intact."""
    from mesocosm.lifecycle.access.integrity import Integrity
    from mesocosm.lifecycle.file_datasets import resolve_datasets

    integrity = Integrity(eco.spec.root / ".mesocosm", thorough=True)
    results = []
    for model in eco.spec.eco.models:
        results += [integrity.check_version(version) for version in eco.catalog.versions(model)]
    for dataset in resolve_datasets(eco.spec):
        snapshots = eco.catalog.snapshots(dataset)
        results += [integrity.check_snapshot(snapshot) for snapshot in snapshots]
    integrity.save()
    return results


def _text(found: dict[str, Any], plugins: Sequence[str]) -> str:
    lines = [*plugins, *found["faults"]]
    if found["rebuilt_by_build"]:
        lines.append("'mesocosm build' rebuilds: " + ", ".join(found["rebuilt_by_build"]))
    lines.append(f"{found['checked']} artifacts verified, {len(found['faults'])} problems.")
    return "\n".join(lines)
