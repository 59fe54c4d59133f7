"""Results of the verbs of data: versions, what differs between them, erasure, keys and aggregates.
Knows shapes only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from mesocosm.core.records import OMIT, Json, JsonObject, Record

FROM = {"key": "from"}


@dataclass(frozen=True, slots=True)
class DatasetVersion(Record):
    """A version of a dataset.

    Args:
        id: such as `credit@3-ab12cd34`.
        delta: the version of its table of rows.
        account: how many rows came `in`, and were `kept`, `quarantined`, `duplicates`, ...
        previous: the version before it; None of the first.
        at: when it was built, in seconds since 1970.
        files: the fingerprint of each source file.
    """

    id: str
    delta: int
    account: Mapping[str, int]
    previous: str | None
    at: float
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DatasetVersions(Record):
    """The versions of a dataset, the oldest first."""

    dataset: str
    versions: tuple[DatasetVersion, ...]


@dataclass(frozen=True, slots=True)
class ExportedRows(Record):
    """A file that holds the rows of a version."""

    dataset: str
    version: str
    rows: int
    written: str


@dataclass(frozen=True, slots=True)
class FieldDifference(Record):
    """The figures of a field in two versions; `psi` is the population stability index, None where
    it is not known.
    """

    old: JsonObject
    new: JsonObject
    psi: float | None


@dataclass(frozen=True, slots=True)
class RowChanges(Record):
    """How many rows were added, removed and changed, and how many are the same."""

    added: int
    removed: int
    changed: int
    same: int


@dataclass(frozen=True, slots=True)
class DatasetDifference(Record):
    """What differs between two versions of a dataset.

    Args:
        old: the id of the one.
        new: the id of the other.
        files: the source files that changed.
        account: the row counts of both, under `old` and `new`.
        rows: how many rows changed.
        changed: by field, in how many rows it changed.
        fields: the figures of each field.
        only_old: fields that only the old one has.
        only_new: fields that only the new one has.
    """

    dataset: str
    old: str
    new: str
    files: tuple[str, ...]
    account: Mapping[str, JsonObject]
    rows: RowChanges
    changed: Mapping[str, int]
    fields: Mapping[str, FieldDifference]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatasetRollback(Record):
    """An old version that is the newest again.

    Args:
        before: the version that was the newest.
        to: the new version.
        is_version: the old version whose rows it has.
        models: versions that were trained on the one that is left; they stay.
    """

    dataset: str
    before: str = field(metadata=FROM)
    to: str
    is_version: str = field(metadata={"key": "is"})
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ErasedRows(Record):
    """What one dataset lost.

    Args:
        rows: by table, how many rows.
        predictions: how many logged predictions.
        models: versions that were trained on the rows, and stay, marked.
        exact: versions from which the rows were unlearned exactly.
        still_found_in: files in which a key is found yet; empty where the erasure is proven.
        scanned: for how many keys every file was scanned.
    """

    dataset: str
    rows: Mapping[str, int]
    predictions: int
    models: tuple[str, ...]
    exact: tuple[JsonObject, ...]
    still_found_in: tuple[str, ...]
    scanned: int


@dataclass(frozen=True, slots=True)
class Erasure(ErasedRows):
    """What the erasure of some subjects removed.

    Args:
        others: the same of each other dataset over the same source.
        not_reached: by dataset, why it was not searched.
        absent: how many keys are held nowhere.
    """

    others: tuple[ErasedRows, ...]
    not_reached: Mapping[str, str]
    absent: int


@dataclass(frozen=True, slots=True)
class RevealedValue(Record):
    """A decrypted value, and the number of its row."""

    row: int
    value: Json


@dataclass(frozen=True, slots=True)
class Revealed(Record):
    """The decrypted values of a field in the rows of some keys."""

    dataset: str
    field: str
    found: tuple[RevealedValue, ...]


@dataclass(frozen=True, slots=True)
class KeyRotation(Record):
    """A new key for encrypted fields.

    Args:
        key: the name of the new key.
        let_go: the names of the old keys that were deleted.
        sealed: by dataset, the fields that were encrypted again.
    """

    key: str
    let_go: tuple[str, ...]
    sealed: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class GroupAnswer(Record):
    """The private count or mean of one group; `sd` is the standard deviation of a count's noise."""

    group: str | None
    mean: float | None = field(default=None, metadata=OMIT)
    count: int = 0
    sd: float | None = field(default=None, metadata=OMIT)


@dataclass(frozen=True, slots=True)
class PrivateAnswer(Record):
    """A differentially private answer, and the budget that is `left`."""

    dataset: str
    version: str
    what: str
    epsilon: float
    left: float
    answers: tuple[GroupAnswer, ...]


@dataclass(frozen=True, slots=True)
class RowsToLabel(Record):
    """The file in which a person corrects `rows` rows of a dataset."""

    dataset: str
    rows: int
    file: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """What was built, as OpenLineage events; `lines` has each as a line of JSON."""

    lines: tuple[str, ...] = field(repr=False)

    @property
    def events(self) -> tuple[JsonObject, ...]:
        """The events, the oldest first."""
        return tuple(json.loads(line) for line in self.lines)

    def to_json(self) -> dict[str, Json]:
        """The events as JSON-ready data."""
        return {"events": list(self.events)}


@dataclass(frozen=True, slots=True)
class Backup(Record):
    """An archive of a file and its store.

    Args:
        release: of Mesocosm, that wrote it.
        schema: the version of the catalog's schema.
        at: when it was written, in seconds since 1970.
        files: how many files of the store it has.
        bytes: how many bytes those have, before compression.
        archive: the file.
    """

    release: str
    schema: str
    at: float
    files: int
    bytes: int
    archive: str


@dataclass(frozen=True, slots=True)
class Restored(Record):
    """A store that was restored from an archive.

    Args:
        release: of Mesocosm, that wrote it.
        schema: the version of the catalog's schema.
        at: when it was written, in seconds since 1970.
        files: how many files of the store it has.
        bytes: how many bytes those have.
        file: the project's file.
        before: where the store is that was there; None where there was none.
    """

    release: str
    schema: str
    at: float
    files: int
    bytes: int
    file: str
    before: str | None
