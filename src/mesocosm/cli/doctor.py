"""`mesocosm doctor`: whether what is listed is whole."""

from __future__ import annotations

from pathlib import Path

import typer

from mesocosm.base.errors import Failure
from mesocosm.cli.common import AsJson, File, answer, guarded, opened


@guarded
def doctor(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Hash every listed version again, read every snapshot's files, follow the audit's chain."""
    from mesocosm.base.digest import digest_folder
    from mesocosm.build.graph import datasets_of
    from mesocosm.govern.snapshot import files_of

    eco = opened(file)
    store = eco.spec.root / ".mesocosm"
    faults: list[str] = []
    checked = 0
    for model in eco.spec.eco.models:
        for version in eco.catalog.versions(model):
            checked += 1
            folder = store / version["path"]
            if not folder.is_dir() or digest_folder(folder) != version["content"]:
                faults.append(f"version {version['id']}: its files are not those that were made")
    for dataset in datasets_of(eco.spec):
        snapshot = eco.catalog.snapshot(dataset=dataset)
        if snapshot:
            checked += 1
            try:
                files_of(store / snapshot["path"] / "rows", snapshot["delta"])
            except Failure as error:
                faults.append(str(error))
    line = eco.catalog.verify_audit()
    if line is not None:
        faults.append(f"audit line {line} was edited")
    answer({"checked": checked, "faults": faults}, as_json, lambda d: "\n".join([*d["faults"], f"{d['checked']} things checked, {len(d['faults'])} faults."]))
    if faults:
        raise typer.Exit(1)
