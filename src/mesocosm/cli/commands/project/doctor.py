"""`mesocosm doctor`: whether what is listed is whole."""

from __future__ import annotations

from pathlib import Path

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened


@guarded
def doctor(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Hash every listed version again, read every snapshot's files, follow the audit's chain."""
    from mesocosm.lifecycle.access.integrity import Integrity, find_damage
    from mesocosm.lifecycle.file_datasets import resolve_datasets

    eco = opened(file)
    looks = Integrity(eco.spec.root / ".mesocosm", thorough=True)
    faults: list[str] = []
    checked = 0
    for model in eco.spec.eco.models:
        for version in eco.catalog.versions(model):
            checked += 1
            faults += [fault] if (fault := looks.check_version(version)) else []
    for dataset in resolve_datasets(eco.spec):
        for snapshot in eco.catalog.snapshots(dataset):
            checked += 1
            faults += [fault] if (fault := looks.check_snapshot(snapshot)) else []
    looks.save()
    rebuilt = find_damage(eco.spec, eco.catalog)
    faults += [
        f"{address}: {fault}"
        for address, fault in rebuilt.items()
        if not any(fault in known for known in faults)
    ]
    line = eco.catalog.verify_audit()
    if line is not None:
        faults.append(f"audit line {line} was edited")
    advice = ["'mesocosm build' rebuilds: " + ", ".join(rebuilt)] if rebuilt else []
    found = {"checked": checked, "faults": faults, "rebuilt_by_build": sorted(rebuilt)}
    answer(
        found,
        as_json,
        lambda d: "\n".join(
            [
                *d["faults"],
                *advice,
                f"{d['checked']} artifacts verified, {len(d['faults'])} problems.",
            ]
        ),
    )
    if faults:
        raise typer.Exit(1)
