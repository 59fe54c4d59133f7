"""Addresses a source may reach: public ones, unless the file opens the private network by name.

Knows sockets and address ranges. Knows nothing of what is fetched.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from mesocosm.core.errors import ConfigValueError, RetryableError
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    import httpcore
    import httpx

NAT64 = ipaddress.ip_network("64:ff9b::/96")
HOST_KEYS = frozenset(
    [
        "host",
        "hostname",
        "hostaddr",
        "endpoint",
        "endpoint_url",
        "server",
        "servers",
        "namenode",
        "proxy",
        "proxies",
        "account_host",
    ]
)
LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")


def check_url(url: str, schemes: tuple[str, ...], private: bool, key: str = "url") -> str | None:
    """Refuse a URL whose scheme is not allowed or whose host is not public.

    Args:
        private: whether private, loopback and link-local addresses are allowed.

    Returns:
        An address of the host that was checked, for clients that can connect to it, so that a
        second answer of a name server does not count; None where private addresses are allowed.

    Raises:
        ConfigValueError: the scheme or an address of the host is not allowed.
        RetryableError: the host's name cannot be resolved now.
    """
    parts = urlsplit(url)
    if parts.scheme not in schemes:
        raise ConfigValueError(
            key,
            Message("core.scheme_not_allowed", scheme=parts.scheme),
            Message("core.one_of_choices"),
            schemes,
            parts.scheme,
        )
    if not parts.hostname:
        raise ConfigValueError(key, Message("core.no_host"), f"{schemes[0]}://user@host/name")
    if private:
        return None
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 0, proto=socket.IPPROTO_TCP)
    except OSError as error:
        raise RetryableError(Message("core.host_unresolved", host=parts.hostname)) from error
    for entry in found:
        address = str(entry[4][0])
        if not is_public(address):
            raise ConfigValueError(
                key,
                Message("core.host_not_public", host=parts.hostname, address=address),
                Message("core.public_host"),
            )
    return str(found[0][4][0])


def check_options(
    options: Mapping[str, object], schemes: tuple[str, ...], private: bool, key: str = "options"
) -> None:
    """Refuse options of a client, at any depth, that name a host which is not public.

    A text with a scheme is a URL; a text under `HOST_KEYS` is a host, with or without a port.

    Raises:
        ConfigValueError, RetryableError: as `check_url`.
    """
    for name, value in options.items():
        values = value if isinstance(value, (list, tuple)) else [value]
        for item in values:
            _check_option(f"{key}.{name}", str(name), item, schemes, private)


def _check_option(
    key: str, name: str, value: object, schemes: tuple[str, ...], private: bool
) -> None:
    if isinstance(value, Mapping):
        check_options(value, schemes, private, key)
    elif isinstance(value, str) and "://" in value:
        check_url(value, schemes, private, key)
    elif isinstance(value, str) and name.lower() in HOST_KEYS:
        check_url(f"{schemes[0]}://{value}", schemes, private, key)


def at_address(url: str, address: str | None) -> str:
    """A URL with a checked address in the place of its host; for protocols without TLS, where the
    name is not looked at any more.

    >>> at_address("redis://me:pw@db.example.org:6379/0", "8.8.8.8")
    'redis://me:pw@8.8.8.8:6379/0'
    >>> at_address("nats://db.example.org", "2001:4860::1")
    'nats://[2001:4860::1]'
    """
    parts = urlsplit(url)
    if not address:
        return url
    user, at, _ = parts.netloc.rpartition("@")
    host = f"[{address}]" if ":" in address else address
    if parts.port:
        host += f":{parts.port}"
    return urlunsplit(parts._replace(netloc=f"{user}{at}{host}"))


def is_public(address: str) -> bool:
    """Whether an address is of the public network, and also the IPv4 address that it carries, if
    any.

    Source: RFC 4291 (mapped and compatible), RFC 6052 and 8215 (NAT64), RFC 3056 (6to4), RFC 4380
    (Teredo).

    >>> [is_public(a) for a in ("8.8.8.8", "10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808")]
    [True, False, False, True]
    >>> is_public("2002:7f00:1::"), is_public("::ffff:169.254.169.254")
    (False, False)
    """
    found = ipaddress.ip_address(address.split("%")[0])
    if isinstance(found, ipaddress.IPv4Address):
        return _is_global(found)
    if found in LOCAL_NAT64:
        return False
    carried = all(_is_global(inner) for inner in _carried_addresses(found))
    if found.ipv4_mapped or found in NAT64:
        return carried
    return _is_global(found) and all(inner.is_global for inner in _carried_addresses(found))


def _is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast


def _carried_addresses(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses inside an IPv6 address."""
    candidates = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    carried = [candidate for candidate in candidates if candidate is not None]
    number = int(address)
    is_compatible = number >> 32 == 0 and number > 1
    if address in NAT64 or is_compatible:
        carried.append(ipaddress.IPv4Address(number & 0xFFFFFFFF))
    return carried


def transport(private: bool) -> httpx.HTTPTransport:
    """A transport for httpx that resolves a host, checks its addresses and connects to one of
    those: no second answer of a name server counts.

    Args:
        private: whether private addresses are allowed; then it is httpx's own.
    """
    import httpcore
    import httpx

    made = httpx.HTTPTransport()
    if private:
        return made

    class Checked(httpcore.SyncBackend):
        def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
        ) -> httpcore.NetworkStream:
            try:
                entries = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP)
            except OSError as error:
                raise httpcore.ConnectError("the host cannot be resolved") from error
            found = [str(entry[4][0]) for entry in entries]
            if not found or not all(map(is_public, found)):
                raise httpcore.ConnectError("the host is at an address that is not public")
            # a host may have an address that this machine has no route to
            for address in dict.fromkeys(found[:-1]):
                try:
                    return super().connect_tcp(
                        address, port, timeout, local_address, socket_options
                    )
                except httpcore.ConnectError:
                    continue
            return super().connect_tcp(found[-1], port, timeout, local_address, socket_options)

    made._pool._network_backend = Checked()
    return made
