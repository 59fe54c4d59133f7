"""The server of an ecosystem, started beside this process or found where it runs."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from mesocosm.client import AsyncClient, Client
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem

READY = 300.0  # seconds that a server may take to be ready
STOP = 30.0  # seconds that it may take to end
PAUSE = 0.2  # seconds between two looks


class RunningServer:
    """A server that `eco.up()` started; as a context manager it stops at the end of the block, else
    with this process.

    Args:
        url: its address.
        token: the owner's token.
        process: its process; None where it ran already, and is not stopped.
    """

    def __init__(self, url: str, token: str, process: subprocess.Popen[bytes] | None) -> None:
        self.url, self.token, self._process = url, token, process
        atexit.register(self.stop)

    def __repr__(self) -> str:
        """Its address; the token is not shown."""
        return f"<server at {self.url}>"

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def console_url(self) -> str:
        """The console's address, with the owner's token."""
        return f"{self.url}/?token={self.token}"

    @property
    def world_url(self) -> str:
        """The world's address, with the owner's token."""
        return f"{self.url}/world?token={self.token}"

    def client(self) -> Client:
        """A client of it, as the owner."""
        return Client(self.url, self.token)

    def async_client(self) -> AsyncClient:
        """A client whose verbs are awaited, as the owner."""
        return AsyncClient(self.url, self.token)

    def stop(self) -> None:
        """Stop it, after the requests that it answers now; one that ran before keeps running."""
        atexit.unregister(self.stop)
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP)


def start_server(eco: Ecosystem, port: int) -> RunningServer:
    """Start a server in a process of its own and wait until it is ready; one that runs already is
    taken.

    Raises:
        MesocosmError: it ends, or is not ready in time.
    """
    from mesocosm.lifecycle.server_info import find_server

    store = eco.spec.root / ".mesocosm"
    found = find_server(store)
    if found:
        return RunningServer(found["url"], found["token"], None)
    (store / "server.json").unlink(missing_ok=True)
    words = ["up", str(eco.spec.path), "--port", str(port), "--no-build"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mesocosm", *words], stdout=subprocess.DEVNULL, stderr=log
        )
        url, token = "", ""
        try:
            url, token = _wait_until_ready(process, store)
        finally:
            if not url:
                process.terminate()
                process.wait(STOP)
                log.seek(0)
                said = log.read().decode("utf-8", "replace").strip()[-300:]
        if not url:
            reason = said or Message("api.not_ready_in_time")
            raise MesocosmError(Message("api.server_not_started", output=reason))
    return RunningServer(url, token, process)


def _wait_until_ready(process: subprocess.Popen[bytes], store: Path) -> tuple[str, str]:
    """The address and token of a server once it is ready; empty where it ends or is too late."""
    end = time.monotonic() + READY
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError, ValueError):
            info = json.loads((store / "server.json").read_text(encoding="utf-8"))
            if _is_ready(str(info["url"]), str(info["token"])):
                return str(info["url"]), str(info["token"])
        time.sleep(PAUSE)
    return "", ""


def _is_ready(url: str, token: str) -> bool:
    import httpx

    try:
        with Client(url, token, timeout=5) as client:
            return client.ready()
    except httpx.HTTPError:
        return False
