"""What the head of a request says: the server's name, the page that asks, and the token.

Knows hosts, origins and cookies; knows no role.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import HTTPConnection


def is_known_host(host: str, hosts: Sequence[str]) -> bool:
    """Whether a server is called by one of its names, whatever the port."""
    return host.rsplit(":", 1)[0] in hosts


def is_foreign_origin(origin: str, host: str) -> bool:
    """Whether a page of another origin asks."""
    return bool(origin) and origin.split("//")[-1] != host


def cookie_name(host: str) -> str:
    """The name of the token's cookie: browsers send a host's cookies to all its ports, so the port
    is in the name.

    >>> cookie_name("127.0.0.1:8765"), cookie_name("example.org"), cookie_name("[::1]:80")
    ('mesocosm_8765', 'mesocosm', 'mesocosm_80')
    """
    port = host.rpartition(":")[2] if ":" in host and not host.endswith("]") else ""
    return f"mesocosm_{port}" if port.isdigit() else "mesocosm"


def read_token(connection: HTTPConnection) -> str:
    """The token that came with a connection."""
    bearer = connection.headers.get("authorization", "").removeprefix("Bearer ").strip()
    return str(
        bearer
        or connection.cookies.get(cookie_name(connection.headers.get("host", "")), "")
        or connection.query_params.get("token", "")
    )
