"""What a build would find in changed files, before it runs: the new rows governed in a scratch
folder and compared with the last snapshot.

Knows the same comparison that the build makes. Lists nothing and keeps only the evidence.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import Failure, Wrong
from mesocosm.core.settings import Where
from mesocosm.lifecycle.access.pseudonym_key import private_key
from mesocosm.lifecycle.file_datasets import datasets_of
from mesocosm.lifecycle.local_files import is_small
from mesocosm.lifecycle.plan import Change
from mesocosm.lifecycle.project_store import where_of
from mesocosm.lifecycle.resource_makers import forgotten_of
from mesocosm.lifecycle.review.snapshot_comparison import check_new_data
from mesocosm.lifecycle.stopped_build import keep_failure


def preview_data(spec: Spec, catalog: Catalog, changes: Sequence[Change]) -> list[str]:
    """Compare changed local files with the last snapshots and keep what would stop the build, where
    `plan` reads it.

    Returns:
        The datasets that were too large or too remote to compare before the build.
    """
    left = []
    for change in changes:
        if (
            change.resource is None
            or change.prints is None
            or change.resource.section != "datasets"
            or change.sign != "±"
        ):
            continue
        name = change.resource.name
        last = catalog.snapshot(dataset=name)
        if last is None or last["made"] == change.prints.made:
            continue
        if not is_small(spec, name):
            left.append(name)
            continue
        _preview(spec, catalog, change, last)
    return left


def _preview(spec: Spec, catalog: Catalog, change: Change, last: dict[str, Any]) -> None:
    from mesocosm.data.pipeline.snapshot_builder import BuildOptions, build_snapshot

    assert change.resource is not None and change.prints is not None
    where, name = where_of(spec), change.resource.name
    scratch = where.store / "work" / f"preview-{uuid.uuid4().hex[:8]}"
    rules = {"rows": last["account"]["kept"], "training": last["facts"]["training"]}
    try:
        made = build_snapshot(
            name,
            datasets_of(spec)[name],
            spec.eco.sources,
            Where(where.root, scratch),
            change.prints.made,
            private_key(where.store),
            BuildOptions(
                say=lambda _: None,
                last=rules,
                now=catalog.clock(),
                forgotten=forgotten_of(spec, catalog, name),
            ),
        )
        auto = name in spec.eco.datasets and spec.eco.datasets[name].auto
        new = {
            "account": made.account,
            "report": made.report,
            "facts": made.facts,
            "recipe": dict(change.resource.made_by) | {"auto": auto},
        }
        check_new_data(spec, name, change.prints.made, last, new, frozenset())
    except Wrong as error:  # what cannot be governed stops the build too
        keep_failure(where.store, name, change.prints.made, error)
    except Failure:
        return  # what stops it is kept for the plan; what else fails is the build's to say
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
