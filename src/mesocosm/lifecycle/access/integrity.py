"""Whether what the catalog lists is still on disk as it was written: snapshots, model versions,
answer indexes.

Knows fingerprints and files. Changes nothing but its own cache: a file whose size and time of
change are those that it had when its fingerprint was last found right is not read again (as Git's
index does).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import DeploymentRow, SnapshotRow, VersionRow
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.files import write_json
from mesocosm.core.hashing import digest, digest_file
from mesocosm.core.records import JsonObject
from mesocosm.core.values.json_shapes import read_object
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.serving.settings import Service

TABLES = ("rows", "quarantine", "duplicates", "changes")
ANSWER_FILES = ("vectors.safetensors", "rows.json")


class Integrity:
    """Checks of one store.

    Args:
        thorough: read every file whole, whatever the cache says.
    """

    def __init__(self, store: Path, thorough: bool = False) -> None:
        self.store, self.thorough = store, thorough
        self.path = store / "verified.json"
        self.seen = _read_cache(self.path)
        self.kept: dict[str, list[object]] = {}

    def fingerprint(self, path: Path) -> str | None:
        """The fingerprint of a file; None where it cannot be read."""
        try:
            stat = path.stat()
            key, state = str(path.relative_to(self.store)), [stat.st_size, stat.st_mtime_ns]
            verified = self.seen.get(key)
            if verified and verified[:2] == state and not self.thorough:
                content = str(verified[2])
            else:
                content = digest_file(path)
            self.kept[key] = [*state, content]
            return content
        except (OSError, ValueError):
            return None

    def save(self) -> None:
        """Keep what was verified for the next check; where the store cannot be written to, all is
        read again then.
        """
        known = {
            key: held
            for key, held in (self.seen | self.kept).items()
            if (self.store / key).exists()
        }
        if known != self.seen:
            try:
                write_json(self.path, known)
            except OSError:
                return

    def check_snapshot(self, snapshot: SnapshotRow) -> str | None:
        """What is wrong with the files of a snapshot, as a sentence; None where nothing is."""
        for table in TABLES:
            version = snapshot["report"]["delta"].get(table)
            if version is None:
                continue
            fault = self._check_table(self.store / snapshot["path"] / table, version)
            if fault:
                return f"snapshot {snapshot['id']}: {fault}"
        return None

    def _check_table(self, path: Path, version: int) -> str | None:
        from mesocosm.data.snapshots.delta_tables import contents_of, files_of

        try:
            files = [Path(file) for file in files_of(path, version, verify=False)]
            contents = contents_of(path, version)
        except MesocosmError as error:
            return str(error).split(";")[0]
        for file in files:
            if not self._is_whole(file, contents.get(file.name)):
                return f"the file '{file.name}' of its {path.name} is damaged"
        return None

    def _is_whole(self, file: Path, content: str | None) -> bool:
        """Whether a file is as it was written; one that was written before contents were kept is
        read where `thorough`.
        """
        if content is not None:
            return self.fingerprint(file) == content
        return (not self.thorough and file.is_file()) or _is_parquet(file)

    def check_version(self, version: VersionRow) -> str | None:
        """What is wrong with the files of a model version; None where nothing is."""
        folder = self.store / version["path"]
        if not folder.is_dir():
            return f"version {version['id']}: its files are gone"
        if self._hash_folder(folder) != version["content"]:
            return f"version {version['id']}: its files are not those that were written"
        return None

    def _hash_folder(self, folder: Path) -> str:
        """The hash of the names and the fingerprints of a folder's files."""
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        return digest([(p.relative_to(folder).as_posix(), self.fingerprint(p)) for p in files])

    def check_answers(self, folder: Path) -> str | None:
        """What is wrong with an answer index."""
        if not all((folder / name).is_file() for name in ANSWER_FILES):
            return "its answer index is gone"
        kept = folder / "contents.json"
        if not kept.exists():  # indexes from before contents were kept
            return None
        if not self._holds(folder, _read_contents(kept)):
            return "its answer index is damaged"
        return None

    def _holds(self, folder: Path, contents: JsonObject) -> bool:
        """Whether the files of an answer index are as they were written."""
        return all(self.fingerprint(folder / n) == contents.get(n, "") for n in ANSWER_FILES)


def _read_contents(path: Path) -> JsonObject:
    """The fingerprints of an answer index; none where they cannot be read."""
    try:
        return read_object(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _read_cache(path: Path) -> dict[str, list[object]]:
    try:
        cache = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(cache, dict):
        return {}
    return cache


def _is_parquet(path: Path) -> bool:
    """Whether every value of a file can be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        for _ in pq.ParquetFile(path).iter_batches(65_536):
            pass
        return True
    except (OSError, pa.ArrowException):
        return False


def find_damage(spec: Spec, catalog: Catalog, thorough: bool = False) -> dict[str, str]:
    """What is wrong with the newest snapshots, the versions in use and the answer indexes, by
    address.

    Args:
        spec: the file.
        catalog: what is listed.
        thorough: read every file whole.
    """
    store = spec.root / ".mesocosm"
    checks = Integrity(store, thorough)
    damage = {
        **dict(_damaged_datasets(spec, catalog, checks)),
        **dict(_damaged_models(spec, catalog, checks)),
        **dict(_damaged_services(spec, catalog, checks)),
    }
    checks.save()
    return damage


def _damaged_datasets(spec: Spec, catalog: Catalog, checks: Integrity) -> Iterator[tuple[str, str]]:
    for name in resolve_datasets(spec):
        snapshot = catalog.snapshot(dataset=name)
        fault = None
        if snapshot:
            fault = checks.check_snapshot(snapshot)
        if fault:
            yield f"datasets.{name}", fault


def _damaged_models(spec: Spec, catalog: Catalog, checks: Integrity) -> Iterator[tuple[str, str]]:
    listed = {row["address"]: row["thing"] for row in catalog.resources()}
    for name in spec.eco.models:
        fault = _find_version_fault(catalog, checks, listed.get(f"models.{name}") or "")
        if fault:
            yield f"models.{name}", fault


def _find_version_fault(catalog: Catalog, checks: Integrity, ident: str) -> str | None:
    """What is wrong with the files of a version; None where nothing is, or none has the id."""
    version = catalog.version(ident)
    if version is None:
        return None
    return checks.check_version(version)


def _damaged_services(spec: Spec, catalog: Catalog, checks: Integrity) -> Iterator[tuple[str, str]]:
    for name, service in spec.eco.services.items():
        now = catalog.deployment(name)
        fault = None
        if now:
            fault = _find_service_fault(catalog, checks, service, now)
        if fault:
            yield f"services.{name}", fault


def _find_service_fault(
    catalog: Catalog, checks: Integrity, service: Service, now: DeploymentRow
) -> str | None:
    """What is wrong with the version or the answer index that a service runs."""
    from mesocosm.lifecycle.access.answer_index import locate_answers

    fault = None
    if now["version"]:
        fault = _find_version_fault(catalog, checks, now["version"])
    if not fault and now["answers"] and service.answers:
        folder = locate_answers(checks.store, service, now["answers"])
        fault = checks.check_answers(folder)
    return fault
