"""Check and compile the message catalogues: `python tools/messages.py` writes each `.mo` beside its
`.po`, and rewrites the English help texts from the commands; `--check` writes nothing.

Exit status 1 where the two languages differ in ids or parameters, or where `--check` finds a file
that would change.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
HOME = ROOT / "src" / "mesocosm" / "core" / "messages"
LANGUAGES = ("en", "zh")
BEGAN = datetime(2026, 11, 30, tzinfo=UTC)  # in every compiled file, so that each is the same again


def read_catalogue(language: str, room: str) -> Catalog:
    """The source of a room's messages in a language."""
    with (HOME / language / f"{room}.po").open("rb") as file:
        return read_po(file, locale=language)


def list_rooms(language: str = "en") -> list[str]:
    """The rooms that have a catalogue; Typer's own words have one in other languages only."""
    return sorted(path.stem for path in (HOME / language).glob("*.po"))


def read_texts(language: str, room: str) -> dict[str, tuple[str, ...]]:
    """By id: the text of a message, and of its plural."""
    texts: dict[str, tuple[str, ...]] = {}
    for message in read_catalogue(language, room):
        if not message.id:
            continue
        if isinstance(message.id, str):
            texts[message.id] = (str(message.string),)
        else:
            texts[message.id[0]] = tuple(message.string)
    return texts


def list_params(text: str) -> set[str]:
    """The parameters that stand in a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def list_forms(text: str) -> set[str]:
    """The parameters of a text with their formats, as `share:.0%`."""
    parsed = [part for part in Formatter().parse(text) if part[1] is not None]
    return {f"{name}:{form}" if form else str(name) for _, name, form, _ in parsed}


def find_faults() -> Iterator[str]:
    """Where the languages differ in ids or parameters."""
    for room in list_rooms():
        english, other = read_texts("en", room), read_texts("zh", room)
        for id in sorted(set(english) ^ set(other)):
            yield f"{id} is in one language only"
        for id in sorted(set(english) & set(other)):
            forms = [set().union(*map(list_forms, texts[id])) for texts in (english, other)]
            if forms[0] != forms[1]:
                yield f"{id} has other parameters in zh: {sorted(forms[0] ^ forms[1])}"
            if not all((*english[id], *other[id])):
                yield f"{id} is empty"


def compile_catalogue(language: str, room: str) -> bytes:
    """A catalogue as gettext reads it."""
    catalogue = read_catalogue(language, room)
    catalogue.creation_date = catalogue.revision_date = BEGAN
    buffer = BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def list_help() -> dict[str, str]:
    """By id: the English help text of every command, group, argument and option."""
    from mesocosm.cli.translated_help import collect_help

    return collect_help()


def write_catalogue(language: str, room: str, texts: dict[str, str]) -> bytes:
    """A source of messages without plurals."""
    catalogue = Catalog(locale=language, charset="utf-8", fuzzy=False)
    for id, text in sorted(texts.items()):
        catalogue.add(id, text)
    buffer = BytesIO()
    write_po(buffer, catalogue, width=100, omit_header=False, include_lineno=False)
    head = b'msgid ""\nmsgstr ""\n"Language: ' + language.encode()
    head += b'\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    return head + buffer.getvalue().split(b"\n\n", 1)[1].rstrip(b"\n") + b"\n"


def main(check: bool) -> int:
    """Compile the catalogues, or say what would change; the exit status."""
    faults = list(find_faults())
    written = {HOME / "en" / "help.po": write_catalogue("en", "help", list_help())}
    if not check:
        _write(written)
    for language in LANGUAGES:
        for room in list_rooms(language):
            path = HOME / language / "LC_MESSAGES" / f"{room}.mo"
            written[path] = compile_catalogue(language, room)
    stale = [path for path, data in written.items() if not _holds(path, data)]
    if check:
        faults += [f"{path.relative_to(ROOT)} is not as it would be written" for path in stale]
    else:
        _write(written)
    print("\n".join(faults) or f"{len(written)} files are as they should be.")
    return int(bool(faults))


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


def _write(written: dict[Path, bytes]) -> None:
    for path, data in written.items():
        path.write_bytes(data)


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
