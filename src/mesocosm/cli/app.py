"""The program: each command by its name, loaded when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module

COMMANDS = {
    "init": "project",
    "draft": "project",
    "check": "project",
    "plan": "project",
    "build": "project",
    "up": "project",
    "status": "project",
    "report": "project",
    "card": "model",
    "labels": "model",
    "predict": "project",
    "trace": "project",
    "explain": "project",
    "lineage": "data",
    "feedback": "service",
    "promote": "service",
    "rollback": "service",
    "silence": "service",
    "close": "service",
    "versions": "data",
    "diff": "data",
    "forget": "data",
    "reveal": "data",
    "rotate": "data",
    "aggregate": "data",
    "drill": "test",
    "story": "test",
    "export": "project",
    "picture": "world",
    "bases": "model",
    "token": "service",
    "doctor": "project",
    "retrain": "model",
    "tune-up": "project",
}  # each command and its group, the folder that holds it


def load_command(name: str) -> Callable[..., None]:
    """The function of a command, whose module is imported now."""
    function = name.replace("-", "_")
    module = import_module(f"mesocosm.cli.commands.{COMMANDS[name]}.{function}")
    found: Callable[..., None] = getattr(module, function)
    return found


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
        if called not in COMMANDS or called == name:
            app.command(name)(load_command(name))

    @app.callback(invoke_without_command=True)
    def _top(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
        if version:
            print(__version__)
            raise typer.Exit

    app()
