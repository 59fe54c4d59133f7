"""Typer's usage errors in the reader's language; in English they are as Typer writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from typer._click.exceptions import (
    BadOptionUsage,
    BadParameter,
    MissingParameter,
    NoArgsIsHelpError,
    NoSuchOption,
    UsageError,
)

from mesocosm.core.messages import Message, Text, render
from mesocosm.core.messages.language import SOURCE, current_language

EXTRA = "Got unexpected extra argument(s) ("
NO_VALUE = "does not take a value."
KINDS = {  # what a value has to be, by the beginning of the name of Pydantic's error
    "int": Message("cli.usage.whole_number"),
    "float": Message("cli.usage.number"),
    "bool": Message("cli.usage.yes_or_no"),
    "path": Message("cli.usage.path"),
}


@contextmanager
def usage_errors_translated() -> Iterator[None]:
    """Raise the usage errors of the block in the language of the process.

    Raises:
        UsageError: with the text in that language.
    """
    try:
        yield
    except NoArgsIsHelpError:
        raise
    except UsageError as error:
        text = describe_usage_error(error)
        if text is None or current_language() == SOURCE:
            raise
        raise UsageError(render(text), error.ctx) from None


def describe_usage_error(error: UsageError) -> Text | None:
    """What a usage error says; None where it is none of Typer's.

    >>> str(describe_usage_error(NoSuchOption("--windo", possibilities=["--window"])))
    'No such option: --windo (Possible options: --window)'
    """
    for kind, describe in _DESCRIBED.items():
        if isinstance(error, kind):
            return describe(error)
    if error.message.startswith(EXTRA):
        extra = error.message.removeprefix(EXTRA).removesuffix(")")
        return Message("cli.usage.extra_arguments", arguments=extra)
    return None


def _describe_unknown(error: UsageError) -> Text:
    wrong = cast(NoSuchOption, error)
    if not wrong.possibilities:
        return Message("cli.usage.no_such_option", option=wrong.option_name)
    options = tuple(sorted(wrong.possibilities))
    return Message("cli.usage.near_option", option=wrong.option_name, options=options)


def _describe_missing(error: UsageError) -> Text:
    param = cast(MissingParameter, error).param
    name = param.get_error_hint() if param else ""
    if param is not None and param.param_type_name == "option":
        return Message("cli.usage.missing_option", name=name)
    return Message("cli.usage.missing_argument", name=name)


def _describe_option(error: UsageError) -> Text:
    name = cast(BadOptionUsage, error).option_name
    if error.message.endswith(NO_VALUE):
        return Message("cli.usage.takes_no_value", option=name)
    return Message("cli.usage.needs_a_value", option=name)


def _describe_value(error: UsageError) -> Text:
    param = cast(BadParameter, error).param
    name = param.get_error_hint() if param else ""
    return Message("cli.usage.invalid_value", name=name, problem=_find_problem(error))


def _find_problem(error: UsageError) -> Text:
    """What is wrong with a value, by the error of Pydantic that it comes from."""
    find_all = getattr(error.__cause__, "errors", None)
    first: Mapping[str, object] = find_all()[0] if callable(find_all) else {}
    kind = str(first.get("type", "")).partition("_")[0]
    if kind not in KINDS:
        return error.message
    return Message("cli.usage.expected", expected=KINDS[kind], value=str(first.get("input"))[:60])


# the first kind that an error is of describes it; a missing parameter is a bad one too
_DESCRIBED: Mapping[type[UsageError], Callable[[UsageError], Text]] = {
    NoSuchOption: _describe_unknown,
    MissingParameter: _describe_missing,
    BadOptionUsage: _describe_option,
    BadParameter: _describe_value,
}
