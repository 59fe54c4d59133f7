"""A thin client of a gateway, in two forms: `Client` waits, `AsyncClient` is awaited. Knows the
gateway's HTTP and httpx, and the records that it answers with.

>>> from mesocosm.client import Client
>>> Client("http://127.0.0.1:8765", "token").url
'http://127.0.0.1:8765'
"""

from mesocosm.client.answers import (
    Answer,
    DatasetVersion,
    RunningService,
    ServerStatus,
    Trace,
    WhatIf,
)
from mesocosm.client.async_client import AsyncClient
from mesocosm.client.predictions import Prediction, prediction_of, row_as_json
from mesocosm.client.requests import Refused
from mesocosm.client.sync_client import Client

__all__ = [
    "Answer",
    "AsyncClient",
    "Client",
    "DatasetVersion",
    "Prediction",
    "Refused",
    "RunningService",
    "ServerStatus",
    "Trace",
    "WhatIf",
    "prediction_of",
    "row_as_json",
]
