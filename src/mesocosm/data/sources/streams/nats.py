"""A NATS JetStream stream that grows. Knows the stream's sequence; the last number read is the
watermark.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

from pydantic import Field

from mesocosm.core.errors import ConfigValueError, MesocosmError, RetryableError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.network.url_policy import at_address, check_url
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.arrow_ingest import SourceRow, keys_of, pour_rows
from mesocosm.data.sources.source import SourceKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from nats.js import JetStreamContext
    from nats.js.api import StreamState

Result = TypeVar("Result")
BATCH = 1000
PATIENCE = 10.0  # seconds for an answer


class Nats(SourceKind):
    """The messages of a JetStream stream, from the first to the newest at the time of the build;
    each is a JSON object.

    Each snapshot holds every message up to its watermark exactly once, however often a build was
    stopped; messages that come later are in the next one. What the stream's limits removed is lost.

    Args:
        url: `nats://user:password@host:4222` or `tls://`; write `${NAME}` and keep it in the
            environment.
        stream: the stream's name.
        subject: only messages of this subject, wildcards allowed; all of them where it is not
            given.
        private_network: whether the host may have a private or loopback address.

    Source: https://docs.nats.io/nats-concepts/jetstream/streams

    >>> Nats(url="nats://bus.example.org", stream="ORDERS").type
    'nats'
    """

    extra: ClassVar[str] = "nats"
    type: Literal["nats"] = "nats"
    url: str = Field(repr=False)
    stream: str = Field(pattern=r"^[^\s.*>/\\]{1,200}$")
    subject: str | None = Field(None, pattern=r"^[^\s]{1,200}$")
    private_network: bool = False

    def _ask(self, work: Callable[[JetStreamContext, StreamState], Awaitable[Result]]) -> Result:
        """Run `work` on a JetStream context and the stream's state.

        Raises:
            ConfigValueError: there is no such stream, or it is empty.
            RetryableError: the server does not respond.
        """
        import asyncio

        try:
            import nats
            from nats.js.errors import NotFoundError
        except ImportError as error:
            raise MesocosmError(Message("data.nats_extra")) from error
        address = check_url(self.url, ("nats", "tls"), self.private_network)
        url = self.url
        if url.startswith("nats:"):
            url = at_address(url, address)

        async def silent(_: Exception) -> None:
            return None

        async def run() -> Result:
            async with asyncio.timeout(PATIENCE):  # the client tries a silent address without end
                client = await nats.connect(
                    url,
                    connect_timeout=int(PATIENCE),
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    error_cb=silent,
                )
            try:
                stream = client.jetstream(timeout=PATIENCE)
                state = (await stream.stream_info(self.stream)).state
                if not state.messages:
                    raise ConfigValueError(
                        "stream",
                        Message("data.stream_empty", stream=self.stream),
                        Message("data.one_message"),
                    )
                return await work(stream, state)
            finally:
                await client.close()

        try:
            return asyncio.run(run())
        except NotFoundError as error:
            raise ConfigValueError(
                "stream",
                Message("data.no_stream", stream=self.stream),
                Message("data.jetstream_name"),
            ) from error
        except (nats.errors.Error, OSError, TimeoutError) as error:
            raise RetryableError(Message("data.nats_refused")) from error

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the first number, the newest number and how many there are; a message
        never changes.
        """
        del where

        async def work(_: JetStreamContext, state: StreamState) -> list[int]:
            return [state.first_seq, state.last_seq, state.messages]

        return digest(self._ask(work), self.stream, self.subject)

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Pour the messages up to the newest one now into table `name`; `_line` is a message's
        number in the stream.

        A message that is not a JSON object counts as unreadable, with its number.

        Raises:
            ConfigValueError: there is no such stream, or no message in it is a JSON object.
            RetryableError: the server does not respond.
        """
        del where
        label = f"nats:{self.stream}"
        found = Collected([], 0, {})
        rows: list[SourceRow] = []

        def read(number: int, data: bytes) -> None:
            text = data.decode("utf-8", "replace")
            value = _read_object(text)
            if value is not None:
                rows.append((label, number, value))
            else:
                found.unreadable.append((label, number, text[:2000], "it is not a JSON object"))

        async def work(stream: JetStreamContext, state: StreamState) -> int:
            from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

            settings = ConsumerConfig(
                deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, inactive_threshold=60.0
            )
            reader = await stream.pull_subscribe(
                self.subject or ">", stream=self.stream, config=settings
            )
            waiting = (await reader.consumer_info()).num_pending or 0
            seen = 0
            while seen < waiting:
                for message in await reader.fetch(min(BATCH, waiting - seen), timeout=PATIENCE):
                    number = message.metadata.sequence.stream
                    if number <= state.last_seq:
                        read(number, message.data)
                    seen += 1
            return int(state.last_seq)

        watermark = self._ask(work)
        if not rows:
            raise ConfigValueError(
                "stream",
                Message("data.no_json_message", stream=self.stream),
                Message("data.one_json_message"),
            )
        found.columns = keys_of(value for _, _, value in rows)
        found.files[label] = f"{len(rows)} messages to {watermark}"
        found.rows = pour_rows(con, name, found.columns, rows)
        return found


def _read_object(text: str) -> dict[str, object] | None:
    """The object that a text of JSON is; None where it is none."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    return value
