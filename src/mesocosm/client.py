"""A thin client of a gateway. Knows its HTTP and httpx; needs nothing else of Mesocosm.

>>> from mesocosm.client import Client
>>> Client("http://127.0.0.1:8765", "token").url
'http://127.0.0.1:8765'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from types import TracebackType
from typing import Any

import httpx

KNOWN = (
    "id",
    "version",
    "label",
    "probability",
    "probabilities",
    "value",
    "why",
    "warnings",
)  # keys of a prediction that are attributes of their own names


class Refused(Exception):
    """The gateway's problem, in its words; `status` is HTTP's, `retry_after` seconds where it gives
    them.
    """

    def __init__(self, status: int, detail: str, retry_after: float | None = None) -> None:
        self.status, self.detail, self.retry_after = status, detail, retry_after
        super().__init__(detail)


@dataclass(frozen=True)
class Prediction:
    """The prediction of one row; `why` is set, and nothing else, where the row is refused;
    `warnings` name values that are not in the training data, or a row without values: each has a
    `field`, a `warning` (`unseen category`, `out of range` or `empty row`) and a `detail`.
    """

    id: str = ""
    version: str = ""
    label: str = ""
    probability: float | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    value: float | None = None
    interval: tuple[float, float] | None = None
    why: str | None = None
    warnings: Sequence[Mapping[str, str]] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


def row_as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON: dates, moments and hours in ISO 8601, a decimal as a number where a double is
    exact and as its digits where not, everything else unchanged.

    >>> row_as_json({"day": date(2024, 2, 29), "sum": Decimal("1.10"), "n": 3})
    {'day': '2024-02-29', 'sum': 1.1, 'n': 3}
    >>> row_as_json({"long": Decimal("0.12345678901234567890")})
    {'long': '0.12345678901234567890'}
    """
    return {name: _as_json(value) for name, value in row.items()}


def _as_json(value: object) -> object:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        if value.is_finite() and Decimal(repr(float(value))) == value:
            return float(value)
        return str(value)
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    if isinstance(value, dict):
        return {name: _as_json(one) for name, one in value.items()}
    return value


class Client:
    """Requests to one gateway.

    Args:
        url: its address.
        token: the one `mesocosm up` printed, or that of a role.
        timeout: seconds.
    """

    def __init__(self, url: str, token: str, timeout: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self.http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=timeout
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self.http.close()

    def ready(self) -> bool:
        """Whether every service can answer."""
        return self.http.get("/readyz").status_code == 200

    def predict(
        self, service: str, row: Mapping[str, Any], deadline_ms: int | None = None
    ) -> Prediction:
        """The prediction of one row.

        Raises:
            Refused: the row is invalid, too many requests wait, or the deadline passed.
        """
        return prediction_of(
            self._post(f"/v1/services/{service}/predict", row_as_json(row), deadline_ms)
        )

    def predict_rows(
        self, service: str, rows: Sequence[Mapping[str, Any]], deadline_ms: int | None = None
    ) -> list[Prediction]:
        """Predictions of up to 1,000 rows, in their order.

        Raises:
            Refused: as for `predict`.
        """
        body = {"rows": [row_as_json(row) for row in rows]}
        response = self._post(f"/v1/services/{service}/predict", body, deadline_ms)
        return [prediction_of(prediction) for prediction in response["predictions"]]

    def feedback(self, service: str, prediction: str, label: str) -> None:
        """Record the true label of a prediction.

        Raises:
            Refused: there is no such prediction, or no such label.
        """
        self._post(f"/v1/services/{service}/feedback", {"id": prediction, "label": label})

    def ask(self, service: str, question: str) -> dict[str, Any]:
        """The answer of a service with chat, with the row that supports it.

        Raises:
            Refused: the service has no chat.
        """
        messages = [{"role": "user", "content": question}]
        response = self._post("/v1/chat/completions", {"model": service, "messages": messages})
        return dict(response["grounding"])

    def _post(self, path: str, body: Any, deadline_ms: int | None = None) -> Any:
        headers = {"X-Deadline-Ms": str(deadline_ms)} if deadline_ms else {}
        try:
            response = self.http.post(path, json=body, headers=headers)
        except TypeError as error:
            raise Refused(
                400,
                f"the body has a value that is not JSON ({error}); expected texts, numbers,"
                " booleans, lists and objects",
            ) from error
        except ValueError as error:
            raise Refused(
                400,
                "the body has a number that is infinite or NaN, which is not JSON; expected a"
                " finite number, or null",
            ) from error
        if response.status_code >= 400:
            raise _refusal(response)
        return response.json()


def _refusal(response: httpx.Response) -> Refused:
    """The problem that a response reports, by our form or by that of a protocol of others."""
    body: dict[str, Any] = {}
    if "json" in response.headers.get("content-type", ""):
        body = response.json()
    message = body.get("error")
    if isinstance(message, dict):
        message = message.get("message")
    if not message:
        message = body.get("detail", f"the gateway answered {response.status_code}")
    wait = response.headers.get("retry-after")
    return Refused(response.status_code, str(message), float(wait) if wait else None)


def prediction_of(answer: Mapping[str, Any]) -> Prediction:
    """A prediction from the gateway's JSON."""
    known = {key: answer[key] for key in KNOWN if key in answer}
    more = {key: value for key, value in answer.items() if key not in (*KNOWN, "interval")}
    interval = answer.get("interval")
    if interval:
        known["interval"] = (interval[0], interval[1])
    return Prediction(**known, more=more)
