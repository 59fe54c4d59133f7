"""Checks of sources that need their columns or rows: contracts, and the columns of joins.

Knows sources, their contracts and what was checked before; each is checked once for its content.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, Finding
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.column_names import ambiguous_columns
from mesocosm.data.sources.contract import Contract
from mesocosm.lifecycle.file_datasets import REVISIONS
from mesocosm.lifecycle.project_store import locate_project


def find_ambiguous_joins(
    spec: Spec, datasets: Mapping[str, Dataset], made: Mapping[str, Mapping[str, object]]
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
    spec: Spec, datasets: Mapping[str, Dataset], made: Mapping[str, Mapping[str, object]]
) -> dict[str, Path]:
    """The file of the result of each dataset that joins sources and was not checked yet."""
    from mesocosm.lifecycle.local_files import is_settled

    marks: dict[str, Path] = {}
    for name, data in datasets.items():
        if not data.source.partners or name not in spec.eco.datasets or is_settled(spec, name):
            continue
        if not spec.eco.sources.keys() >= set(data.source.sources):
            continue  # the columns of a dataset are known once it is built
        mark = _locate_join_result(spec, data, made)
        if not mark.is_file():
            marks[name] = mark
    return marks


def _locate_join_result(
    spec: Spec, data: Dataset, made: Mapping[str, Mapping[str, object]]
) -> Path:
    """The file of the result of a dataset of this content and these settings."""
    from mesocosm.lifecycle.content_cache import locate_result

    settings = data.model_dump(mode="json", by_alias=True)
    sources = {source: dict(made[source]) for source in data.all_sources if source in made}
    about = ["joins", REVISIONS["govern"], dict(settings), sources]
    return locate_result(locate_project(spec).store, about)


def find_broken_contract(spec: Spec, name: str, made: Mapping[str, object]) -> list[Finding]:
    """What of its contract a source does not keep; checked once for each content and setting.

    Args:
        spec: the file.
        name: the source's name.
        made: its settings and the fingerprint of its content.
    """
    from mesocosm.core.files import write_json

    contract = spec.eco.sources[name].contract
    if not contract:
        return []
    store = locate_project(spec).store
    mark = digest(made, contract.model_dump(mode="json", exclude={"fresh", "owner"}))
    checked = store / "contracts" / f"{mark}.json"
    if checked.is_file() and not contract.fresh:
        return []
    violations = _find_violations(spec, name, contract)
    if not violations:
        write_json(checked, {"source": name})
    return [_contract_finding(spec, name, wrong, contract) for wrong in violations]


def _find_violations(spec: Spec, name: str, contract: Contract) -> list[ConfigValueError]:
    """What of a contract the rows of a source do not keep."""
    from mesocosm.data.engines.bounded_duckdb import open_engine
    from mesocosm.data.sources.contract import find_broken

    where = locate_project(spec)
    with open_engine(where.store, with_functions=False) as con:
        spec.eco.sources[name].collect(where, con, "promised")
        return find_broken(contract, con, "promised")


def _contract_finding(
    spec: Spec, name: str, wrong: ConfigValueError, contract: Contract
) -> Finding:
    expected, owner = wrong.expected, contract.owner or spec.eco.sources[name].owner
    if owner:
        expected = Message("lifecycle.contract_owner", expected=expected, owner=owner)
    place = spec.place("sources", name, *wrong.key.split("."))
    address = f"sources.{name}.{wrong.key}"
    return Finding(place, address, wrong.found, expected, wrong.choices, wrong.near)
