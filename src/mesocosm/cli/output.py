"""What every command shares: the options, how answers and failures are printed, exit codes.

0 done, 1 failed, 2 wrong usage or an invalid file.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from mesocosm.core.confidential.secret_values import masked
from mesocosm.core.errors import ConfigError, MesocosmError
from mesocosm.core.extras import missing_extra
from mesocosm.core.messages import Message, Text

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem

File = Annotated[
    Path, typer.Option("-f", "--file", help="The file, or the folder that holds ecosystem.yaml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


class Result(Protocol):
    """What a verb returns."""

    def to_json(self) -> Mapping[str, object]:
        """The result as JSON-ready data."""


def answer(
    result: Result | Mapping[str, object], as_json: bool, text: Callable[[Any], str]
) -> None:
    """Print an answer, as JSON or as the text that a function makes of its JSON, in the language of
    the reader.
    """
    data = result if isinstance(result, Mapping) else result.to_json()
    if as_json:
        print(json.dumps(data, ensure_ascii=False, indent=1, default=str))
    else:
        print(text(data))


def count_of(number: int, noun: str) -> str:
    """A number with its noun, in the language of the reader.

    >>> count_of(1, "request"), count_of(3, "request")
    ('1 request', '3 requests')
    """
    return Message(f"cli.count.{noun}", count=number).render()


def report_failures(command: Callable[..., None]) -> Callable[..., None]:
    """Turn failures into sentences and exit codes; a traceback only where MESOCOSM_DEBUG is set."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        as_json = bool(kwargs.get("as_json"))
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except ConfigError as error:
            _print_findings(error, as_json)
            raise typer.Exit(2) from None
        except MesocosmError as error:
            _fail(error, as_json)
        except BrokenPipeError:
            leave_quietly()
        except KeyboardInterrupt:
            _fail(MesocosmError(Message("cli.interrupted")), as_json)
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if isinstance(error, ModuleNotFoundError) and (sentence := missing_extra(error)):
                _fail(MesocosmError(sentence), as_json)
            if os.environ.get("MESOCOSM_DEBUG"):
                raise
            kind, name = type(error).__name__, command.__name__
            message = Message("cli.internal_error", kind=kind, command=name)
            _fail(MesocosmError(message), as_json)

    return run


def _print_findings(error: ConfigError, as_json: bool) -> None:
    if not as_json:
        print(error.render(), file=sys.stderr)
        return
    findings = [finding.as_json() | {"text": finding.text()} for finding in error.findings]
    print(json.dumps({"findings": findings}, ensure_ascii=False, indent=1))


def leave_quietly() -> None:
    """End as other tools do where the output is not read any more: without output, and with the
    exit code of SIGPIPE.

    Raises:
        typer.Exit: always.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    raise typer.Exit(128 + 13) from None


def _fail(error: MesocosmError, as_json: bool) -> None:
    if as_json:
        print(json.dumps(error.as_json(), ensure_ascii=False))
    else:
        print(masked(error.render()), file=sys.stderr)
    raise typer.Exit(1) from None


Asked = Annotated[str, typer.Argument(help="The prediction's id, or 'last' for the newest.")]


def open_project(file: Path) -> Ecosystem:
    """Open the ecosystem of a file."""
    from mesocosm.api.ecosystem import open_ecosystem

    eco = open_ecosystem(file, who="command line")
    note_deprecations(eco.spec.deprecations)
    return eco


def note_deprecations(deprecations: Sequence[Text]) -> None:
    """Say on stderr that a file has words of an earlier grammar, and how to rewrite it."""
    if deprecations:
        note = Message("cli.deprecated_words", first=deprecations[0], count=len(deprecations))
        print(note.render(), file=sys.stderr)
