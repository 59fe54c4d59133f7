"""Whether the bases of a plan can read the texts they would be trained on, before anything is
trained.

Knows sources, snapshots and a base's tokenizer. Looks at local files of moderate size and at bases
that are here; builds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import Failure
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO
from mesocosm.lifecycle.content_cache import once
from mesocosm.lifecycle.file_datasets import datasets_of
from mesocosm.lifecycle.local_files import is_small
from mesocosm.lifecycle.plan import Change
from mesocosm.lifecycle.project_store import where_of

TEXTS = 2000  # texts of each field that are looked at


def read_ahead(spec: Spec, catalog: Catalog, changes: Sequence[Change]) -> dict[str, list[str]]:
    """By address of each model that would be trained: what its base cuts or does not know of its
    texts, as sentences.
    """
    signs = {c.address: c.sign for c in changes}
    made = {c.address: c.prints.made for c in changes if c.prints}
    found: dict[str, list[str]] = {}
    for change in changes:
        if (
            change.resource is None
            or change.resource.section != "models"
            or change.sign not in ("+", "±")
        ):
            continue
        try:
            model = spec.eco.models[change.resource.name]
            built = (
                signs.get(f"datasets.{model.learns}") == "="
            )  # then its rows are read, else its sources
            about = [
                "texts",
                built,
                change.prints.made if change.prints else None,
                made.get(f"datasets.{model.learns}"),
            ]
            said = once(
                where_of(spec).store,
                about,
                partial(_sentences, spec, catalog, model, signs),
            )
        except Failure:  # the build says what is wrong, with its place
            continue
        if said:
            found[change.address] = said
    return found


def _sentences(spec: Spec, catalog: Catalog, model: Model, signs: dict[str, str]) -> list[str]:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.base_models.base import folder_of, named
    from mesocosm.learning.base_models.language_coverage import measure_reading

    base, data = model.base, datasets_of(spec).get(model.learns)
    if (
        not isinstance(base, str)
        or base == AUTO
        or not named(base, spec.root)
        or data is None
        or (model.pretrain and model.pretrain.scratch)
    ):
        return []
    fields = [
        n
        for n in (*model.inputs, model.predict)
        if getattr(data.fields.get(n), "type", "") == "text"
    ]
    folder, licence = folder_of(base, spec.root) if fields else (spec.root, "")
    if not (folder / "tokenizer.json").is_file():
        return []
    snapshot = catalog.snapshot(dataset=model.learns)
    if snapshot and signs.get(f"datasets.{model.learns}") == "=":
        from mesocosm.lifecycle.access.data_access import columns_of

        texts = [
            str(t)
            for column in columns_of(spec, snapshot, fields)[0].values()
            for t in column[:TEXTS]
            if t
        ]
    else:
        texts = (
            _at_source(
                spec,
                model.learns,
                {str(getattr(data.fields[n], "column", None) or n) for n in fields},
            )
            if is_small(spec, model.learns)
            else []
        )
    return measure_reading(texts, Base(base, folder, licence, ""), model.max_length)[1]


def _at_source(spec: Spec, name: str, columns: set[str]) -> list[str]:
    """The first texts of columns, in whichever source of a dataset has them."""
    import duckdb

    from mesocosm.data.engines.bounded_duckdb import open_engine
    from mesocosm.data.sources.path_utils import quote

    where, data = where_of(spec), datasets_of(spec)[name]
    texts: list[str] = []
    wanted = columns | {c.split(".", 1)[1] for c in columns if "." in c}
    with open_engine(where.store, with_functions=False) as con:
        for number, source in enumerate(data.source.sources):
            spec.eco.sources[source].collect(where, con, f"ahead_{number}")
            there: list[Any] = con.execute(f"describe ahead_{number}").fetchall()
            for column in (str(row[0]) for row in there if str(row[0]) in wanted):
                try:
                    rows = con.execute(
                        f"select {quote(column)}::varchar from ahead_{number} where {quote(column)}"
                        f" is not null limit {TEXTS}"
                    ).fetchall()
                except duckdb.Error:
                    continue
                texts += [str(row[0]) for row in rows]
    return texts
