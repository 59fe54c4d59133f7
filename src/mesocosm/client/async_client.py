"""The client whose every verb is awaited."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TypeVar

import httpx

from mesocosm.catalog.records import Alerts
from mesocosm.client import requests
from mesocosm.client.answers import Answer, DatasetVersion, ServerStatus, Trace, WhatIf
from mesocosm.client.given_rows import Rows, list_rows
from mesocosm.client.predictions import Prediction

T = TypeVar("T")


class AsyncClient:
    """Requests to one gateway, each of them awaited.

    Args:
        url: its address.
        token: the one `mesocosm up` printed, or that of a role.
        timeout: seconds.
    """

    def __init__(self, url: str, token: str, timeout: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self.http = httpx.AsyncClient(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=timeout
        )

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self.http.aclose()

    async def ready(self) -> bool:
        """Whether every service can answer."""
        response = await self.http.get("/readyz")
        return response.status_code == 200

    async def predict(
        self, service: str, row: Mapping[str, object], deadline_ms: int | None = None
    ) -> Prediction:
        """The prediction of one row.

        Args:
            service: the service's name.
            row: the values by feature.
            deadline_ms: milliseconds after which the gateway gives up.

        Raises:
            Refused: the row is invalid, too many requests wait, or the deadline passed.
        """
        return await self._send(requests.ask_prediction(service, row, deadline_ms))

    async def predict_rows(
        self, service: str, rows: Rows, deadline_ms: int | None = None
    ) -> list[Prediction]:
        """Predictions of up to 1,000 rows, in their order.

        Args:
            service: the service's name.
            rows: a list of rows, a pandas DataFrame or a pyarrow Table.
            deadline_ms: milliseconds after which the gateway gives up.

        Raises:
            ConfigValueError: the rows are none of these.
            Refused: as for `predict`.
        """
        return await self._send(requests.ask_predictions(service, list_rows(rows), deadline_ms))

    async def feedback(self, service: str, prediction: str, label: str) -> None:
        """Record the true label of a prediction.

        Raises:
            Refused: there is no such prediction, or no such label.
        """
        await self._send(requests.send_feedback(service, prediction, label))

    async def ask(self, service: str, question: str) -> Answer:
        """The answer of a service with chat, with the row that supports it.

        Raises:
            Refused: the service has no chat.
        """
        return await self._send(requests.ask_question(service, question))

    async def what_if(self, service: str, row: Mapping[str, object]) -> WhatIf:
        """The prediction of a row that is not logged, and what each input added to it.

        Raises:
            Refused: the row is invalid, or the model predicts no class and no number.
        """
        return await self._send(requests.ask_what_if(service, row))

    async def trace(self, prediction: str) -> Trace:
        """The lineage of a prediction; without the row where the role may not see it.

        Raises:
            Refused: there is no such prediction.
        """
        return await self._send(requests.ask_trace(prediction))

    async def status(self) -> ServerStatus:
        """What runs now: services, monitors, alerts and recommendations.

        Raises:
            Refused: the token is invalid.
        """
        return await self._send(requests.ask_status())

    async def alerts(self, open_only: bool = True) -> Alerts:
        """The newest alerts, the newest first.

        Args:
            open_only: whether closed ones are left out.

        Raises:
            Refused: the token is invalid.
        """
        found = (await self.status()).alerts
        return Alerts([alert for alert in found if alert.is_open]) if open_only else found

    async def versions(self, dataset: str) -> tuple[DatasetVersion, ...]:
        """The versions of a dataset, the oldest first.

        Raises:
            Refused: there is no such dataset.
        """
        return await self._send(requests.ask_versions(dataset))

    async def _send(self, call: requests.Call[T]) -> T:
        try:
            response = await self.http.request(
                call.method, call.path, json=call.body, headers=dict(call.headers)
            )
        except (TypeError, ValueError) as error:
            raise requests.refuse_body(error) from error
        return requests.read_response(call, response)
