"""What datasets that read datasets require: no circle, and nothing private that becomes public.

Knows the grammar.
"""

from __future__ import annotations

from collections.abc import Iterator

from mesocosm.config.schema import Ecosystem
from mesocosm.core.faults import Fault, fault
from mesocosm.core.messages import Message
from mesocosm.data.dataset import Dataset

HIDDEN = "hidden"
COUNTS = ("count", "distinct")  # aggregates that tell nothing of a value


def check_chains(eco: Ecosystem) -> Iterator[Fault]:
    """Circles of datasets, drafts of datasets, and private columns that are read as public ones."""
    for name, data in eco.datasets.items():
        circle = _find_circle(eco, name)
        if circle and name == min(circle):
            names = " -> ".join([*circle, circle[0]])
            found = Message("config.datasets_in_circle", names=names)
            yield fault(("datasets", name, "from"), found, Message("config.no_circle"))
        read = _read_datasets(eco, name)
        if data.auto and read:
            found = Message("config.draft_of_dataset", dataset=read[0])
            yield fault(("datasets", name, "from"), found, Message("config.fields_written"))
        yield from _check_private(eco, name, data)


def _read_datasets(eco: Ecosystem, name: str) -> list[str]:
    """The datasets that a dataset reads."""
    read = dict.fromkeys(eco.datasets[name].all_sources)
    return [source for source in read if source in eco.datasets and source not in eco.sources]


def _find_circle(eco: Ecosystem, start: str) -> list[str]:
    """The shortest way from a dataset back to itself; empty where there is none."""
    ways = [[start]]
    seen: set[str] = set()
    for way in ways:
        for name in _read_datasets(eco, way[-1]):
            if name == start:
                return way
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []


def _check_private(eco: Ecosystem, name: str, data: Dataset) -> Iterator[Fault]:
    """A field that reads a private field of a dataset is private too; one that reads none is not
    hidden already.
    """
    for field, kind in data.fields.items():
        origin = _find_private(eco, data, kind.column or field)
        path = ("datasets", name, "fields", field)
        if origin and not kind.private:
            found = Message("config.reads_private", field=origin[1], dataset=origin[0])
            yield fault(path, found, Message("config.private_hidden"))
        if kind.private and kind.private.method == HIDDEN and not origin:
            found = Message("config.nothing_hidden", field=field)
            yield fault((*path, "private"), found, Message("config.private_method"))


def _find_private(eco: Ecosystem, data: Dataset, column: str) -> tuple[str, str] | None:
    """The dataset and its private field that a column is read from; None where it is none."""
    for source in data.source.sources:
        if source not in eco.datasets or source in eco.sources:
            continue
        own = column.removeprefix(f"{source}.")
        how = data.source.lookup.get(source)
        aggregate = how.partner.aggregates.get(own) if how else None
        if aggregate is not None:
            own = "" if aggregate.function in COUNTS else str(aggregate.column)
        kind = eco.datasets[source].fields.get(own)
        if kind is not None and kind.private:
            return source, own
    return None
