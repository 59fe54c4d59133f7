"""Commands of other tools and the ones of Mesocosm that do the same; a group that names them where
a command is unknown.

Source: the command lines of MLflow, dbt, DVC, Ludwig, BentoML, Terraform and kubectl.
"""

from __future__ import annotations

from difflib import get_close_matches

from typer._click import Command, Context
from typer._click.exceptions import UsageError
from typer.core import TyperGroup

from mesocosm.cli.usage_errors import usage_errors_translated
from mesocosm.core.messages import Message

COMMANDS_OF = {
    "build": "train fit grow apply make materialize compile sync update ingest load transform",
    "up": (
        "serve deploy start launch run server ui web console dashboard gui api host watch rollout"
    ),
    "check": "validate lint verify syntax parse",
    "plan": "preview dry-run changes",
    "status": "monitor monitors ps ls list show get services alerts health info describe state",
    "report": "evaluate eval score metrics benchmark quality compare docs",
    "predict": "infer inference query invoke call classify generate",
    "explain": "shap why interpret attributions",
    "ask": "chat search answer question",
    "trace": "logs log debug audit follow",
    "draft": "profile inspect analyze analyse discover suggest-schema autogen",
    "init": "new create scaffold quickstart example",
    "export": "package dockerize docker kubernetes k8s push containerize pack save",
    "migrate": "upgrade convert",
    "doctor": "repair fsck diagnose plugins version",
    "schema": "jsonschema json-schema",
    "data versions": "history snapshots snapshot datasets checkout",
    "data rollback": "revert-data",
    "data forget": "erase delete-subject gdpr delete",
    "data lineage": "dag graph openlineage",
    "data backup": "dump archive",
    "data restore": "recover",
    "model suggest": "tune hpo search optimize optimise hyperopt sweep tuning improve advise",
    "model retrain": "grow challenger finetune fine-tune refit",
    "model card": "modelcard",
    "model bases": "models registry hub pretrained base",
    "model labels": "label annotate cleanlab",
    "service promote": "release transition canary",
    "service rollback": "revert undo",
    "service silence": "mute snooze ack acknowledge",
    "service token": "login auth tokens apikey api-key",
    "service feedback": "correct groundtruth ground-truth",
    "test drill": "chaos inject loadtest load-test stress",
    "test scenario": "e2e simulate story",
    "world picture": "screenshot render draw",
}


class CommandGroup(TyperGroup):
    """A group that says, for an unknown command, which one of Mesocosm is meant, and what is wrong
    with a call in the language of the reader.
    """

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Read the group's own options."""
        with usage_errors_translated():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Context) -> object:
        """Run the command that is called."""
        with usage_errors_translated():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """The command that the arguments name; a usage error with a hint where there is none."""
        try:
            return super().resolve_command(ctx, args)
        except UsageError as error:
            hint = _find_hint(args[0], list(self.commands)) if args else None
            if hint:
                error.message = Message(
                    "cli.problem_and_hint", problem=error.message.rstrip("."), hint=hint
                ).render()
            raise


def find_commands(word: str) -> list[str]:
    """The commands, with their groups, that a word of another tool or group means.

    >>> find_commands("train"), find_commands("scenario")
    (['build'], ['test scenario'])
    >>> find_commands("rollback")
    ['data rollback', 'service rollback']
    """
    from mesocosm.cli.app import COMMANDS

    plain = word.casefold().replace("_", "-")
    own = [command for command in COMMANDS if command.split()[-1] == plain]
    return own or [command for command, words in COMMANDS_OF.items() if plain in words.split()]


def _find_hint(word: str, known: list[str]) -> Message | None:
    commands = find_commands(word)
    if commands:
        names = tuple(f"'mesocosm {command}'" for command in commands)
        return Message("cli.command_of_now", commands=names)
    near = tuple(f"'{name}'" for name in get_close_matches(word, known))
    return Message("cli.did_you_mean", names=near) if near else None
