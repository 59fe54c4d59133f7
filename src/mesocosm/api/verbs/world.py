"""Verbs of the world: its picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mesocosm.api.results.trials import Picture
from mesocosm.api.verbs.group import VerbGroup
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message

LIGHTS = ("dawn", "noon", "dusk", "night")
SMALLEST, LARGEST = 64, 4096  # pixels of a side


class WorldVerbs(VerbGroup):
    """`eco.world`: pictures of the world."""

    def picture(
        self,
        out: str | Path,
        light: str | None = None,
        size: tuple[int, int] = (1280, 720),
        turn: tuple[float, int] = (20.0, 10),
        say: Callable[[str], None] = lambda text: None,
    ) -> Picture:
        """Take a picture of the world, in a browser without a screen.

        Args:
            out: a .png for a still, a .webp for a turn around the valley.
            light: `dawn`, `noon`, `dusk` or `night`; the file's style where not given.
            size: width and height, 64 to 4096 pixels.
            turn: how many seconds a turn takes, and how many pictures a second has.
            say: is called with the progress of a turn.

        Raises:
            ConfigValueError: the light, the size or the file's ending is invalid.
            MesocosmError: there is no browser, no library for it, or the page does not draw.
        """
        from mesocosm.app.world.screenshot import Shot, take_picture

        if not all(SMALLEST <= side <= LARGEST for side in size):
            raise ConfigValueError(
                "--size",
                Message("api.got", value=f"{size[0]}x{size[1]}"),
                Message("api.picture_size"),
            )
        path = Path(out)
        is_turn = check_picture(path, light)
        seconds, rate = turn
        shot = Shot(light, size, seconds if is_turn else 0.0, rate)
        return Picture.from_json(take_picture(self._eco.spec, path, shot, say))


def check_picture(out: Path, light: str | None) -> bool:
    """Refuse a light or a file that cannot be; whether the file is of a turn.

    Raises:
        ConfigValueError: the light or the ending is not known.
        MesocosmError: the folder is not there.
    """
    if light is not None and light not in LIGHTS:
        raise ConfigValueError(
            "--light",
            Message("api.got", value=light[:40]),
            Message("api.one_of_choices"),
            list(LIGHTS),
            light,
        )
    if out.suffix.lower() not in (".png", ".webp"):
        raise ConfigValueError("", Message("api.got", value=out.name), Message("api.picture_name"))
    if not out.resolve().parent.is_dir():
        raise MesocosmError(Message("api.not_a_folder", folder=str(out.parent)))
    return out.suffix.lower() == ".webp"
