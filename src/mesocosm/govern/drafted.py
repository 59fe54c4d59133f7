"""`fields: auto`: a dataset's fields and repairs drafted from its source.

Knows sources and the draft. What the file says beside `fields: auto` stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from mesocosm.base.errors import Wrong
from mesocosm.base.kinds import Source, Where
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
