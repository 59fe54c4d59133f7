"""Erasure of a subject: from snapshots, quarantine, prediction logs and caches; proven by a scan.

Knows the catalog and the doors of data. The key itself is never written anywhere, only its mark.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

from sqlalchemy import Connection, insert, select, update

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import SnapshotRow, VersionRow
from mesocosm.catalog.store import LEARNED
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.records import Json, JsonObject
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.recipe import columns_of
from mesocosm.learning.tasks.registry import recorded_task
from mesocosm.lifecycle.access.answer_index import erase_answers
from mesocosm.lifecycle.access.datasets.history import find_dataset, find_version
from mesocosm.lifecycle.access.prediction_erasure import erase_predictions
from mesocosm.lifecycle.access.pseudonym_key import read_private_key
from mesocosm.lifecycle.access.subject_search import (
    find_held_keys,
    find_removed_sharing,
    find_sharing,
)
from mesocosm.lifecycle.build_lock import hold_build_lock
from mesocosm.lifecycle.chains import find_upstream, make_downstream_stale
from mesocosm.lifecycle.jobs.erased_rows import (
    find_downstream_places,
    find_places,
    learns_repairs,
    list_scanned,
    match_places,
    reduce_account,
    without_row_repairs,
    without_words,
)
from mesocosm.lifecycle.jobs.unlearn import Unlearned, erase_texts, note_erasure, unlearn
from mesocosm.lifecycle.project_store import locate_project

CACHES = ("features", "drafts", "work", "bases")  # what may hold texts or features of rows


class ErasedData(TypedDict):
    """What a dataset lost: by table how many `rows`, how many `predictions`, the `models` that were
    trained on the rows and stay, the certificates of those that unlearned them (`exact`), and the
    files in which one of the `scanned` keys is found yet.
    """

    dataset: str
    rows: dict[str, int]
    predictions: int
    models: list[str]
    exact: list[JsonObject]
    still_found_in: list[str]
    scanned: int


class ErasureData(ErasedData):
    """What a dataset and those that share a source with it lost."""

    others: list[ErasedData]
    not_reached: dict[str, str]
    absent: int


def forget(
    spec: Spec, catalog: Catalog, dataset: str, keys: Sequence[str], who: str = "forget"
) -> ErasureData:
    """Erase subjects from a dataset and from all that share a source with it, and say what was
    erased and where, if anywhere, a key is still found.

    A key that is held nowhere erases nothing: versions that a typing error would cost do not come
    back. Its mark is kept, so that rows of it that come later are left out.

    Returns:
        What `dataset` lost; the same of each other dataset under `others`; under `not_reached`
        those that share a source and have no field of the key's column, with the reason; under
        `absent` how many keys are held nowhere.

    Raises:
        ConfigValueError: there is no such dataset, it has no key, or a key that is given is empty.
        MesocosmError: it was not built yet.
    """
    key = _key_field(spec, dataset, keys)
    sharing, not_reached = find_sharing(spec, catalog, dataset)
    fields: dict[str, str | None] = {dataset: key, **sharing, **dict.fromkeys(not_reached)}
    held = find_held_keys(spec, catalog, fields, keys)
    absent = [key for key in keys if key not in held]
    removed = find_removed_sharing(spec, catalog, dataset)
    _leave_out(spec, catalog, dataset, absent, who)
    if not held:
        return {**_describe_nothing(dataset, len(absent)), "not_reached": removed}
    keyed = {dataset: key, **sharing}
    places = find_places(spec, catalog, keyed, held)
    downstream = find_downstream_places(spec, catalog, [*keyed], places)
    others = [
        Erasure(spec, catalog, name, None, held, who, found).run()
        for name, found in downstream.items()
        if found
    ]
    earlier = {name for name, found in downstream.items() if not found}
    removed |= dict.fromkeys(earlier, Message("lifecycle.built_of_other_files").render())
    removed |= dict.fromkeys(
        find_upstream(spec, dataset), Message("lifecycle.upstream_keeps", name=dataset).render()
    )
    others += [
        Erasure(spec, catalog, name, field, held, who).run() for name, field in sharing.items()
    ]
    for name in not_reached:  # its broken lines may name the subject all the same
        Erasure(spec, catalog, name, None, held, who).run()
    # last, so that its scan of the store is of all
    done = Erasure(spec, catalog, dataset, key, held, who).run()
    unreached = {**not_reached, **removed}
    return {**done, "others": others, "not_reached": unreached, "absent": len(absent)}


def _describe_nothing(dataset: str, absent: int) -> ErasureData:
    """The result where some keys are held nowhere."""
    return {
        "dataset": dataset,
        "rows": {},
        "predictions": 0,
        "models": [],
        "exact": [],
        "still_found_in": [],
        "scanned": 0,
        "others": [],
        "not_reached": {},
        "absent": absent,
    }


def _key_field(spec: Spec, dataset: str, keys: Sequence[str]) -> str:
    """The key field of a dataset.

    Raises:
        ConfigValueError: there is no such dataset, it has no key, or a key that is given is empty.
    """
    data = find_dataset(spec, dataset)
    if not data.key:
        raise ConfigValueError(
            "", Message("lifecycle.no_key", dataset=dataset), Message("lifecycle.set_key")
        )
    if any(not key.strip() for key in keys):
        raise ConfigValueError(
            "", Message("lifecycle.empty_key"), Message("lifecycle.key_of_subject")
        )
    return data.key


def _leave_out(spec: Spec, catalog: Catalog, dataset: str, keys: Sequence[str], who: str) -> None:
    """Keep the marks of keys that nothing holds, so that later builds leave their rows out."""
    from mesocosm.data.snapshots.erasure import mark_key

    secret = read_private_key(locate_project(spec).store)
    given = dict.fromkeys(mark_key(key, secret) for key in keys)
    with catalog.transaction() as con:
        known = _read_marks(con, dataset)
        marks = [mark for mark in given if mark not in known]
        if not marks:
            return
        now = catalog.clock()
        con.execute(
            insert(t.FORGOTTEN), [{"dataset": dataset, "mark": m, "at": now} for m in marks]
        )
        why = f"{len(marks)} subjects that nothing holds: their rows will be left out"
        catalog.write_audit(con, who, "forget", f"datasets.{dataset}", why)


def _read_marks(con: Connection, dataset: str) -> set[str]:
    """The marks of the subjects that were erased from a dataset."""
    query = select(t.FORGOTTEN.c.mark).where(t.FORGOTTEN.c.dataset == dataset)
    return {row[0] for row in con.execute(query)}


@dataclass(frozen=True)
class _ErasedRows:
    """What left the tables of a dataset: their new `versions`, how many rows each lost (`counts`),
    and the numbers of the `rows`.
    """

    versions: dict[str, int]
    counts: dict[str, int]
    rows: list[int]


@dataclass(frozen=True)
class _Trained:
    """The versions that were trained on erased rows: `exact` replacements, their records, and their
    ids.
    """

    exact: list[Unlearned]
    versions: list[VersionRow]
    ids: list[str]


@dataclass(frozen=True)
class Erasure:
    """The erasure of some keys from one dataset.

    Args:
        spec: the file.
        catalog: the catalog.
        dataset: the dataset's name.
        subject: the field that holds the keys; None erases only what its quarantine has of them.
        keys: the keys, as they were given.
        who: who asked, for the audit.
        places: the files and lines of erased rows, where the dataset reads a dataset that had them.
    """

    spec: Spec
    catalog: Catalog
    dataset: str
    subject: str | None
    keys: Sequence[str]
    who: str
    places: frozenset[str] = frozenset()

    @property
    def store(self) -> Path:
        """The folder `.mesocosm`."""
        return locate_project(self.spec).store

    @property
    def data(self) -> Dataset:
        """The dataset's settings."""
        return find_dataset(self.spec, self.dataset)

    def run(self) -> ErasedData:
        """Erase, scan the store for the keys, and return what was erased."""
        with hold_build_lock(self.store, wait=30):
            snapshot = find_version(self.catalog, self.dataset, "newest")
            hidden = self._hidden_keys()
            words = {word for word in (*hidden, *self.keys) if word}
            self._check_tasks()
            erased = self._erase_rows(snapshot, hidden)
            trained = self._unlearn(snapshot, erased)
            changed = erase_texts(self.store, trained.versions, set(erased.rows))
            logs = self._record(snapshot, erased, trained, changed, words)
            self._erase_copies(snapshot, erased)
            scanned = list_scanned(words)
            still = self._scan(scanned)
        return {
            "dataset": self.dataset,
            "rows": erased.counts,
            "predictions": logs,
            "models": trained.ids,
            "exact": [unlearned.to_json() for unlearned in trained.exact],
            "still_found_in": still,
            "scanned": len(scanned),
        }

    def _erase_copies(self, snapshot: SnapshotRow, erased: _ErasedRows) -> None:
        """Delete the caches, and take the rows out of answer indexes and freed pages."""
        from mesocosm.data.sources.page_cache import forget_kept

        for cache in CACHES:
            shutil.rmtree(self.store / cache, ignore_errors=True)
        forget_kept(self.store)
        erase_answers(self.store, set(erased.rows), self.dataset, snapshot["id"])
        self.catalog.scrub()

    def _scan(self, words: Sequence[str]) -> list[str]:
        """The files of the store in which one of some words is found."""
        from mesocosm.data.snapshots.erasure import find_files_with

        if not words:
            return []
        return find_files_with(self.store, words)

    def _hidden_keys(self) -> list[str]:
        """The keys as the rows hold them: masked, pseudonymised or plain."""
        from mesocosm.data.snapshots.erasure import keys_as_kept

        if not self.subject:
            return list(self.keys)
        return keys_as_kept(self.data.fields[self.subject], self.keys, read_private_key(self.store))

    def _check_tasks(self) -> None:
        """Refuse before anything is erased where it is not known what a version keeps of rows.

        Raises:
            MesocosmError: the task of a version is not installed.
        """
        for version in self._versions(self._models()):
            recorded_task(version["recipe"])

    def _erase_rows(self, snapshot: SnapshotRow, hidden: Sequence[str]) -> _ErasedRows:
        from mesocosm.data.pipeline.ibis_sql import prepare
        from mesocosm.data.snapshots.erasure import erase, match_keys, match_text
        from mesocosm.data.sources.path_utils import quote

        conditions = {"rows": "false", "quarantine": match_text(self.keys)}
        if self.places:
            conditions = match_places(self.places, self.keys)
        if self.subject:
            opened = None
            if self.data.fields[self.subject].sealed:
                opened = f"opened({quote(self.subject)})"
            conditions = match_keys(self.subject, hidden, self.keys, opened)
        path, store = self.store / snapshot["path"], self.store
        delta = snapshot["report"]["delta"]
        versions, counts, rows = erase(
            path, delta, conditions, snapshot["made"], lambda con: prepare(con, store)
        )
        return _ErasedRows(versions, counts, rows)

    def _unlearn(self, snapshot: SnapshotRow, erased: _ErasedRows) -> _Trained:
        """Replace the versions that can be fitted again exactly; the rest are named."""
        names = self._models()
        exact = unlearn(self.catalog, self.store, names, snapshot["id"], erased.rows, self.who)
        without = {done.before for done in exact} | {done.to for done in exact}
        versions = [v for v in self._versions(names) if v["id"] not in without]
        return _Trained(exact, versions, [version["id"] for version in versions])

    def _models(self) -> list[str]:
        """The models that are trained on the dataset, and those that were: a model that the file
        no longer has keeps what it learned until it is pruned.
        """
        models = self.spec.eco.models.items()
        named = {name for name, model in models if model.dataset == self.dataset}
        return sorted(named | self.catalog.list_models_trained_on(self.dataset))

    def _versions(self, models: Sequence[str]) -> Iterator[VersionRow]:
        """The versions of some models."""
        for name in models:
            yield from self.catalog.versions(name)

    def _record(
        self,
        snapshot: SnapshotRow,
        erased: _ErasedRows,
        trained: _Trained,
        changed: Mapping[str, Mapping[str, object]],
        words: set[str],
    ) -> int:
        """Write all of it to the catalog in one transaction; how many logged predictions went."""
        catalog = self.catalog
        with catalog.transaction() as con:
            self._keep_marks(con)
            self._keep_snapshot(con, snapshot, erased, words)
            if self.data.anonymity:
                catalog.make_stale(con, f"datasets.{self.dataset}")
            if learns_repairs(snapshot):
                catalog.make_stale(con, f"datasets.{self.dataset}", LEARNED)
            make_downstream_stale(self.spec, catalog, con, self.dataset)
            for version, values in changed.items():
                con.execute(update(t.VERSIONS).where(t.VERSIONS.c.id == version).values(**values))
            fields = [field for field in (self.subject,) if field]
            logs = erase_predictions(con, fields, words)
            for version in trained.ids:
                note_erasure(con, version)
            why = (
                f"{len(self.keys)} subjects: {sum(erased.counts.values())} rows, {logs}"
                f" predictions; models that were trained on them: {len(trained.ids)}"
            )
            catalog.write_audit(con, self.who, "forget", f"datasets.{self.dataset}", why)
        return logs

    def _keep_marks(self, con: Connection) -> None:
        from mesocosm.data.snapshots.erasure import mark_key

        if not self.subject:
            return
        suffix = ""
        if self.subject != self.data.key:
            suffix = f"@{columns_of(self.data.fields)[self.subject]}"
        secret, now = read_private_key(self.store), self.catalog.clock()
        marks = [
            {"dataset": self.dataset, "mark": mark_key(key, secret) + suffix, "at": now}
            for key in self.keys
        ]
        con.execute(insert(t.FORGOTTEN), marks)

    def _keep_snapshot(
        self, con: Connection, snapshot: SnapshotRow, erased: _ErasedRows, words: set[str]
    ) -> None:
        report = snapshot["report"] | {"delta": erased.versions, "examples": {}}
        values: dict[str, object] = {
            "delta": erased.versions["rows"],
            "account": reduce_account(snapshot["account"], erased.counts, "forgotten"),
            "report": without_words(cast(Json, report), words),
            "facts": without_words(cast(Json, without_row_repairs(snapshot)), words),
        }
        self.catalog.keep_only(con, snapshot, **values)
