"""The server of an ecosystem in this process, until it is stopped. Knows uvicorn, the lock of the
folder and the parts of the server.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    import socket


@dataclass(frozen=True)
class ServeSettings:
    """Where and how the server listens.

    Args:
        host: the address to listen on.
        port: 0 takes a free one.
        names: names by which the server may be called beside the loopback's.
        rate: requests a second of each token but the owner's.
        drain: seconds between SIGTERM and the end of listening.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    names: tuple[str, ...] = ()
    rate: float = 100.0
    drain: float = 0.3


def serve(
    spec: Spec, catalog: Catalog, settings: ServeSettings, begin: Callable[[str, str], None]
) -> None:
    """Serve until the process is stopped.

    Args:
        begin: is called with the address and the owner's token once the server listens.

    Raises:
        MesocosmError: another server runs in this folder, or the address cannot be listened on.
        KeyboardInterrupt: the keyboard stopped it, and it is shut down.
    """
    import uvicorn

    from mesocosm.app.run import Running
    from mesocosm.core.confidential.owner_files import owner_only
    from mesocosm.lifecycle.server_info import lock_server, record_server
    from mesocosm.serving.auth.middleware import HOSTS
    from mesocosm.serving.http.connection_limits import BoundedHttpProtocol
    from mesocosm.serving.http.shutdown import DrainingServer, exit_on_signals
    from mesocosm.serving.http.websockets import DirectSocket

    store = spec.root / ".mesocosm"
    exit_on_signals()
    with lock_server(store, shared=not catalog.url.startswith("sqlite")):
        running = Running(spec, catalog, hosts=(*HOSTS, *settings.names), rate=settings.rate)
        listener = _listen(settings.host, settings.port)
        here = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host
        url = f"http://{here}:{listener.getsockname()[1]}"

        def begin_serving() -> None:
            record_server(store, url, running.token)
            begin(url, running.token)

        config = uvicorn.Config(
            running.app,
            log_level="warning",
            access_log=False,
            http=BoundedHttpProtocol,
            loop="uvloop" if sys.platform != "win32" else "asyncio",
            server_header=False,
            ws=DirectSocket,
            ws_per_message_deflate=False,
            ws_max_size=65536,
        )
        # The loop, the workers' listeners and the batchers hand the interpreter on at once.
        sys.setswitchinterval(0.0005)
        with owner_only(), running.maintain():
            server = DrainingServer(config, running.leave, settings.drain, begin_serving)
            try:
                server.run(sockets=[listener])
            except KeyboardInterrupt:
                server.interrupted = True
    if server.interrupted:  # said here: the loop does not always raise the signal again
        raise KeyboardInterrupt


def _listen(host: str, port: int) -> socket.socket:
    """A socket that is bound to an address.

    Raises:
        MesocosmError: the address is in use or not of this machine.
    """
    import socket

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise MesocosmError(
            Message("api.port_taken", host=host, port=port, reason=os.strerror(error.errno or 0))
        ) from error
    return listener
