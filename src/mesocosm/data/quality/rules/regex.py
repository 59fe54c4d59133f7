"""A text must have a form."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from mesocosm.data.quality.rules.field_names import Of
from mesocosm.data.quality.rules.rule import RuleKind
from mesocosm.data.sources.path_utils import quote, text


def _pattern(value: str) -> str:
    import re

    try:
        re.compile(value)
    except re.error as error:
        raise ValueError("a regular expression") from error
    if "(?=" in value or "(?!" in value or "(?<" in value or "\\1" in value:
        raise ValueError("a regular expression without look-around and back-references")
    return value


class Regex(RuleKind):
    """The whole text must match a regular expression; a null passes.

    Args:
        of: the field or fields; the field itself where the rule stands under one.
        pattern: a regular expression in RE2's syntax.

    Source: https://github.com/google/re2/wiki/Syntax

    >>> Regex(of="zip", pattern="[0-9]{5}").breaks()
    'coalesce(not regexp_full_match("zip"::varchar, \\'[0-9]{5}\\'), false)'
    """

    type: Literal["regex"] = "regex"
    of: Of = ()
    pattern: Annotated[str, AfterValidator(_pattern)]

    def sentence(self) -> str:
        """The form expected."""
        return f"breaks the rule: {', '.join(self.of)} like {self.pattern}"

    def breaks(self) -> str:
        """True where a text has another form."""
        tests = [
            f"not regexp_full_match({quote(n)}::varchar, {text(self.pattern)})" for n in self.of
        ]
        return "coalesce(" + " or ".join(tests) + ", false)"
