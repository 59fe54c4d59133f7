"""What the column that a field names means: a column of a source, `source.column` or `#3`.

Knows the columns that sources gave. Reads no row.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected
from mesocosm.data.dataset import Dataset, From

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


def lead_sources(dataset: Dataset) -> tuple[str, ...]:
    """The sources whose rows lead, in order; other sources add columns to them."""
    return tuple(dict.fromkeys([*_leads(dataset.source), *_test_sources(dataset)]))


def _leads(from_: From) -> tuple[str, ...]:
    return from_.union or from_.join[:1]


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
    known = {s: columns.get(s, ()) for s in dataset.all_sources}
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
    problems: list[ConfigValueError] = []
    from_ = dataset.source
    for partner, key in from_.partners.items():
        for source in (*_leads(from_), partner):
            if source in columns and key not in columns[source]:
                problems.append(
                    ConfigValueError(
                        join_setting(from_, partner),
                        Message("data.source_without_column", source=source, column=key),
                        Message("data.column_of_both"),
                        sorted(columns[source]),
                        key,
                    )
                )
    return problems


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
    lead = next((s for s in _leads(from_) if column in columns[s]), "")
    holders = [lead] if lead else []
    holders += [p for p, key in from_.partners.items() if column in columns[p] and column != key]
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
        f"'column: ' with {' or '.join(choices)}",
    )


def _united_with(
    lead: str, column: str, from_: From, columns: Mapping[str, Collection[str]]
) -> list[str]:
    """The other sources that lead beside one and have a column too; none where none leads."""
    if not lead:
        return []
    return [source for source in from_.union if source != lead and column in columns[source]]
