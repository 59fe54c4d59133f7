"""Requests of commands to a service: over HTTP where the server runs, else in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages.language import current_language
from mesocosm.core.records import Json, JsonObject

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem
    from mesocosm.serving.model_instance import ModelInstance
    from mesocosm.serving.service import LiveService


def call(eco: Ecosystem, method: str, path: str, body: Json = None) -> JsonObject | None:
    """The running server's response, or None where none runs; what it refuses is told in the
    language of the reader.

    Raises:
        MesocosmError: the server's problem, in its words.
    """
    import httpx

    from mesocosm.lifecycle.server_info import find_server

    server = find_server(eco.spec.root / ".mesocosm")
    if server is None:
        return None
    response = httpx.request(
        method,
        server["url"] + path,
        json=body,
        headers={
            "Authorization": f"Bearer {server['token']}",
            "Accept-Language": current_language(),
        },
        timeout=60,
    )
    answer: JsonObject = response.json()
    if response.status_code >= 400:
        reason = answer.get("detail", f"the server answered {response.status_code}")
        raise MesocosmError(str(reason))
    return answer


def local(eco: Ecosystem, name: str) -> LiveService:
    """A service loaded in this process.

    Raises:
        ConfigValueError: there is no such service.
        MesocosmError: nothing is deployed for it.
    """
    from mesocosm.app.loader import load_locally

    return load_locally(eco.spec, eco.catalog, name)


def deployed_instance(served: LiveService) -> ModelInstance:
    """What a service predicts and answers with; `local` refuses one that has nothing."""
    assert served.now is not None
    return served.now
