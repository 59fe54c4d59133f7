"""The headers of a request: the server's name, the origin of the page, and the token.

Knows hosts, origins and cookies; knows no role.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import HTTPConnection


def is_known_host(host: str, hosts: Sequence[str]) -> bool:
    """Whether a host is one of the server's names, whatever the port."""
    return host.rsplit(":", 1)[0] in hosts


def is_foreign_origin(origin: str, host: str) -> bool:
    """Whether the page is of another origin."""
    return bool(origin) and origin.split("//")[-1] != host


def cookie_name(host: str) -> str:
    """The name of the token's cookie: browsers send a host's cookies to all its ports, so the port
    is in the name.

    >>> cookie_name("127.0.0.1:8765"), cookie_name("example.org"), cookie_name("[::1]:80")
    ('mesocosm_8765', 'mesocosm', 'mesocosm_80')
    """
    _, colon, port = host.rpartition(":")
    if colon and port.isdigit() and not host.endswith("]"):
        return f"mesocosm_{port}"
    return "mesocosm"


def read_token(connection: HTTPConnection) -> str:
    """The token that came with a connection."""
    bearer = connection.headers.get("authorization", "").removeprefix("Bearer ").strip()
    return str(
        bearer
        or connection.cookies.get(cookie_name(connection.headers.get("host", "")), "")
        or connection.query_params.get("token", "")
    )
