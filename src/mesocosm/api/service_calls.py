"""Requests of commands to a service: over HTTP where the server runs, else in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesocosm.core.errors import MesocosmError

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem


def call(eco: Ecosystem, method: str, path: str, body: Any = None) -> Any | None:
    """The running server's response, or None where none runs.

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
        headers={"Authorization": f"Bearer {server['token']}"},
        timeout=60,
    )
    body = response.json()
    if response.status_code >= 400:
        raise MesocosmError(body.get("detail", f"the server answered {response.status_code}"))
    return body


def local(eco: Ecosystem, name: str) -> Any:
    """A service loaded in this process.

    Raises:
        ConfigValueError: there is no such service.
        MesocosmError: nothing is deployed for it.
    """
    from mesocosm.app.loader import load_locally

    return load_locally(eco.spec, eco.catalog, name)
