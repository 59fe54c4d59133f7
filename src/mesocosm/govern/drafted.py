"""`fields: auto`: a dataset's fields and repairs drafted from its source.

Knows sources and the draft. What the file says beside `fields: auto` stays as it is.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesocosm.base.errors import Wrong
from mesocosm.base.kinds import Source, Where
from mesocosm.govern.aim import aim
from mesocosm.govern.dataset import Dataset
from mesocosm.govern.draft import Draft, draft
from mesocosm.govern.govern import engine


def look(source: Source, where: Where) -> Draft:
    """Collect a source and draft a dataset of it."""
    with engine(where.store) as con:
        source.collect(where, con, "src")
        return draft(con, "src")


def drafted(dataset: Dataset, sources: Mapping[str, Source], where: Where) -> tuple[Dataset, Draft]:
    """The dataset with its fields drafted, and the draft with its evidence.

    Raises:
        Wrong: the dataset has more than one source.
    """
    if len(dataset.source.sources) != 1:
        raise Wrong("fields", "'auto' drafts the fields of one source", "'from' with one source, or the fields by name")
    made = look(sources[dataset.source.sources[0]], where)
    said = dataset.model_dump(by_alias=True, exclude_unset=True, exclude={"fields", "auto"})
    return Dataset.model_validate({**made.settings(), **said}), made


def draft_file(root: Path, path: Path, goal: str = "") -> dict[str, Any]:
    """A file of data as a source and a drafted dataset, ready to be written as an ecosystem.

    Args:
        goal: what is to be predicted, in words; then `split`, and under `aim` what the goal picked (see `aim.py`).

    Raises:
        Wrong: the file is of no kind that is known by its ending.
    """
    from mesocosm.govern.sources import SOURCES

    ending = path.suffix.lower().removeprefix(".")
    kind = {"csv": "csv", "tsv": "csv", "txt": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "json", "parquet": "parquet", "pq": "parquet", "xlsx": "excel", "xls": "excel", "ods": "excel"}.get(ending)
    if kind not in SOURCES:
        raise Wrong("", f"'{path.name}' ends in '.{ending}'", "a file that ends in .csv, .tsv, .jsonl, .json, .parquet or .xlsx")
    settings = {"type": kind, "path": path.relative_to(root).as_posix()}
    source = SOURCES[kind].model_validate(settings)
    with tempfile.TemporaryDirectory() as aside:
        where = Where(root, Path(aside))
        with engine(where.store) as con:
            source.collect(where, con, "src")  # type: ignore[attr-defined]
            made = draft(con, "src")
            aimed = aim(con, "src", made, goal) if goal else None
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "data"
    name = name if name[0].isalpha() else f"data-{name}"
    said = {"name": name[:50], "source": name[:50] + "-source", "settings": settings, "dataset": made.settings(), "evidence": made.evidence}
    return said | ({"aim": aimed} if aimed else {})
