"""Addresses a source may reach: public ones, unless the file opens the private network by name.

Knows sockets and address ranges. Knows nothing of what is fetched.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from mesocosm.base.errors import Later, Wrong


def check_url(url: str, schemes: tuple[str, ...], private: bool, key: str = "url") -> None:
    """Refuse a URL whose scheme is not allowed or whose host is not public.

    Args:
        private: whether private, loopback and link-local addresses are allowed.

    Raises:
        Wrong: the scheme or an address of the host is not allowed.
        Later: the host's name cannot be resolved now.
    """
    parts = urlsplit(url)
    if parts.scheme not in schemes:
        raise Wrong(key, f"the scheme '{parts.scheme}' is not allowed", "one of the choices", schemes, parts.scheme)
    if not parts.hostname:
        raise Wrong(key, "no host is named", f"{schemes[0]}://user@host/name")
    if private:
        return
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 0, proto=socket.IPPROTO_TCP)
    except OSError as error:
        raise Later(f"the host '{parts.hostname}' cannot be resolved") from error
    for entry in found:
        address = ipaddress.ip_address(str(entry[4][0]).split("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        if not (mapped or address).is_global:
            raise Wrong(
                key,
                f"the host '{parts.hostname}' stands at {address}, which is not public",
                "a public host, or 'private_network: true' in this source",
            )
