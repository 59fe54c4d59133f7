"""What every command shares: the options, how answers and failures are printed, exit codes.

0 done, 1 failed, 2 wrong usage or an invalid file.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, ParamSpec, Protocol, TypeVar

import typer

from mesocosm.core.confidential.secret_values import masked
from mesocosm.core.errors import ConfigError, MesocosmError
from mesocosm.core.extras import missing_extra
from mesocosm.core.messages import Message, Text
from mesocosm.core.messages.language import SOURCE, writing_in

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem

File = Annotated[
    Path, typer.Option("-f", "--file", help="The file, or the folder that holds ecosystem.yaml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


P = ParamSpec("P")


class Result(Protocol):
    """What a verb returns."""

    def to_json(self) -> Mapping[str, object]:
        """The result as JSON-ready data."""


R = TypeVar("R", bound=Result | Mapping[str, object])


def answer(result: R, as_json: bool, text: Callable[[R], str]) -> None:
    """Print an answer, as JSON or as the text that a function makes of it, in the language of the
    reader.
    """
    if not as_json:
        print(text(result))
        return
    data = result if isinstance(result, Mapping) else result.to_json()
    print(json.dumps(data, ensure_ascii=False, indent=1, default=str))


def count_of(number: int, noun: str) -> str:
    """A number with its noun, in the language of the reader.

    >>> count_of(1, "request"), count_of(3, "request")
    ('1 request', '3 requests')
    """
    return Message(f"cli.count.{noun}", count=number).render()


def report_failures(command: Callable[P, None]) -> Callable[P, None]:
    """Turn failures into sentences and exit codes; a traceback only where MESOCOSM_DEBUG is set."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with _choose_language(bool(kwargs.get("as_json"))):
                command(*args, **kwargs)
            sys.stdout.flush()
        except (typer.Exit, typer.Abort):
            raise
        except BrokenPipeError:
            leave_quietly()
        except (KeyboardInterrupt, Exception) as error:
            _report(error, bool(kwargs.get("as_json")), command.__name__)

    return run


def _choose_language(as_json: bool) -> AbstractContextManager[None]:
    """JSON is in English, what people read in their language."""
    return writing_in(SOURCE) if as_json else nullcontext()


def _report(error: BaseException, as_json: bool, command: str) -> None:
    """Print what failed, and end with its exit code.

    Raises:
        typer.Exit: always, but for an internal error where MESOCOSM_DEBUG is set, which is raised.
    """
    if isinstance(error, ConfigError):
        _print_findings(error, as_json)
        raise typer.Exit(2) from None
    known = _known_failure(error)
    if known is not None:
        _fail(known, as_json)
    if os.environ.get("MESOCOSM_DEBUG"):
        raise error
    message = Message("cli.internal_error", kind=type(error).__name__, command=command)
    _fail(MesocosmError(message), as_json)


def _known_failure(error: BaseException) -> MesocosmError | None:
    """A failure that a sentence explains; None of any other."""
    if isinstance(error, MesocosmError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return MesocosmError(Message("cli.interrupted"))
    if isinstance(error, ModuleNotFoundError) and (sentence := missing_extra(error)):
        return MesocosmError(sentence)
    return None


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


def _fail(error: MesocosmError, as_json: bool) -> NoReturn:
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
