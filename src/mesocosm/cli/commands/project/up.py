"""`mesocosm up`: build what is outdated, then serve everything on one port."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mesocosm.cli.output import File, open_project, report_failures
from mesocosm.core.errors import MesocosmError

if TYPE_CHECKING:
    import socket


@report_failures
def up(
    folder: Annotated[
        Path | None, typer.Argument(help="The file or its folder; the same as -f.")
    ] = None,
    file: File = Path("ecosystem.yaml"),
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help="The port on the loopback address; 0 takes a free one."
        ),
    ] = 8765,
    host: Annotated[
        str,
        typer.Option(
            help=("The address to listen on; 0.0.0.0 in a container, behind a proxy with TLS.")
        ),
    ] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A name by which the server may be called besides the loopback's."),
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0.1, help="Requests a second of each token but the owner's.")
    ] = 100.0,
    drain: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=300.0,
            help=(
                "Seconds between SIGTERM, when /readyz turns 503, and the end of listening; behind"
                " a balancer, longer than its probes need."
            ),
        ),
    ] = 0.3,
    build: Annotated[bool, typer.Option(help="Build first what is outdated.")] = True,
) -> None:
    """Build what is outdated, then serve, monitor and show everything at one address."""
    eco = open_project(folder or file)
    if build:
        _build(eco)
    services = eco.spec.eco.services
    if services and not any(eco.catalog.deployment(name) for name in services):
        raise MesocosmError("no service has a version to serve; see what 'mesocosm build' reports")
    serving = Serving(host, port, tuple(allow_host or ()), rate, drain)
    _serve(eco, serving, folder or file)


@dataclass(frozen=True)
class Serving:
    """Where and how the server listens.

    Args:
        names: names by which the server may be called besides the loopback's.
        rate: requests a second of each token but the owner's.
        drain: seconds between SIGTERM and the end of listening.
    """

    host: str
    port: int
    names: tuple[str, ...]
    rate: float
    drain: float


def _build(eco: Any) -> None:
    """Build what is outdated, and print the first lines of each report."""
    from mesocosm.cli.commands.project.build import run_build
    from mesocosm.cli.progress import Screen
    from mesocosm.cli.views.report import format_dataset, format_model
    from mesocosm.reports.described_version import choose_reported_version

    console = Screen(highlight=False, soft_wrap=True)
    outcome = run_build(eco, quiet=False)
    console.print(outcome["said"])
    for finding in outcome["failed"]:
        console.print(finding["text"], markup=False)
    for name in eco.spec.eco.datasets:
        snapshot = eco.catalog.snapshot(dataset=name)
        if snapshot:
            console.print(format_dataset(name, snapshot).splitlines()[0], markup=False)
    for name in eco.spec.eco.models:
        version = choose_reported_version(eco.spec, eco.catalog, name)
        if version:
            console.print("\n".join(format_model(name, version).splitlines()[:6]), markup=False)


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
            f"{host}:{port} cannot be listened on ({os.strerror(error.errno or 0)}); stop what"
            " holds it or give another with --port"
        ) from error
    return listener


def _serve(eco: Any, serving: Serving, file: Path) -> None:
    """Serve until the process is stopped."""
    import sys

    import uvicorn

    from mesocosm.app.run import Running
    from mesocosm.cli.commands.test.drill import suggest_drill
    from mesocosm.cli.progress import Screen
    from mesocosm.core.confidential.owner_files import owner_only
    from mesocosm.lifecycle.server_info import lock_server, record_server
    from mesocosm.serving.auth.middleware import HOSTS
    from mesocosm.serving.http.connection_limits import BoundedHttpProtocol
    from mesocosm.serving.http.shutdown import DrainingServer, exit_on_signals
    from mesocosm.serving.http.websockets import DirectSocket

    console = Screen(highlight=False, soft_wrap=True)
    store = eco.spec.root / ".mesocosm"
    exit_on_signals()
    with lock_server(store, shared=not eco.catalog.url.startswith("sqlite")):
        running = Running(eco.spec, eco.catalog, hosts=(*HOSTS, *serving.names), rate=serving.rate)
        listener = _listen(serving.host, serving.port)
        here = "127.0.0.1" if serving.host == "0.0.0.0" else serving.host
        url = f"http://{here}:{listener.getsockname()[1]}"

        def begin() -> None:
            record_server(store, url, running.token)
            console.print(
                f"\nThe console:  {url}/?token={running.token}\nThe world:   "
                f" {url}/world?token={running.token}"
            )
            if eco.spec.eco.services:
                console.print(
                    f"Now break it: mesocosm {suggest_drill(eco.spec)} -f {file}", markup=False
                )

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
            try:
                DrainingServer(config, running.leave, serving.drain, begin).run(sockets=[listener])
            except KeyboardInterrupt:
                console.print("Stopped.")
