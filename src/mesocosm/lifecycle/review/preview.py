"""What a build would find in changed files, before it runs: a snapshot of the new rows built in a
scratch folder and compared with the last snapshot.

Knows the same comparison that the build makes. Lists nothing and keeps only the evidence.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import SnapshotRecipe
from mesocosm.catalog.rows import SnapshotRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.settings import ProjectPaths
from mesocosm.lifecycle.access.pseudonym_key import read_private_key
from mesocosm.lifecycle.chains import list_sources
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.local_files import is_small
from mesocosm.lifecycle.plan import Change
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.lifecycle.resource_makers import list_forgotten_marks
from mesocosm.lifecycle.review.field_change import ComparedSnapshot
from mesocosm.lifecycle.review.snapshot_comparison import check_new_data
from mesocosm.lifecycle.review.stop_reasons import NewRows
from mesocosm.lifecycle.review.stopped_build import keep_failure


def preview_data(spec: Spec, catalog: Catalog, changes: Sequence[Change]) -> list[str]:
    """Compare changed local files with the last snapshots and keep what would stop the build, where
    `plan` reads it.

    Returns:
        The datasets that were too large or too remote to compare before the build.
    """
    skipped = []
    for change in changes:
        last = _find_other_content(catalog, change)
        if last is None:
            continue
        if is_small(spec, last["dataset"]):
            _preview(spec, catalog, change, last)
        else:
            skipped.append(last["dataset"])
    return skipped


def _find_other_content(catalog: Catalog, change: Change) -> SnapshotRow | None:
    """The last snapshot of a dataset that is rebuilt, where a build would not make the same."""
    if change.sign != "±" or not change.address.startswith("datasets."):
        return None
    resource, fingerprints = change.built
    last = catalog.snapshot(dataset=resource.name)
    if last is None or last["made"] == fingerprints.build:
        return None
    return last


def _preview(spec: Spec, catalog: Catalog, change: Change, last: SnapshotRow) -> None:
    """Build a snapshot in a scratch folder and compare it; what stops it is kept for the plan."""
    resource, fingerprints = change.built
    where, name, made = locate_project(spec), resource.name, fingerprints.build
    scratch = where.store / "work" / f"preview-{uuid.uuid4().hex[:8]}"
    try:
        new = _build_scratch(spec, catalog, change, last, scratch)
        origin = NewRows(change, scratch / "datasets" / name)
        check_new_data(spec, name, made, last, new, frozenset(), origin)
    except ConfigValueError as error:  # rows that cannot be read stop the build too
        keep_failure(where.store, name, made, error)
    except MesocosmError:
        return  # what stops it is kept for the plan; what else fails is the build's to report
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _build_scratch(
    spec: Spec, catalog: Catalog, change: Change, last: SnapshotRow, scratch: Path
) -> ComparedSnapshot:
    """The record of a snapshot that is built in a scratch folder, as far as it is compared."""
    from mesocosm.data.pipeline.snapshot_builder import BuildOptions, build_snapshot

    resource, fingerprints = change.built
    where, name = locate_project(spec), resource.name
    snapshot = build_snapshot(
        name,
        resolve_datasets(spec)[name],
        list_sources(spec, catalog, name),
        ProjectPaths(where.root, scratch),
        fingerprints.build,
        read_private_key(where.store),
        BuildOptions(
            lambda _: None,
            {"rows": last["account"]["kept"], "training": last["facts"]["training"]},
            catalog.clock(),
            list_forgotten_marks(spec, catalog, name),
        ),
    )
    drafted = name in spec.eco.datasets and spec.eco.datasets[name].auto
    return {
        "account": snapshot.account,
        "report": {**snapshot.report, "delta": snapshot.delta},
        "facts": snapshot.facts,
        "recipe": cast(SnapshotRecipe, {**resource.recipe, "auto": drafted}),
    }
