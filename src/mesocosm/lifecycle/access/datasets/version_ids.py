"""How the versions of a dataset are named: `credit@3-ab12cd34` is its third, of that fingerprint.

Knows the catalog's snapshots. The Delta table's own number is another: a build that stopped uses
one up.
"""

from __future__ import annotations

from collections.abc import Mapping

from mesocosm.catalog import Catalog


def read_number(snapshot: Mapping[str, object]) -> str:
    """The number of a dataset's version, as its id has it; versions count from 1.

    >>> read_number({"id": "credit@3-ab12cd34"})
    '3'
    """
    return str(snapshot["id"]).rpartition("@")[2].partition("-")[0]


def choose_next_id(catalog: Catalog, dataset: str, made: str) -> str:
    """The id of the next version of a dataset.

    Args:
        made: the fingerprint of what it is built from.
    """
    numbers = [int(n) for s in catalog.snapshots(dataset) if (n := read_number(s)).isdigit()]
    return f"{dataset}@{max(numbers, default=0) + 1}-{made[:8]}"
