"""The program: daily commands at the top, the others in groups; a command is loaded when called."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from mesocosm.core.messages import Message
from mesocosm.core.messages.language import (
    SOURCE,
    current_language,
    language_of_environment,
    use_language,
)

if TYPE_CHECKING:
    import typer

DAILY = (
    "init",
    "draft",
    "check",
    "plan",
    "build",
    "up",
    "status",
    "report",
    "predict",
    "explain",
    "trace",
    "ask",
    "doctor",
    "export",
    "migrate",
    "schema",
)
FILE_COMMANDS = ("init", "draft", "check", "migrate", "schema")  # those about the file itself
GROUPS = {
    "data": (
        "Versions, privacy and lineage of datasets.",
        (
            "versions",
            "diff",
            "changes",
            "checks",
            "rollback",
            "forget",
            "reveal",
            "rotate",
            "aggregate",
            "label",
            "lineage",
            "backup",
            "restore",
        ),
    ),
    "model": (
        "Model cards, labels, retraining and base models.",
        ("card", "labels", "retrain", "bases", "suggest"),
    ),
    "service": (
        "What is deployed: rollouts, alerts, feedback and access tokens.",
        ("promote", "rollback", "feedback", "silence", "close", "token"),
    ),
    "test": ("Injected faults and scenario tests.", ("drill", "scenario")),
    "world": ("Pictures of the world.", ("picture",)),
}
NEW = (
    "scenario",
    "suggest",
    "rollback",
    "backup",
    "restore",
    "changes",
    "checks",
)  # never at the top under this name
GROUPED: list[tuple[str, str]] = []
for _group, (_, _names) in GROUPS.items():
    GROUPED += [(_group, _name) for _name in _names]
COMMANDS = (*DAILY, *(f"{group} {name}" for group, name in GROUPED))
FORMER = {"story": "test scenario", "tune-up": "model suggest"}
FORMER |= {name: f"{group} {name}" for group, name in GROUPED if name not in NEW}


def load_command(name: str) -> Callable[..., None]:
    """The function of a command, such as `plan` or `data versions`; its module is imported now."""
    group, _, command = name.rpartition(" ")
    if not group:
        group = "project"
        if command in FILE_COMMANDS:
            group = "file"
    module = import_module(f"mesocosm.cli.commands.{group}.{command}")
    found: Callable[..., None] = getattr(module, command)
    return found


def run() -> None:
    """Run the command line; only what is called is imported."""
    gc.set_threshold(50_000)  # what imports make stays: looking for garbage in it took a tenth
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    sys.argv[1:] = _choose_language(sys.argv[1:])
    sys.argv[1:] = _in_words_of_now(sys.argv[1:])
    if current_language() == SOURCE:
        create_app(sys.argv[1:])()
        return
    from mesocosm.cli.line_breaks import break_between_characters
    from mesocosm.cli.translated_help import translate_frame, translate_help

    translate_frame()
    break_between_characters()
    from typer.main import get_command

    command = get_command(create_app(sys.argv[1:]))
    translate_help(command)
    command()


def create_app(arguments: Iterable[str]) -> typer.Typer:
    """The program with the command that the arguments call, or with all of them."""
    import typer

    from mesocosm import __version__
    from mesocosm.cli.other_commands import CommandGroup

    app = typer.Typer(
        name="mesocosm",
        cls=CommandGroup,
        suggest_commands=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help=(
            "One file, ecosystem.yaml, describes an AI ecosystem; Mesocosm makes it true and keeps"
            " it true."
        ),
    )
    words = [word for word in arguments if not word.startswith("-")]
    if "_MESOCOSM_COMPLETE" in os.environ:
        words = []
    _add_commands(app, DAILY, words[:1])
    for group in GROUPS:
        app.add_typer(_create_group(group, words))

    @app.callback(invoke_without_command=True)
    def _top(
        version: bool = typer.Option(False, "--version", help="Print the version."),
        lang: str = typer.Option(
            "", "--lang", help="The language of messages: en or zh; that of LANG where not given."
        ),
    ) -> None:
        if version:
            print(__version__)
            raise typer.Exit

    return app


def _create_group(group: str, words: list[str]) -> typer.Typer:
    """A group with the command that is called; without any where another one is."""
    import typer

    from mesocosm.cli.other_commands import CommandGroup

    about, names = GROUPS[group]
    inner = typer.Typer(
        name=group, cls=CommandGroup, suggest_commands=False, no_args_is_help=True, help=about
    )
    if words[:1] == [group] or "_MESOCOSM_COMPLETE" in os.environ:
        _add_commands(inner, names, words[1:2], group)
    else:
        inner.callback()(lambda: None)
    return inner


def _choose_language(arguments: list[str]) -> list[str]:
    """Write in the language of `--lang`, which may stand anywhere, or in that of the environment;
    the arguments without it.
    """
    asked, others = _take_language(arguments)
    try:
        use_language(asked or language_of_environment())
    except ValueError as error:
        print(f"--lang: {error}", file=sys.stderr)
        sys.exit(2)
    return others


def _take_language(arguments: list[str]) -> tuple[str, list[str]]:
    """The language of `--lang`, empty where it is not given, and the other arguments."""
    ours = arguments
    if "--" in arguments:
        ours = arguments[: arguments.index("--")]
    asked, others = "", list(arguments)
    for at, word in enumerate(ours):
        if word.startswith("--lang="):
            asked, others = word.partition("=")[2], arguments[:at] + arguments[at + 1 :]
        elif word == "--lang" and at + 1 < len(ours):
            asked, others = ours[at + 1], arguments[:at] + arguments[at + 2 :]
    return asked, others


def _add_commands(
    app: typer.Typer, names: Iterable[str], called: list[str], group: str = ""
) -> None:
    """Add the command that is called, or all where none of them is: help lists them."""
    names = tuple(names)
    chosen = [name for name in names if [name] == called] or names
    for name in chosen:
        app.command(name)(load_command(f"{group} {name}".strip()))


def _in_words_of_now(arguments: list[str]) -> list[str]:
    """The arguments with a former command's name as it is now; a note says so."""
    first = next((word for word in arguments if not word.startswith("-")), "")
    if first == "rollback":
        _note_move("rollback", "service rollback", "data rollback")
        return _replace(arguments, first, ["service", "rollback"])
    if first not in FORMER:
        return arguments
    _note_move(first, FORMER[first])
    return _replace(arguments, first, FORMER[first].split())


def _replace(arguments: list[str], word: str, words: list[str]) -> list[str]:
    at = arguments.index(word)
    return [*arguments[:at], *words, *arguments[at + 1 :]]


def _note_move(former: str, *now: str) -> None:
    commands = [f"'mesocosm {words}'" for words in now]
    if len(commands) == 1:
        note = Message("cli.command_moved", former=former, command=commands[0])
    else:
        note = Message("cli.command_split", former=former, first=commands[0], second=commands[1])
    print(note.render(), file=sys.stderr)
