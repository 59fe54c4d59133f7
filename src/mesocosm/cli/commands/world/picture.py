"""`mesocosm picture`: the world as a still, or as a turn around it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened

LIGHTS = ("dawn", "noon", "dusk", "night")


@guarded
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
    import re
    import sys

    from mesocosm.app.world.screenshot import picture as take
    from mesocosm.cli.progress import Screen
    from mesocosm.core.errors import ConfigValueError, MesocosmError

    found = re.fullmatch(r"(\d{2,4})x(\d{2,4})", size)
    if found is None or not all(64 <= int(n) <= 4096 for n in found.groups()):
        raise ConfigValueError(
            "--size", f"'{size[:40]}' was given", "width and height from 64 to 4096, as 1280x720"
        )
    if light is not None and light not in LIGHTS:
        raise ConfigValueError(
            "--light", f"'{light[:40]}' was given", "one of the choices", list(LIGHTS), light
        )
    if out.suffix.lower() not in (".png", ".webp"):
        raise ConfigValueError(
            "",
            f"'{out.name}' is to be written",
            "a name that ends with .png for a still, or .webp for a turn",
        )
    if not out.resolve().parent.is_dir():
        raise MesocosmError(f"{out.parent} is no folder")
    console = Screen(stderr=True)
    with console.status("Taking the picture") if sys.stderr.isatty() else console.status(""):
        turn = seconds if out.suffix.lower() == ".webp" else 0.0
        told = take(
            opened(file).spec,
            out,
            light,
            (int(found[1]), int(found[2])),
            turn,
            rate,
            lambda text: console.print(text, highlight=False),
        )
    answer(
        told,
        as_json,
        lambda d: (
            f"{d['file']}: {d['width']} x {d['height']}, {d['pictures']}"
            f" picture{'s' if d['pictures'] > 1 else ''}, {d['bytes'] / 1000:.0f} kB."
        ),
    )
