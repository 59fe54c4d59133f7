"""Checks of sources that need their columns or rows: contracts, and the columns of joins.

Knows sources, their contracts and what was checked before; each is checked once for its content.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, Finding
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.column_names import ambiguous_columns
from mesocosm.lifecycle.file_datasets import REVISIONS
from mesocosm.lifecycle.project_store import locate_project


def find_ambiguous_joins(
    spec: Spec, datasets: Mapping[str, Dataset], made: Mapping[str, Mapping[str, Any]]
) -> list[Finding]:
    """Columns of joined sources that are ambiguous, as far as files show it without their rows.

    Args:
        datasets: the file's datasets, by name.
        made: by source, its settings and the fingerprint of its content; a dataset is checked once
            for each.
    """
    from mesocosm.lifecycle.content_cache import keep_result

    marks = _unchecked_joins(spec, datasets, made)
    if not marks:
        return []
    from mesocosm.data.engines.bounded_duckdb import open_engine
    from mesocosm.data.sources.source_columns import columns_of_sources

    where, findings = locate_project(spec), list[Finding]()
    with open_engine(where.store, with_functions=False) as con:
        for name, mark in marks.items():
            data = datasets[name]
            try:
                columns = columns_of_sources(con, spec.eco.sources, data.source.sources, where)
                ambiguous = ambiguous_columns(data, columns)
            except ConfigValueError:  # the build reports what is wrong with a file
                continue
            place = spec.place("datasets", name)
            findings += [wrong.at(place, f"datasets.{name}") for wrong in ambiguous]
            if not ambiguous:
                keep_result(mark, [])
    return findings


def _unchecked_joins(
    spec: Spec, datasets: Mapping[str, Dataset], made: Mapping[str, Mapping[str, Any]]
) -> dict[str, Path]:
    """The file of the result of each dataset that joins sources and was not checked yet."""
    from mesocosm.lifecycle.content_cache import locate_result
    from mesocosm.lifecycle.local_files import is_settled

    marks: dict[str, Path] = {}
    for name, data in datasets.items():
        if not data.source.partners or name not in spec.eco.datasets or is_settled(spec, name):
            continue
        settings = data.model_dump(mode="json", by_alias=True)
        sources = {source: dict(made[source]) for source in data.all_sources if source in made}
        mark = locate_result(
            locate_project(spec).store, ["joins", REVISIONS["govern"], dict(settings), sources]
        )
        if not mark.is_file():
            marks[name] = mark
    return marks


def find_broken_contract(spec: Spec, name: str, made: Mapping[str, Any]) -> list[Finding]:
    """What of its contract a source does not keep; checked once for each content and setting.

    Args:
        spec: the file.
        name: the source's name.
        made: its settings and the fingerprint of its content.
    """
    from mesocosm.core.files import write_json

    source = spec.eco.sources[name]
    contract = source.contract
    if not contract:
        return []
    where = locate_project(spec)
    mark = digest(made, contract.model_dump(mode="json", exclude={"fresh", "owner"}))
    checked = where.store / "contracts" / f"{mark}.json"
    if checked.is_file() and not contract.fresh:
        return []
    from mesocosm.data.engines.bounded_duckdb import open_engine
    from mesocosm.data.sources.contract import find_broken

    with open_engine(where.store, with_functions=False) as con:
        source.collect(where, con, "promised")
        violations = find_broken(contract, con, "promised")
    if not violations:
        write_json(checked, {"source": name})
    owner = contract.owner or source.owner
    return [_contract_finding(spec, name, wrong, owner) for wrong in violations]


def _contract_finding(spec: Spec, name: str, wrong: ConfigValueError, owner: str | None) -> Finding:
    expected = wrong.expected
    if owner:
        expected = Message("lifecycle.contract_owner", expected=expected, owner=owner)
    place = spec.place("sources", name, *wrong.key.split("."))
    address = f"sources.{name}.{wrong.key}"
    return Finding(place, address, wrong.found, expected, wrong.choices, wrong.near)
