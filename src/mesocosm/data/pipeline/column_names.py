"""What the column that a field names means: a column of a source, `source.column` or `#3`.

Knows the columns that sources gave. Reads no row.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message, combine
from mesocosm.core.settings import Collected
from mesocosm.data.dataset import Dataset, From
from mesocosm.data.pipeline.expressions.source_types import DECIMAL, IBIS
from mesocosm.data.pipeline.internal_names import PLACE_COLUMNS, quote
from mesocosm.data.pipeline.joins.aggregates import joined_table
from mesocosm.data.sources.query_results import describe_columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

POSITION = re.compile(r"#(\d{1,5})")  # `column: "#3"` is the third column of the source


@dataclass(frozen=True)
class ColumnNames:
    """What the names that fields read mean in the sources of a dataset.

    Args:
        sources: the sources that rows come from, in order.
        leads: those of them whose rows lead, in order.
        columns: the columns of each source.
        source_types: the engine's type of each column, by source and column.
        types: the engine's type in which each name is read.
        exact: the names that are columns; they come before `source.column` and `#3`.
        positions: the column that each name of the form `#3` points to.
    """

    sources: tuple[str, ...]
    leads: tuple[str, ...]
    columns: Mapping[str, Collection[str]]
    source_types: Mapping[tuple[str, str], str]
    types: Mapping[str, str]
    exact: Collection[str]
    positions: Mapping[str, str]

    def find(self, name: str, source: str) -> str | None:
        """The column of a source that a name means; None where it has none.

        Rows of united sources are rows of one table, so the name may give any of them.
        """
        qualifiers = self.leads if source in self.leads else (source,)
        return self.find_qualified(name, source, qualifiers)

    def find_qualified(self, name: str, source: str, qualifiers: Iterable[str]) -> str | None:
        """The same, where `source` in `source.column` is one of some names."""
        meant = self.positions.get(name, name)
        return find_column(meant, qualifiers, self.columns[source], self.exact)


def row_sources(dataset: Dataset) -> tuple[str, ...]:
    """The sources that a dataset's rows come from, in order."""
    return tuple(dict.fromkeys([*dataset.source.sources, *_test_sources(dataset)]))


def _test_sources(dataset: Dataset) -> list[str]:
    return [dataset.test_source] if dataset.test_source else []


def find_column(
    name: str, qualifiers: Iterable[str], columns: Collection[str], exact: Collection[str]
) -> str | None:
    """The column that a name means: `name` itself or, where no source has a column of exactly that
    name, the column in `source.column`; None where it means none of `columns`.

    >>> find_column("loans.age", ["loans"], ["age"], [])
    'age'
    """
    if name in columns:
        return name
    if name in exact:
        return None
    for source in qualifiers:
        rest = name.removeprefix(f"{source}.")
        if rest != name and rest in columns:
            return rest
    return None


def find_position(
    name: str, collected: Mapping[str, Collected], sources: Iterable[str]
) -> str | None:
    """The name of the column that `#3` points to, in the first source that has as many."""
    match = POSITION.fullmatch(name)
    if not match:
        return None
    index = int(match[1]) - 1
    for source in sources:
        columns = collected[source].columns
        if 0 <= index < len(columns):
            return columns[index]
    return None


def ambiguous_columns(
    dataset: Dataset, columns: Mapping[str, Collection[str]]
) -> list[ConfigValueError]:
    """Problems of a join that are known before its rows are read: fields whose column is in two
    joined sources, and keys that a source lacks.

    Args:
        columns: those of each source, as far as they are known.
    """
    problems = _missing_keys(dataset, columns)
    given = added_columns(dataset.source, columns)
    known = {s: given.get(s, ()) for s in dataset.all_sources}
    for name, field in dataset.fields.items():
        try:
            refuse_ambiguous(name, field.column or name, dataset.source, known)
        except ConfigValueError as wrong:
            problems.append(wrong)
    return problems


def _missing_keys(
    dataset: Dataset, columns: Mapping[str, Collection[str]]
) -> list[ConfigValueError]:
    """The keys of a join that a source lacks."""
    from_ = dataset.source
    return [
        ConfigValueError(
            join_setting(from_, partner),
            Message("data.source_without_column", source=source, column=column),
            Message("data.column_of_both"),
            sorted(columns[source]),
            column,
        )
        for partner, source, column in _list_joined(from_)
        if source in columns and column not in columns[source]
    ]


def _list_joined(from_: From) -> Iterator[tuple[str, str, str]]:
    """Each partner with the sources that it joins, the leads and itself, and the columns that are
    read of each.
    """
    for partner, how in from_.partners.items():
        for source in from_.leads:
            yield from ((partner, source, column) for column in how.lead_columns)
        yield from ((partner, partner, column) for column in how.own_columns)


def added_columns(
    from_: From, columns: Mapping[str, Collection[str]]
) -> dict[str, Collection[str]]:
    """The columns that each source gives: of one whose rows are aggregated only, the new ones."""
    given = dict(columns)
    for partner, how in from_.partners.items():
        if how.aggregates and partner in given and partner not in from_.leads:
            given[partner] = list(how.aggregates)
    return given


def join_setting(from_: From, partner: str) -> str:
    """The place in the file of the column that a source is joined by."""
    return f"from.lookup.{partner}" if partner in from_.lookup else "from.on"


def refuse_ambiguous(
    name: str, column: str, from_: From, columns: Mapping[str, Collection[str]]
) -> None:
    """Refuse a column that two joined sources have, other than the one that they are joined on.

    Raises:
        ConfigValueError: with the sources, and the names by which one of them is chosen.
    """
    lead = next((s for s in from_.leads if column in columns[s]), "")
    holders = _list_holders(lead, column, from_, columns)
    if len(holders) < 2:
        return
    united = _united_with(lead, column, from_, columns)
    choices = [f"'{source}.{column}'" for source in holders]
    if united:
        choices[0] += f" (of {' and '.join(united)} too)"
    sources = " and in ".join([holders[0], *united, *holders[1:]])
    raise ConfigValueError(
        f"fields.{name}",
        Message("data.column_in_several", column=column, sources=sources),
        Message("data.column_with", choices=combine("core.either", choices)),
    )


def _list_holders(
    lead: str, column: str, from_: From, columns: Mapping[str, Collection[str]]
) -> list[str]:
    """The joined sources that have a column which is not the one that they are joined on."""
    holders: list[str] = []
    if lead:
        holders.append(lead)
    for partner, how in from_.partners.items():
        if column in (how.aggregates or columns[partner]) and column != how.right:
            holders.append(partner)
    return holders


def _united_with(
    lead: str, column: str, from_: From, columns: Mapping[str, Collection[str]]
) -> list[str]:
    """The other sources that lead beside one and have a column too; none where none leads."""
    if not lead:
        return []
    return [source for source in from_.union if source != lead and column in columns[source]]


def resolve_columns(
    con: DuckDBPyConnection, dataset: Dataset, collected: Mapping[str, Collected]
) -> ColumnNames:
    """Find what each field's column means.

    Raises:
        ConfigValueError: it is in no source, or in two joined sources.
    """
    sources, leads = row_sources(dataset), dataset.lead_sources
    source_types = _describe_sources(con, sources, dataset.source)
    types = _merge_types(source_types)
    exact = set(types)
    if dataset.source.partners:
        types = _qualify_types(source_types, leads) | types
    asked = _list_asked(dataset)
    positions = _find_positions(asked.values(), types, collected, sources)
    types |= {name: types[column] for name, column in positions.items() if column in types}
    columns = added_columns(dataset.source, {source: c.columns for source, c in collected.items()})
    names = ColumnNames(sources, leads, columns, source_types, types, exact, positions)
    for name, column in asked.items():
        _check_column(dataset, name, column, names)
    return names


def _list_asked(dataset: Dataset) -> dict[str, str]:
    """The column that each field names, its own name where it names none."""
    return {name: field.column or name for name, field in dataset.fields.items()}


def _check_column(dataset: Dataset, name: str, column: str, names: ColumnNames) -> None:
    """Refuse a field's column that no source has, or two joined sources."""
    if column not in names.types:
        raise ConfigValueError(
            f"fields.{name}",
            Message("data.no_source_has_column", column=column),
            Message("data.column_of_source"),
            sorted(names.types),
            column,
        )
    meant = names.positions.get(column, column)
    refuse_ambiguous(name, meant, dataset.source, names.columns)


def _describe_sources(
    con: DuckDBPyConnection, sources: Iterable[str], from_: From
) -> dict[tuple[str, str], str]:
    """The engine's type of each column, by source and column."""
    found: dict[tuple[str, str], str] = {}
    for source in sources:
        how = from_.partners.get(source)
        if how and how.aggregates:
            for column, kind in describe_columns(con, joined_table(source, how)).items():
                if column in how.aggregates:
                    found[source, column] = kind
            if source not in from_.leads:
                continue
        for column, kind in describe_columns(con, quote("src_" + source)).items():
            if column not in PLACE_COLUMNS:
                found[source, column] = kind
    return found


def _merge_types(source_types: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """The type of each column; sources that differ meet as text."""
    types: dict[str, str] = {}
    for (_, column), kind in source_types.items():
        ingested = _ingested_type(kind)
        if types.setdefault(column, ingested) != ingested:
            types[column] = "VARCHAR"
    return types


def _qualify_types(
    source_types: Mapping[tuple[str, str], str], leads: Sequence[str]
) -> dict[str, str]:
    """The type of each `source.column`; of a lead source it names that column of all leads."""
    types: dict[str, str] = {}
    for source, column in source_types:
        among = leads if source in leads else (source,)
        types[f"{source}.{column}"] = _shared_type(column, among, source_types)
    return types


def _ingested_type(kind: str) -> str:
    return kind if kind in IBIS or DECIMAL.fullmatch(kind) else "VARCHAR"


def _shared_type(
    column: str, sources: Iterable[str], source_types: Mapping[tuple[str, str], str]
) -> str:
    """The type of a column in all sources that have it; text where they differ."""
    kinds = {source_types[s, column] for s in sources if (s, column) in source_types}
    return _ingested_type(kinds.pop()) if len(kinds) == 1 else "VARCHAR"


def _find_positions(
    asked: Iterable[str],
    types: Mapping[str, str],
    collected: Mapping[str, Collected],
    sources: Iterable[str],
) -> dict[str, str]:
    """The column that each name of the form `#3` points to; a column of that very name wins."""
    found: dict[str, str] = {}
    for name in asked:
        column = None if name in types else find_position(name, collected, sources)
        if column:
            found[name] = column
    return found
