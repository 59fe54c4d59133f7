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


class Refused(Exception):
    """The gateway's problem, in its words; `status` is HTTP's, `retry_after` seconds where it says
    so.
    """

    def __init__(self, status: int, detail: str, retry_after: float | None = None) -> None:
        self.status, self.detail, self.retry_after = status, detail, retry_after
        super().__init__(detail)


@dataclass(frozen=True)
class Prediction:
    """What came out for one row; `why` is set, and nothing else, where the row may not be used;
    `warnings` name values that training did not know, or say that the row has none: each has a
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
    """A row as JSON can say it: dates, moments and hours in ISO 8601, a decimal as a number where a
    double holds it and as its digits where not, all else as it is.

    >>> row_as_json({"day": date(2024, 2, 29), "sum": Decimal("1.10"), "long": Decimal("0.12345678901234567890"), "n": 3})
    {'day': '2024-02-29', 'sum': 1.1, 'long': '0.12345678901234567890', 'n': 3}
    """
    return {name: _as_json(value) for name, value in row.items()}


def _as_json(value: object) -> object:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return (
            float(value)
            if value.is_finite() and Decimal(repr(float(value))) == value
            else str(value)
        )
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    if isinstance(value, dict):
        return {name: _as_json(one) for name, one in value.items()}
    return value


class Client:
    """Speaks to one gateway.

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
            Refused: the row cannot be right, too many wait, or the deadline passed.
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
        said = self._post(
            f"/v1/services/{service}/predict", {"rows": [row_as_json(r) for r in rows]}, deadline_ms
        )
        return [prediction_of(p) for p in said["predictions"]]

    def feedback(self, service: str, prediction: str, label: str) -> None:
        """Tell the label that turned out to be true.

        Raises:
            Refused: there is no such prediction, or no such label.
        """
        self._post(f"/v1/services/{service}/feedback", {"id": prediction, "label": label})

    def ask(self, service: str, question: str) -> dict[str, Any]:
        """What a service that speaks says, with the row it rests on.

        Raises:
            Refused: the service does not speak.
        """
        said = self._post(
            "/v1/chat/completions",
            {"model": service, "messages": [{"role": "user", "content": question}]},
        )
        return dict(said["grounding"])

    def _post(self, path: str, body: Any, deadline_ms: int | None = None) -> Any:
        try:
            answer = self.http.post(
                path, json=body, headers={"X-Deadline-Ms": str(deadline_ms)} if deadline_ms else {}
            )
        except TypeError as error:
            raise Refused(
                400,
                f"the body holds what JSON cannot say ({error}); wanted texts, numbers, booleans,"
                " lists and objects",
            ) from error
        except ValueError as error:
            raise Refused(
                400,
                "the body holds a number that is infinite or none, which JSON cannot say; wanted a"
                " finite number, or null",
            ) from error
        if answer.status_code >= 400:
            said = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            wait = answer.headers.get("retry-after")
            other = said.get("error")  # of a protocol that others define
            known = other.get("message") if isinstance(other, dict) else other
            raise Refused(
                answer.status_code,
                str(known or said.get("detail", f"the gateway answered {answer.status_code}")),
                float(wait) if wait else None,
            )
        return answer.json()


def prediction_of(said: Mapping[str, Any]) -> Prediction:
    """An answer of the gateway as a prediction."""
    known = {
        k: said[k]
        for k in (
            "id",
            "version",
            "label",
            "probability",
            "probabilities",
            "value",
            "why",
            "warnings",
        )
        if k in said
    }
    interval = said.get("interval")
    return Prediction(
        **known,
        interval=(interval[0], interval[1]) if interval else None,
        more={k: v for k, v in said.items() if k not in known and k != "interval"},
    )
