"""`mesocosm world picture`: the world as a still, or as a turn around it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, count_of, open_project, report_failures
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.trials import Picture


@report_failures
def picture(
    out: Annotated[
        Path, typer.Argument(help="A .png for a still, a .webp for a turn around the valley.")
    ],
    file: File = Path("ecosystem.yaml"),
    light: Annotated[
        str | None,
        typer.Option(help="dawn, noon, dusk or night; the file's style where not given."),
    ] = None,
    size: Annotated[str, typer.Option(help="Width and height in pixels.")] = "1280x720",
    seconds: Annotated[float, typer.Option(min=0.5, max=60, help="How long a turn takes.")] = 20.0,
    rate: Annotated[int, typer.Option(min=2, max=30, help="Pictures a second of a turn.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Take a picture of the world, in a browser without a screen."""
    import sys

    from mesocosm.api.verbs.world import check_picture
    from mesocosm.cli.progress import Screen

    shape = _read_size(size)
    check_picture(out, light)
    console = Screen(stderr=True)
    with console.status(Message("cli.picture.taking").render() if sys.stderr.isatty() else ""):
        taken = open_project(file).world.picture(
            out, light, shape, (seconds, rate), lambda text: console.print(text, highlight=False)
        )
    answer(taken, as_json, _text)


def _read_size(size: str) -> tuple[int, int]:
    import re

    from mesocosm.core.errors import ConfigValueError

    found = re.fullmatch(r"(\d{2,4})x(\d{2,4})", size)
    if found and all(64 <= int(number) <= 4096 for number in found.groups()):
        return int(found[1]), int(found[2])
    raise ConfigValueError(
        "--size", Message("cli.picture.size", size=size[:40]), Message("cli.picture.size_expected")
    )


def _text(taken: Picture) -> str:
    return Message(
        "cli.picture.written",
        file=taken.file,
        size=f"{taken.width} x {taken.height}",
        pictures=count_of(taken.pictures, "picture"),
        kilobytes=taken.bytes / 1000,
    ).render()
