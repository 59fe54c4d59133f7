"""Verbs of data: versions, privacy, lineage and backups of datasets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.api.results.changed_cells import DatasetChanges
from mesocosm.api.results.checks import DatasetChecks
from mesocosm.api.results.data import (
    Backup,
    DatasetDifference,
    DatasetRollback,
    DatasetVersions,
    Erasure,
    ExportedRows,
    KeyRotation,
    Lineage,
    PrivateAnswer,
    Restored,
    Revealed,
    RowsToLabel,
)
from mesocosm.api.verbs.group import VerbGroup, require_name, write_page
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.lifecycle.jobs.privacy_budget import PrivateQuery

Keys = str | Sequence[str]


class DataVerbs(VerbGroup):
    """`eco.data`: versions, privacy and lineage of datasets."""

    def versions(self, dataset: str, at: str | None = None) -> DatasetVersions:
        """The versions of a dataset, the oldest first.

        Args:
            dataset: its name.
            at: one of them only: by number, id, `newest`, `previous`, or the time it stood.

        Raises:
            ConfigValueError: there is no such dataset or version.
            MesocosmError: it was not built.
        """
        from mesocosm.lifecycle.access.datasets.history import find_dataset, find_version

        find_dataset(self._eco.spec, dataset)
        snapshots = self._eco.catalog.snapshots(dataset)
        if at:
            snapshots = [find_version(self._eco.catalog, dataset, at)]
        if not snapshots:
            raise MesocosmError(Message("api.not_built", name=dataset))
        return DatasetVersions.from_json({"dataset": dataset, "versions": snapshots})

    def export_rows(self, dataset: str, out: str | Path, at: str = "newest") -> ExportedRows:
        """Write the rows of a version to a file.

        Args:
            dataset: its name.
            out: a .csv, .parquet, .json or .jsonl file.
            at: the version, by number, id, `newest`, `previous`, or the time it stood.

        Raises:
            ConfigValueError: there is no such dataset or version, or the ending is not known.
            MesocosmError: it was not built.
        """
        from mesocosm.lifecycle.access.datasets.history import export_rows

        eco = self._eco
        return ExportedRows.from_json(export_rows(eco.spec, eco.catalog, dataset, at, Path(out)))

    def diff(self, dataset: str, old: str = "previous", new: str = "newest") -> DatasetDifference:
        """Rows and statistics that differ between two versions of a dataset.

        Args:
            dataset: its name.
            old: a version by number, id, `previous`, or the time it stood.
            new: another, the same way.

        Raises:
            ConfigValueError: there is no such dataset or version.
            MesocosmError: it was not built.
        """
        from mesocosm.lifecycle.access.datasets.history import compare_versions

        eco = self._eco
        found = compare_versions(eco.spec, eco.catalog, dataset, old, new)
        return DatasetDifference.from_json(found)

    def changes(
        self,
        dataset: str,
        field: str | None = None,
        step: str | None = None,
        rule: str | None = None,
        row: int | None = None,
        limit: int = 20,
        at: str = "newest",
    ) -> DatasetChanges:
        """The cells that the build of a version changed.

        Args:
            dataset: its name.
            field: of one field only.
            step: of one step only: `read`, `repairs`, `outliers` or `missing`.
            rule: of settings that contain this, as `unit: kg`.
            row: of the row of this number.
            limit: cells that are listed; the counts are of all.
            at: the version, by number, id, `newest`, `previous`, or the time it stood.

        Raises:
            ConfigValueError: there is no such dataset, version, field or step.
            MesocosmError: it was not built, or a release built it that recorded no changes.
        """
        from mesocosm.lifecycle.access.datasets.changed_cells import ChangeFilter, list_changes

        eco, wanted = self._eco, ChangeFilter(field, step, rule, row)
        found = list_changes(eco.spec, eco.catalog, dataset, wanted, limit, at)
        return DatasetChanges.from_json(found)

    def checks(
        self, dataset: str, rule: str | None = None, rows: int | None = None
    ) -> DatasetChecks:
        """What the builds of a dataset found of its rules, version by version.

        Args:
            dataset: its name.
            rule: of the rules whose words hold this text.
            rows: also list up to so many quarantined rows that break the rule.

        Raises:
            ConfigValueError: there is no such dataset or rule.
            MesocosmError: it was not built.
        """
        from mesocosm.lifecycle.access.datasets.check_history import list_broken_rows, list_checks

        eco = self._eco
        found: dict[str, object] = {**list_checks(eco.spec, eco.catalog, dataset, rule)}
        if rows is not None:
            found["rows"] = list_broken_rows(eco.spec, eco.catalog, dataset, rule or "", rows)
        return DatasetChecks.from_json(found)

    def rollback(self, dataset: str, to: str = "previous", why: str = "by hand") -> DatasetRollback:
        """Make an old version of a dataset the newest again; nothing that came after it is lost.

        Args:
            dataset: its name.
            to: a version by number, id, or the time it stood.
            why: written into the history.

        Raises:
            ConfigValueError: there is no such dataset or version.
            MesocosmError: it is the newest version already.
        """
        from mesocosm.lifecycle.access.datasets.history import restore_version
        from mesocosm.lifecycle.file_datasets import resolve_datasets

        eco = self._eco
        require_name(
            Message("api.no_dataset", dataset=dataset[:60]), dataset, resolve_datasets(eco.spec)
        )
        found = restore_version(eco.spec, eco.catalog, dataset, to, eco.who, why)
        return DatasetRollback.from_json(found)

    def forget(self, dataset: str, key: Keys) -> Erasure:
        """Erase a subject from snapshots, quarantine, prediction logs and caches, for good, and
        prove it by a scan: `still_found_in` is empty where it is proven.

        Args:
            dataset: the dataset that knows the subject.
            key: the subject's key, or several; never written down.

        Raises:
            ConfigValueError: there is no such dataset, it has no key, or a key is empty.
            MesocosmError: it was not built.
        """
        from mesocosm.lifecycle.jobs.erasure import forget

        return Erasure.from_json(
            forget(self._eco.spec, self._eco.catalog, dataset, _list_keys(key))
        )

    def reveal(self, field: str, dataset: str, key: Keys, why: str) -> Revealed:
        """Decrypt a field of the rows of a key; the audit keeps who asked and why.

        Args:
            field: an encrypted field.
            dataset: the dataset that holds the row.
            key: the row's key, or several.
            why: the reason; written into the audit.

        Raises:
            ConfigValueError: the field is not encrypted, or the dataset has no key.
            MesocosmError: nothing was built, or the encryption key is not at hand.
        """
        from mesocosm.lifecycle.jobs.encryption import reveal

        eco, keys = self._eco, _list_keys(key)
        return Revealed.from_json(reveal(eco.spec, eco.catalog, dataset, field, keys, why, eco.who))

    def rotate(self) -> KeyRotation:
        """Rotate the encryption key: encrypt every encrypted field again under a new key; older
        versions of the tables and the old keys are deleted.
        """
        from mesocosm.lifecycle.jobs.encryption import rotate

        eco = self._eco
        return KeyRotation.from_json(rotate(eco.spec, eco.catalog, eco.who))

    def aggregate(self, query: PrivateQuery) -> PrivateAnswer:
        """A differentially private count or mean of a dataset, from its privacy budget.

        Args:
            query: what is asked, such as `mesocosm.PrivateQuery("folk", 0.5, by="sex")`.

        Raises:
            ConfigValueError: a field is not of the kind it must be, or its bounds are missing.
            MesocosmError: the budget would be overdrawn, or nothing was built.
        """
        from mesocosm.lifecycle.jobs.privacy_budget import answer_query

        eco = self._eco
        return PrivateAnswer.from_json(answer_query(eco.spec, eco.catalog, query, eco.who))

    def label(self, dataset: str, rows: int = 20, out: str | Path | None = None) -> RowsToLabel:
        """Write the rows that show most of a dataset's errors, for a person to correct.

        Args:
            rows: how many.
            out: a new CSV file; `DATASET-labels.csv` in the project's folder without it.

        Raises:
            MesocosmError: the file is there already, or the dataset has too few public fields.
        """
        from mesocosm.lifecycle.access.datasets.history import find_dataset
        from mesocosm.lifecycle.review.error_labels import choose_labels

        spec = self._eco.spec
        find_dataset(spec, dataset)
        path = Path(out) if out else spec.root / f"{dataset}-labels.csv"
        return RowsToLabel(dataset, choose_labels(spec, dataset, path, rows), str(path))

    def lineage(self, out: str | Path | None = None) -> Lineage:
        """Where snapshots and model versions came from, as OpenLineage events, column by column.

        Args:
            out: a file to write the events to, one a line.

        Raises:
            MesocosmError: nothing was built.
        """
        from mesocosm.reports.openlineage import build_events

        found = Lineage(tuple(build_events(self._eco.spec, self._eco.catalog)))
        if not found.lines:
            raise MesocosmError(Message("api.nothing_built"))
        if out:
            write_page(Path(out), "\n".join(found.lines) + "\n")
        return found

    def backup(self, archive: str | Path) -> Backup:
        """Write the file and its store (catalog, snapshots, versions, keys) to one archive.

        Args:
            archive: the file to write, such as `store.tar.gz`; it must not exist yet.

        Raises:
            MesocosmError: there is no store, the archive exists, or a build is at work.
        """
        from mesocosm.api.verbs.files import backup

        return backup(archive, self._eco.spec.path)

    def restore(self, archive: str | Path, replace: bool = False) -> Restored:
        """Bring this ecosystem's store back from an archive; the file stays as it is.

        Args:
            archive: an archive of `backup`.
            replace: whether the store that is there is moved aside.

        Raises:
            MesocosmError: it is no archive of Mesocosm, a store is there and `replace` is false,
                or a server runs.
        """
        from mesocosm.api.verbs.files import restore

        restored = restore(archive, self._eco.spec.path, replace)
        self._eco.reopen()
        return restored


def _list_keys(key: Keys) -> list[str]:
    return [key] if isinstance(key, str) else list(key)
