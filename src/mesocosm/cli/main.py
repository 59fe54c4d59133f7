"""The program: each command by its name, loaded when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module

COMMANDS = (
    "init",
    "draft",
    "check",
    "plan",
    "build",
    "up",
    "status",
    "report",
    "card",
    "labels",
    "predict",
    "trace",
    "explain",
    "lineage",
    "feedback",
    "promote",
    "rollback",
    "silence",
    "close",
    "versions",
    "diff",
    "forget",
    "reveal",
    "rotate",
    "aggregate",
    "drill",
    "story",
    "export",
    "picture",
    "bases",
    "token",
    "doctor",
    "retrain",
    "tune-up",
)


def run() -> None:
    """Run the command line; only the command that is called is imported."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import typer

    from mesocosm import __version__

    called = next((a for a in sys.argv[1:] if not a.startswith("-")), None)
    app = typer.Typer(
        name="mesocosm",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help=(
            "One file, ecosystem.yaml, describes an AI ecosystem; Mesocosm makes it true and keeps"
            " it true."
        ),
    )
    for name in COMMANDS:
        if called in COMMANDS and called != name:
            continue
        inner = name.replace("-", "_")
        module = import_module(f"mesocosm.cli.{inner}")
        app.command(name)(getattr(module, inner))

    @app.callback(invoke_without_command=True)
    def _top(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
        if version:
            print(__version__)
            raise typer.Exit

    app()
