"""JSON from an HTTP API, page by page. Knows httpx; reaches public addresses only unless the file
says otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin, urlsplit

from pydantic import Field

from mesocosm.core.errors import ConfigValueError, RetryableError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.network.url_policy import check_url, transport
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.arrow_ingest import SourceRow, keys_of, pour_rows
from mesocosm.data.sources.files.json import list_at
from mesocosm.data.sources.source import SourceKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from httpx import Client, Response

MOST_BYTES = 50_000_000


class Http(SourceKind):
    """A list of JSON objects behind a URL, read page by page until there is no more.

    Args:
        url: `https://...`; write `${NAME}` for what must stay in the environment.
        at: where the list is in a page, as `data.items`.
        next: where a page has the next one's address, as `links.next`.
        page: the query's parameter for the page's number, counted from 1, where there is no `next`.
        headers: headers to send; secrets by `${NAME}`.
        max: the most pages that are read.
        private_network: whether the host may have a private or loopback address.

    Source: RFC 9110 (HTTP); RFC 8288 (links).

    >>> Http(url="https://api.example.org/loans", at="items", page="page").max
    1000
    """

    type: Literal["http"] = "http"
    url: str = Field(repr=False)
    at: str = ""
    next: str | None = None
    page: str | None = None
    headers: dict[str, str] = Field({}, repr=False)
    max: int = Field(1000, ge=1, le=100_000)
    private_network: bool = False

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of everything the API gives."""
        return digest(list(self._pages()))

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Pour the objects into table `name`; `_line` counts them over all pages.

        Raises:
            ConfigValueError: the response is not JSON with such a list, or its host is not allowed.
            RetryableError: the server does not respond.
        """
        found = Collected([], 0, {})
        rows: list[SourceRow] = []
        address = urlsplit(self.url)
        label = f"http:{address.hostname}{address.path}"
        number, fingerprints = 0, list[str]()
        for items in self._pages():
            fingerprints.append(digest(items))
            for item in items:
                number += 1
                if isinstance(item, dict):
                    rows.append((label, number, item))
                else:
                    found.unreadable.append(
                        (label, number, json.dumps(item)[:2000], "it is not a JSON object")
                    )
        if not rows:
            raise ConfigValueError("url", Message("data.api_empty"), Message("data.at_least_one"))
        found.columns = keys_of(item for _, _, item in rows)
        found.files[label] = digest(fingerprints)
        found.rows = pour_rows(con, name, found.columns, rows)
        return found

    def _pages(self) -> Iterator[list[object]]:
        """The list of each page, until one is empty or there is no further one."""
        import httpx

        url, seen = self.url, set[str]()
        with httpx.Client(
            timeout=30,
            follow_redirects=False,
            headers=self.headers,
            transport=transport(self.private_network),
        ) as client:
            for number in range(1, self.max + 1):
                self._check_page(url)
                query = {self.page: str(number)} if self.page else None
                document = _get(client, url, query)
                items = list_at(document, self.at, "the response")
                if not items:
                    return
                yield items
                further = self._further_page(document, url, seen)
                if further is None:
                    return
                url = further

    def _check_page(self, url: str) -> None:
        """Refuse a page that is not on the API's own host."""
        check_url(url, ("https", "http"), self.private_network)
        if urlsplit(url).netloc != urlsplit(self.url).netloc:
            raise ConfigValueError(
                "next", Message("data.page_on_other_host"), Message("data.page_of_same_host")
            )

    def _further_page(self, document: object, url: str, seen: set[str]) -> str | None:
        """The address of the page after one; None where there is none, or it was read before.

        Args:
            seen: the pages named so far; gets the one named now.
        """
        if not self.next:
            return url if self.page else None
        named = _value_at(document, self.next)
        if not named or str(named) in seen:
            return None
        seen.add(str(named))
        return urljoin(url, str(named))


def _get(client: Client, url: str, query: dict[str, str] | None) -> object:
    """The JSON document at an address."""
    import httpx

    try:
        with client.stream("GET", url, params=query) as response:
            _check_status(response.status_code)
            body = _read_body(response)
    except httpx.HTTPError as error:
        raise RetryableError(Message("data.api_no_response")) from error
    try:
        document: object = json.loads(body)
    except ValueError as error:
        raise ConfigValueError("url", Message("data.response_not_json"), "JSON") from error
    return document


def _check_status(status: int) -> None:
    """Refuse an answer that is not 200.

    Raises:
        RetryableError: a later request may get one.
        ConfigValueError: none will.
    """
    if status >= 500 or status == 429:
        raise RetryableError(Message("data.api_status_retry", status=status))
    if status != 200:
        raise ConfigValueError(
            "url", Message("data.api_status", status=status), Message("data.status_200")
        )


def _read_body(response: Response) -> bytes:
    """The bytes of an answer, which are bounded."""
    body = b""
    for part in response.iter_bytes():
        body += part
        if len(body) > MOST_BYTES:
            raise ConfigValueError(
                "url", Message("data.page_too_long", most=MOST_BYTES), Message("data.smaller_pages")
            )
    return body


def _value_at(document: object, path: str) -> object:
    """The value at a dotted path of a document, None where there is none."""
    for step in path.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(step)
    return document
