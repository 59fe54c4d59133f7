"""`mesocosm up`: build what is outdated, then serve everything on one port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import File, open_project, report_failures
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem


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
        typer.Option(help="A name by which the server may be called, besides the loopback's."),
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
    from mesocosm.app.serve import ServeSettings
    from mesocosm.cli.progress import Screen
    from mesocosm.resilience.data_drill import suggest_drill

    eco = open_project(folder or file)
    if build:
        _build(eco)
    console = Screen(highlight=False, soft_wrap=True)

    def begin(url: str, token: str) -> None:
        console.print(Message("cli.up.addresses", url=url, token=token).render())
        if eco.spec.eco.services:
            words = f"mesocosm {suggest_drill(eco.spec)} -f {folder or file}"
            console.print(Message("cli.up.break_it", command=words).render(), markup=False)

    try:
        eco.serve(ServeSettings(host, port, tuple(allow_host or ()), rate, drain), begin)
    except KeyboardInterrupt:
        console.print(Message("cli.up.stopped").render())


def _build(eco: Ecosystem) -> None:
    """Build what is outdated, and print the first lines of each report."""
    from mesocosm.cli.commands.project.build import run_build, summarise
    from mesocosm.cli.progress import Screen

    console = Screen(highlight=False, soft_wrap=True)
    result = run_build(eco, quiet=False)
    console.print(summarise(result))
    for finding in result.failed:
        console.print(finding.render(), markup=False)
    for lines in _first_lines(eco):
        console.print("\n".join(lines), markup=False)


def _first_lines(eco: Ecosystem) -> Iterator[list[str]]:
    """The first lines of the report of each dataset and model."""
    from mesocosm.cli.views.report import format_dataset, format_model
    from mesocosm.reports.described_version import choose_reported_version

    for name in eco.spec.eco.datasets:
        snapshot = eco.catalog.snapshot(dataset=name)
        if snapshot:
            yield format_dataset(name, snapshot).splitlines()[:1]
    for name in eco.spec.eco.models:
        version = choose_reported_version(eco.spec, eco.catalog, name)
        if version:
            yield format_model(name, version).splitlines()[:6]
