"""Problems at a path of the file: what checks yield, before a place is known.

Knows paths of keys and positions. Knows no section.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message, Text

Path = tuple[str | int, ...]  # a setting's keys and list positions, from the top of the file
Fault = tuple[Path, ConfigValueError]


def fault(
    path: Path,
    found: Text,
    expected: Text = "",
    choices: Sequence[str] = (),
    word: str = "",
    key: str = "",
) -> Fault:
    """A problem at a path of the file; `key` is a setting that is missing at the path."""
    return path, ConfigValueError(key, found, expected, choices, word)


def unknown_field(path: Path, dataset: str, fields: Iterable[str], field: str) -> Fault:
    """A word that is not a field of the dataset."""
    return fault(
        path,
        Message("config.dataset_without_field", dataset=dataset, field=field),
        Message("config.field_of_it"),
        sorted(fields),
        field,
    )
