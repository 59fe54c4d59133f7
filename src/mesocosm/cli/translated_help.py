"""Help texts in the reader's language. The English ones stand in the commands; their ids follow
from the command's name: `help.data.diff` and, of its argument `old`, `help.data.diff.old`.
"""

from __future__ import annotations

import gettext
import inspect
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeGuard

from mesocosm.core.messages import Message
from mesocosm.core.messages.catalogues import HOME
from mesocosm.core.messages.language import SOURCE, current_language

if TYPE_CHECKING:
    from typer._click import Command, Context
    from typer._click.formatting import HelpFormatter
    from typer.core import TyperGroup

PROGRAM = "mesocosm"
SHARED = ("file", "as_json")  # options that many commands have


def translate_frame() -> None:
    """Have Typer's own words ("Options", "No such command") in the language of the process; before
    Typer is imported, since some are read then.
    """
    if current_language() != SOURCE:
        os.environ["LANGUAGE"] = current_language()
        gettext.bindtextdomain("typer", HOME)
        gettext.textdomain("typer")


def translate_help(command: Command, name: str = PROGRAM) -> None:
    """Put the help texts of a command, and of those below it, in the language of the process."""
    import typer

    command.help = _translate(f"help.{name}", command.help)
    _translate_usage(command)
    _translate_params(command, name)
    option = command.get_help_option(typer.Context(command))
    if option:
        option.help = Message("cli.help_option").render()
    if _is_group(command):
        for below in command.commands.values():
            translate_help(below, _name_below(name, str(below.name)))


def collect_help() -> dict[str, str]:
    """By id: the English help texts of all commands and their parameters."""
    import typer
    from typer.main import get_command

    from mesocosm.cli.app import COMMANDS, GROUPS, create_app, load_command

    found = {f"help.{group}": about for group, (about, _) in GROUPS.items()}
    found |= dict(_texts_of(get_command(create_app({})), PROGRAM))
    for name in COMMANDS:
        app = typer.Typer(add_completion=False)
        app.command(name)(load_command(name))
        found |= dict(_texts_of(get_command(app), name.replace(" ", ".")))
    return found


def _translate_usage(command: Command) -> None:
    """Put the line of a command's usage into the reader's language."""

    def format_usage(ctx: Context, formatter: HelpFormatter) -> None:
        pieces = " ".join(command.collect_usage_pieces(ctx))
        prefix = Message("cli.usage.prefix").render()
        formatter.write_usage(ctx.command_path, pieces, prefix)

    words = {"format_usage": format_usage, "options_metavar": Message("cli.usage.options").render()}
    if _is_group(command):
        words["subcommand_metavar"] = Message("cli.usage.command").render()
    vars(command).update(words)


def _translate_params(command: Command, name: str) -> None:
    """Put the texts of a command's parameters into the reader's language."""
    for param in command.params:
        text = getattr(param, "help", None)
        if text:
            vars(param)["help"] = _translate(_id_of_param(name, str(param.name)), text)


def _texts_of(command: Command, name: str) -> Iterator[tuple[str, str]]:
    yield f"help.{name}", _on_one_line(command.help or "")
    for param in command.params:
        text = getattr(param, "help", None)
        if text:
            yield _id_of_param(name, str(param.name)), _on_one_line(text)


def _id_of_param(command: str, param: str) -> str:
    return f"help.option.{param}" if param in SHARED else f"help.{command}.{param}"


def _translate(id: str, text: str | None) -> str | None:
    """The text of an id; where there is none, as for what Typer adds, the text as it is."""
    if not text:
        return text
    try:
        return Message(id).render()
    except KeyError:
        return text


def _on_one_line(text: str) -> str:
    return " ".join(inspect.cleandoc(text).split())


def _name_below(name: str, command: str) -> str:
    return command if name == PROGRAM else f"{name}.{command}"


def _is_group(command: Command) -> TypeGuard[TyperGroup]:
    return isinstance(getattr(command, "commands", None), Mapping)
