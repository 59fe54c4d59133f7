"""A file behind any URL that fsspec can open: object stores, SFTP, HDFS. Knows how to fetch it;
other kinds read it.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, Protocol, cast
from urllib.parse import urlsplit

from pydantic import Field

from mesocosm.core.errors import ConfigValueError, MesocosmError, RetryableError
from mesocosm.core.hashing import digest, digest_file
from mesocosm.core.messages import Message
from mesocosm.core.network.url_policy import check_options, check_url
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.delimited.csv import Csv
from mesocosm.data.sources.files.json import Json
from mesocosm.data.sources.files.json_lines import Jsonl
from mesocosm.data.sources.files.parquet import Parquet
from mesocosm.data.sources.path_utils import quote, text
from mesocosm.data.sources.source import SourceKind
from mesocosm.data.sources.spool import new_path

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FORMATS: dict[str, type[Csv | Json | Jsonl | Parquet]] = {
    "csv": Csv,
    "json": Json,
    "jsonl": Jsonl,
    "parquet": Parquet,
}
# buckets, whose servers the library knows
NAMED = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "hf", "memory")
HOSTED = ("sftp", "ssh", "ftp", "hdfs", "webhdfs", "smb", "http", "https")


class FileStore(Protocol):
    """A store of files, as much of it as a fetch needs."""

    def ukey(self, path: str) -> object: ...

    def size(self, path: str) -> int | None: ...

    def open(self, path: str, mode: str) -> IO[bytes]: ...


class Remote(SourceKind):
    """One file at an fsspec URL, as `s3://bucket/loans.parquet`; its protocol's package must be
    installed.

    Args:
        url: the file; write `${NAME}` for what must stay in the environment.
        format: `csv`, `json`, `jsonl` or `parquet`.
        max: the most bytes that are fetched.
        options: options of the protocol's package (a key by `${NAME}`, a region).
        private_network: whether a host may have a private or loopback address.

    Source: https://filesystem-spec.readthedocs.io

    >>> Remote(url="s3://bucket/loans.csv", format="csv").max
    10000000000
    """

    type: Literal["remote"] = "remote"
    url: str = Field(repr=False)
    format: Literal["csv", "json", "jsonl", "parquet"]
    max: int = Field(10_000_000_000, ge=1)
    options: dict[str, object] = Field({}, repr=False)
    private_network: bool = False

    def _open(self) -> tuple[FileStore, str]:
        """The store, and the file's path in it."""
        import fsspec

        self._check_address()
        scheme = urlsplit(self.url).scheme
        try:
            system, path = fsspec.core.url_to_fs(self.url, **self.options)
        except ImportError as error:
            raise MesocosmError(
                Message("data.scheme_package", scheme=scheme, error=str(error)[:120])
            ) from error
        except Exception as error:
            raise RetryableError(Message("data.scheme_unreachable", scheme=scheme)) from error
        return cast(FileStore, system), str(path)

    def _check_address(self) -> None:
        """Refuse a protocol that is not known, and a host that is not public."""
        scheme = urlsplit(self.url).scheme
        if "::" in self.url or scheme not in (*NAMED, *HOSTED):
            raise ConfigValueError(
                "url",
                Message("data.scheme_not_allowed", scheme=scheme[:20]),
                Message("data.one_of_choices"),
                (*NAMED, *HOSTED),
                scheme,
            )
        if scheme in HOSTED:
            check_url(self.url, HOSTED, self.private_network)
        check_options(self.options, ("http", "https"), self.private_network)

    def _label(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of what the store says of the file (size, etag, time of change)."""
        system, path = self._open()
        try:
            return digest(str(system.ukey(path)), int(system.size(path) or 0), self._label())
        except FileNotFoundError as error:
            raise ConfigValueError(
                "url", Message("data.no_file_there"), Message("data.url_of_file")
            ) from error
        except Exception as error:
            raise RetryableError(Message("data.unreachable", file=self._label())) from error

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Fetch the file, bounded, and pour it into table `name` as its format's kind does; the
        copy is deleted afterwards.

        Raises:
            ConfigValueError: no file is there, it is larger than `max`, or it cannot be read.
            RetryableError: the store does not respond.
        """
        system, path = self._open()
        folder = new_path(con, "fetched")  # leaves with the engine: a view may read it until then
        folder.mkdir(parents=True)
        copy = folder / f"fetched.{self.format}"
        self._fetch(system, path, copy)
        label, content = self._label(), digest_file(copy)
        inner = f"{name} fetched"
        reader = FORMATS[self.format](path=copy.name)
        found = reader.collect(ProjectPaths(folder, where.store), con, inner)
        con.execute(
            f"create view {quote(name)} as select * replace ({text(label)} as _file) from"
            f" {quote(inner)}"
        )
        lines = list(found.lines.values())
        found.files, found.lines = {label: content}, {}
        if lines:
            found.lines[label] = lines[0]
        found.notes = [n.replace(copy.name, label) for n in found.notes]
        found.unreadable = [(label, line, text, why) for _, line, text, why in found.unreadable]
        return found

    def _fetch(self, system: FileStore, path: str, copy: Path) -> None:
        try:
            with system.open(path, "rb") as source, copy.open("wb") as target:
                self._copy(source, target)
        except FileNotFoundError as error:
            raise ConfigValueError(
                "url", Message("data.no_file_there"), Message("data.url_of_file")
            ) from error
        except OSError as error:
            raise RetryableError(Message("data.unreadable_now", file=self._label())) from error

    def _copy(self, source: IO[bytes], target: IO[bytes]) -> None:
        """Copy a file, bounded.

        Raises:
            ConfigValueError: it is larger than `max`.
        """
        total = 0
        while data := source.read(1 << 20):
            total += len(data)
            if total > self.max:
                raise ConfigValueError(
                    "max",
                    Message("data.file_too_large", most=self.max),
                    Message("data.smaller_file"),
                )
            target.write(data)
