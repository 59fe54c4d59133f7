"""What the values of local files leave open, asked before a build: a decimal mark, an order of day
and month.

Knows the same proofs that the build makes. Reads small local files only; keeps that a content left
nothing open, and no value.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from mesocosm.config import Spec
from mesocosm.core.errors import Failure, Finding, Invalid, Wrong
from mesocosm.core.settings import Where
from mesocosm.lifecycle.content_cache import keep, mark_of
from mesocosm.lifecycle.local_files import is_settled, is_small
from mesocosm.lifecycle.project_store import where_of

AUTO = "auto"  # the base that is chosen by trying
FORMS = ("csv", "excel", "json", "jsonl", "parquet")  # types of sources that are read for it


def ask_readings(spec: Spec, made: Mapping[str, str] | None = None) -> list[Finding]:
    """For each column of a dataset whose values have two readings, where the file has to say which.

    Datasets that are drafted, that read no file of the project, or that read large ones are left to
    the build.

    Args:
        made: by address, what tells a dataset's content and settings from others; one that left
            nothing open is not read again.
    """
    found = []
    for name, dataset in spec.eco.datasets.items():
        sources = [spec.eco.sources.get(s) for s in dataset.all_sources]
        if (
            dataset.auto
            or any(s is None or getattr(s, "type", "") not in FORMS for s in sources)
            or not is_small(spec, name)
        ):
            continue
        if is_settled(spec, name):
            continue
        for asked in _open(spec, name, (made or {}).get(f"datasets.{name}")):
            place = spec.place("datasets", name, *asked.key.split(".", 1))
            found.append(Finding(place, f"datasets.{name}.{asked.key}", asked.found, asked.wanted))
    return found


def missing_bases(spec: Spec) -> list[Finding]:
    """Bases of models that are none of ours, no folder of the project and no hub id."""
    from mesocosm.learning.base_models.base import canonical, folder_of, named

    found = []
    for name, model in spec.eco.models.items():
        for key in ("base", "image_base"):
            base = getattr(model, key)
            if (
                not isinstance(base, str)
                or not base
                or base == AUTO
                or "/" in base
                or canonical(base)
                or named(base, spec.root)
            ):
                continue
            try:
                folder_of(base, spec.root)
            except Wrong as wrong:
                found.append(
                    Wrong(key, wrong.found, wrong.wanted, wrong.choices, base).at(
                        spec.place("models", name, key, key=False), f"models.{name}"
                    )
                )
    return found


def _open(spec: Spec, name: str, made: str | None) -> list[Wrong]:
    """A dataset's questions; that it has none is kept for its content, and questions are not, since
    they hold values.
    """
    mark = mark_of(where_of(spec).store, ["readings", made]) if made else None
    if mark and mark.is_file():
        return []
    try:
        asked = _questions(spec, name)
    except (Failure, Invalid, OSError):  # what cannot be read is the build's to say
        return []
    if mark and not asked:
        keep(mark, [])
    return asked


def _questions(spec: Spec, name: str) -> list[Wrong]:
    from mesocosm.data.engines.bounded_duckdb import engine
    from mesocosm.data.pipeline.ingest import raw
    from mesocosm.data.profiling.proven_settings import list_questions

    dataset = spec.eco.datasets[name]
    with tempfile.TemporaryDirectory() as folder, engine(Path(folder)) as con:
        collected = {
            s: spec.eco.sources[s].collect(Where(spec.root, Path(folder)), con, f"src_{s}")
            for s in dict.fromkeys(dataset.all_sources)
        }
        return list_questions(con, dict(dataset.fields), raw(con, dataset, collected))
