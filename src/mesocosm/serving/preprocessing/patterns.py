"""Regular expressions of the engine (RE2) as Python's, where both find the same in every text.
Knows both syntaxes.
"""

from __future__ import annotations

import re

CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}  # as RE2 has them, of ASCII alone
PLAIN = frozenset(
    r"\.+*?()|[]{}^$-/,:;'\"# &~=<>!@%`"
)  # what may stand behind a backslash and means itself
SETS = ("--", "&&", "~~", "||")
LINES = ("t", "n", "r")
REPEATED = re.compile(r"\{\d{1,3}(?:,\d{0,3})?\}")
CODE = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")


def as_python(pattern: str) -> re.Pattern[str] | None:
    """The same pattern for Python, None where it has a part that the two may read in other ways.

    Known are characters, classes of them, groups that keep nothing, repeats up to 999,
    alternatives, `^` and `$`. A dot is left out: whether it finds a line end is a matter of
    options.

    Source: https://github.com/google/re2/wiki/Syntax

    >>> as_python(r"^[-+]?\\d+$").pattern, as_python(r"a.b"), as_python(r"(?i)a")
    ('^[-+]?[0-9]+\\\\Z', None, None)
    """
    found, at, size = [], 0, len(pattern)
    while at < size:
        char = pattern[at]
        if char == "[":
            part = _read_class(pattern, at)
        elif char == "\\":
            part = _read_escape(pattern, at)
        elif char == "{":
            repeat = REPEATED.match(pattern, at)
            part = (repeat[0], repeat.end()) if repeat else None
        elif char == "(":
            part = (
                ("(?:", at + 3)
                if pattern.startswith("(?:", at)
                else ("(?:", at + 1)
                if pattern[at + 1 : at + 2] != "?"
                else None
            )
        elif char == ".":
            part = None
        else:
            part = (r"\Z" if char == "$" else char, at + 1)
        if part is None:
            return None
        found.append(part[0])
        at = part[1]
    try:
        return re.compile("".join(found), re.ASCII)
    except re.error:
        return None


def _read_escape(pattern: str, at: int, inside: bool = False) -> tuple[str, int] | None:
    """What a backslash and the next character mean, and where it ends."""
    if code := CODE.match(pattern, at):
        return (re.escape(chr(int(code[1], 16))), code.end()) if int(code[1], 16) < 0xD800 else None
    char = pattern[at + 1 : at + 2]
    if char in CLASSES:
        return CLASSES[char] if inside else f"[{CLASSES[char]}]", at + 2
    if char in PLAIN:
        return "\\" + char, at + 2
    return ("\\" + char, at + 2) if char in LINES else None


def _read_class(pattern: str, at: int) -> tuple[str, int] | None:
    """A class of characters in brackets, and where it ends."""
    found, here = ["["], at + 1
    if pattern.startswith("^", here):
        found.append("^")
        here += 1
    first = here
    while here < len(pattern):
        char = pattern[here]
        if char == "]" and here > first:
            return "".join([*found, "]"]), here + 1
        if char == "\\":
            part = _read_escape(pattern, here, True)
            if part is None:
                return None
            found.append(part[0])
            here = part[1]
        elif char == "[" or pattern.startswith(
            SETS, here
        ):  # sets within sets, as Python may read them one day
            return None
        else:
            found.append(char)
            here += 1
    return None
