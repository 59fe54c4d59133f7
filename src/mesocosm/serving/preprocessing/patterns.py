"""Regular expressions of the engine (RE2) as Python's, where both match the same in every text.
Knows both syntaxes.
"""

from __future__ import annotations

import re

CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}  # as RE2 has them, of ASCII alone
# what means itself behind a backslash
PLAIN = frozenset(r"\.+*?()|[]{}^$-/,:;'\"# &~=<>!@%`")
SETS = ("--", "&&", "~~", "||")
LINES = ("t", "n", "r")
REPEATED = re.compile(r"\{\d{1,3}(?:,\d{0,3})?\}")
CODE = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")


def as_python(pattern: str) -> re.Pattern[str] | None:
    """The same pattern for Python, None where it has a part that the two may read differently.

    Known are characters, classes of them, groups that keep nothing, repeats up to 999,
    alternatives, `^` and `$`. A dot is left out: whether it finds a line end is a matter of
    options.

    Source: https://github.com/google/re2/wiki/Syntax

    >>> as_python(r"^[-+]?\\d+$").pattern, as_python(r"a.b"), as_python(r"(?i)a")
    ('^[-+]?[0-9]+\\\\Z', None, None)
    """
    found, at = [], 0
    while at < len(pattern):
        part = _read_part(pattern, at)
        if part is None:
            return None
        found.append(part[0])
        at = part[1]
    try:
        return re.compile("".join(found), re.ASCII)
    except re.error:
        return None


def _read_part(pattern: str, at: int) -> tuple[str, int] | None:
    """One part of a pattern as Python's, and where it ends."""
    match pattern[at]:
        case "[":
            return _read_class(pattern, at)
        case "\\":
            return _read_escape(pattern, at)
        case "{":
            return _read_repeat(pattern, at)
        case "(":
            return _read_group(pattern, at)
        case ".":
            return None
        case "$":
            return r"\Z", at + 1
        case char:
            return char, at + 1


def _read_repeat(pattern: str, at: int) -> tuple[str, int] | None:
    repeat = REPEATED.match(pattern, at)
    if not repeat:
        return None
    return repeat[0], repeat.end()


def _read_group(pattern: str, at: int) -> tuple[str, int] | None:
    """The begin of a group, which captures nothing here."""
    if pattern.startswith("(?:", at):
        return "(?:", at + 3
    if pattern[at + 1 : at + 2] == "?":
        return None
    return "(?:", at + 1


def _read_escape(pattern: str, at: int, inside: bool = False) -> tuple[str, int] | None:
    """A backslash and the next character as Python's, and where it ends."""
    if code := CODE.match(pattern, at):
        number = int(code[1], 16)
        if number >= 0xD800:
            return None
        return re.escape(chr(number)), code.end()
    char = pattern[at + 1 : at + 2]
    if char in CLASSES:
        members = CLASSES[char]
        if not inside:
            members = f"[{members}]"
        return members, at + 2
    if char in PLAIN or char in LINES:
        return "\\" + char, at + 2
    return None


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
        elif char == "[" or pattern.startswith(SETS, here):
            return None  # sets within sets, as Python may read them one day
        else:
            found.append(char)
            here += 1
    return None
