"""A Redis stream that grows. Knows the stream's ids; the last one read is the watermark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from mesocosm.core.errors import ConfigValueError, MesocosmError, RetryableError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.network.url_policy import at_address, check_url
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.arrow_ingest import pour_rows
from mesocosm.data.sources.source import SourceKind

BATCH = 10_000


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

    def _client(self) -> Any:
        try:
            import redis
        except ImportError as error:
            raise MesocosmError(Message("data.redis_extra")) from error
        address = check_url(self.url, ("redis", "rediss"), self.private_network)
        url = self.url
        if url.startswith("redis:"):
            url = at_address(url, address)
        return redis.Redis.from_url(
            url,
            socket_timeout=30,
            socket_connect_timeout=10,
            decode_responses=True,
            encoding_errors="replace",
        )

    def _ask(self, client: Any, call: str, *words: Any, **more: Any) -> Any:
        import redis

        try:
            return getattr(client, call)(*words, **more)
        except redis.ResponseError as error:
            raise ConfigValueError(
                "stream",
                Message("data.not_a_stream", stream=self.stream),
                Message("data.stream_key"),
            ) from error
        except redis.RedisError as error:
            raise RetryableError(Message("data.redis_refused")) from error

    def _ends(self, client: Any) -> tuple[str, str]:
        first = self._ask(client, "xrange", self.stream, count=1)
        last = self._ask(client, "xrevrange", self.stream, count=1)
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
        return digest(self._ends(client), self._ask(client, "xlen", self.stream), self.stream)

    def collect(self, where: ProjectPaths, con: Any, name: str) -> Collected:
        """Pour the entries up to the newest one now into table `name`; `_line` counts them, `id` is
        the entry's.

        Raises:
            ConfigValueError: the key is not a stream, or the stream is empty.
            RetryableError: the server does not respond.
        """
        del where
        client = self._client()
        _, watermark = self._ends(client)
        label, columns = f"redis:{self.stream}", {"id": None}
        entries: list[tuple[str, dict[str, Any]]] = []
        after = "-"
        while True:
            found = self._ask(client, "xrange", self.stream, min=after, max=watermark, count=BATCH)
            for ident, values in found:
                entries.append((ident, values))
                columns |= dict.fromkeys(values)
            if len(found) < BATCH:
                break
            after = f"({found[-1][0]}"

        def rows() -> Iterator[tuple[str, int, dict[str, Any]]]:
            for number, (ident, values) in enumerate(entries, start=1):
                yield label, number, {**values, "id": values.get("id", ident)}

        count = pour_rows(con, name, list(columns), rows())
        return Collected(list(columns), count, {label: f"{count} entries to {watermark}"})
