"""What a role that does not own the ecosystem may be shown of it: figures, and no value of a row."""

from __future__ import annotations

from typing import Any

VALUES = frozenset(["examples"])  # keys whose values quote rows of sources or of test parts


def without_values(record: Any) -> Any:
    """A record as JSON-ready data without the entries that quote rows.

    >>> without_values({"report": {"rows": 3, "examples": {"age": [["4o", "40"]]}}})
    {'report': {'rows': 3}}
    """
    if isinstance(record, dict):
        return {key: without_values(value) for key, value in record.items() if key not in VALUES}
    if isinstance(record, (list, tuple)):
        return [without_values(value) for value in record]
    return record
