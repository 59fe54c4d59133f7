"""A Redis stream that grows. Knows the stream's ids; the last one read is the watermark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, cast

from pydantic import Field

from mesocosm.core.errors import ConfigValueError, MesocosmError, RetryableError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.network.url_policy import at_address, check_url
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.arrow_ingest import SourceRow, pour_rows
from mesocosm.data.sources.source import SourceKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BATCH = 10_000

Entry = tuple[str, dict[str, str]]  # its id and its values


class StreamClient(Protocol):
    """A connection to a server, as much of it as a stream needs."""

    def xrange(
        self, name: str, min: str = "-", max: str = "+", count: int | None = None
    ) -> list[Entry]: ...

    def xrevrange(
        self, name: str, max: str = "+", min: str = "-", count: int | None = None
    ) -> list[Entry]: ...

    def xlen(self, name: str) -> int: ...


class Redis(SourceKind):
    """The entries of a stream, from the first to the newest at the time of the build.

    Each snapshot holds every entry up to its watermark exactly once, however often a build was
    stopped; entries that come later are in the next one. What was trimmed from the stream is lost.

    Args:
        url: `redis://user:password@host:6379/0` or `rediss://`; write `${NAME}` and keep it in the
            environment.
        stream: the stream's key.
        private_network: whether the host may have a private or loopback address.

    Source: https://redis.io/docs/latest/develop/data-types/streams

    >>> Redis(url="redis://cache.example.org", stream="orders").type
    'redis'
    """

    extra: ClassVar[str] = "redis"
    type: Literal["redis"] = "redis"
    url: str = Field(repr=False)
    stream: str = Field(min_length=1, max_length=200)
    private_network: bool = False

    def _client(self) -> StreamClient:
        try:
            import redis
        except ImportError as error:
            raise MesocosmError(Message("data.redis_extra")) from error
        address = check_url(self.url, ("redis", "rediss"), self.private_network)
        url = self.url
        if url.startswith("redis:"):
            url = at_address(url, address)
        client = redis.Redis.from_url(
            url,
            socket_timeout=30,
            socket_connect_timeout=10,
            decode_responses=True,
            encoding_errors="replace",
        )
        return cast(StreamClient, client)

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        """Turn errors of the server into sentences."""
        import redis

        try:
            yield
        except redis.ResponseError as error:
            raise ConfigValueError(
                "stream",
                Message("data.not_a_stream", stream=self.stream),
                Message("data.stream_key"),
            ) from error
        except redis.RedisError as error:
            raise RetryableError(Message("data.redis_refused")) from error

    def _ends(self, client: StreamClient) -> tuple[str, str]:
        """The ids of the first and the newest entry."""
        with self._explain_errors():
            first = client.xrange(self.stream, count=1)
            last = client.xrevrange(self.stream, count=1)
        if not first or not last:
            raise ConfigValueError(
                "stream",
                Message("data.stream_without_entries", stream=self.stream),
                Message("data.one_entry"),
            )
        return first[0][0], last[0][0]

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the first id, the newest id and how many there are; an entry never
        changes.
        """
        del where
        client = self._client()
        ends = self._ends(client)
        with self._explain_errors():
            count = client.xlen(self.stream)
        return digest(ends, count, self.stream)

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Pour the entries up to the newest one now into table `name`; `_line` counts them, `id` is
        the entry's.

        Raises:
            ConfigValueError: the key is not a stream, or the stream is empty.
            RetryableError: the server does not respond.
        """
        del where
        client = self._client()
        _, watermark = self._ends(client)
        entries = self._read_entries(client, watermark)
        label, columns = f"redis:{self.stream}", {"id": None}
        for _, values in entries:
            columns |= dict.fromkeys(values)

        def rows() -> Iterator[SourceRow]:
            for number, (ident, values) in enumerate(entries, start=1):
                yield label, number, {**values, "id": values.get("id", ident)}

        count = pour_rows(con, name, list(columns), rows())
        return Collected(list(columns), count, {label: f"{count} entries to {watermark}"})

    def _read_entries(self, client: StreamClient, watermark: str) -> list[Entry]:
        """The entries up to one, batch by batch."""
        entries: list[Entry] = []
        after = "-"
        while True:
            with self._explain_errors():
                batch = client.xrange(self.stream, min=after, max=watermark, count=BATCH)
            entries += batch
            if len(batch) < BATCH:
                return entries
            after = f"({batch[-1][0]}"
