"""`mesocosm up`: build what is not, then serve everything on one port."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import File, guarded, opened
from mesocosm.core.errors import Failure


@guarded
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
            help=(
                "The address to listen on; 0.0.0.0 in a container, behind something that speaks"
                " TLS."
            )
        ),
    ] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A name by which the server may be called beside the loopback's."),
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
    build: Annotated[bool, typer.Option(help="Build first what is not as the file says.")] = True,
) -> None:
    """Build what is not, then serve, watch and show everything at one address."""
    import os
    import socket
    import sys

    from mesocosm.cli.commands.project.build import run_build
    from mesocosm.cli.progress import Screen
    from mesocosm.cli.views.report import format_dataset, format_model
    from mesocosm.reports.described_version import reported_version

    console = Screen(highlight=False, soft_wrap=True)
    eco = opened(folder or file)
    if build:
        made = run_build(eco, quiet=False)
        console.print(made["said"])
        for finding in made["failed"]:
            console.print(finding["text"], markup=False)
        for name in eco.spec.eco.datasets:
            found = eco.catalog.snapshot(dataset=name)
            if found:
                console.print(format_dataset(name, found).splitlines()[0], markup=False)
        for name in eco.spec.eco.models:
            version = reported_version(eco.spec, eco.catalog, name)
            if version:
                console.print("\n".join(format_model(name, version).splitlines()[:6]), markup=False)
    if eco.spec.eco.services and not any(
        eco.catalog.deployment(name) for name in eco.spec.eco.services
    ):
        raise Failure("no service has anything to serve; see what 'mesocosm build' says")
    import uvicorn

    from mesocosm.app.run import Running
    from mesocosm.cli.commands.test.drill import to_break
    from mesocosm.core.confidential.owner_files import owner_only
    from mesocosm.lifecycle.server_info import only_server, record_server
    from mesocosm.serving.auth.middleware import HOSTS
    from mesocosm.serving.http.connection_limits import Door
    from mesocosm.serving.http.shutdown import Draining, end_on_term
    from mesocosm.serving.http.websockets import Socket

    store = eco.spec.root / ".mesocosm"
    end_on_term()
    with only_server(store, shared=not eco.catalog.url.startswith("sqlite")):
        running = Running(eco.spec, eco.catalog, hosts=(*HOSTS, *(allow_host or ())), rate=rate)
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise Failure(
                f"{host}:{port} cannot be listened on ({os.strerror(error.errno or 0)}); stop what"
                " holds it or give another with --port"
            ) from error
        here = "127.0.0.1" if host == "0.0.0.0" else host
        url = f"http://{here}:{listener.getsockname()[1]}"

        def begin() -> None:
            record_server(store, url, running.token)
            console.print(
                f"\nThe console:  {url}/?token={running.token}\nThe world:   "
                f" {url}/world?token={running.token}"
            )
            if eco.spec.eco.services:
                console.print(
                    f"Now break it: mesocosm {to_break(eco.spec)} -f {folder or file}", markup=False
                )

        config = uvicorn.Config(
            running.app,
            log_level="warning",
            access_log=False,
            http=Door,
            loop="uvloop" if sys.platform != "win32" else "asyncio",
            server_header=False,
            ws=Socket,
            ws_per_message_deflate=False,
            ws_max_size=65536,
        )
        sys.setswitchinterval(
            0.0005
        )  # the loop, the workers' ears and the batchers hand the interpreter on at once
        with owner_only(), running.tending():
            try:
                Draining(config, running.leave, drain, begin).run(sockets=[listener])
            except KeyboardInterrupt:
                console.print("Stopped.")
