"""A still picture or a turntable of a world, taken by a browser without a screen from the world's
own page.

Knows the running server and Playwright. A server that is not there is started for the while.
"""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.lifecycle.server_info import find_server

if TYPE_CHECKING:
    from playwright.sync_api import Page, Playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-dev-shm-usage",
    "--disable-quic",
]
READY = 300.0  # seconds that a server may take to be ready
FRAME = 120.0  # seconds that one picture may take


@dataclass(frozen=True)
class Shot:
    """How a picture is taken.

    Args:
        light: `dawn`, `noon`, `dusk` or `night`; the file's style where not given.
        size: width and height in pixels.
        seconds: how long the turn takes; 0 is a still.
        rate: pictures a second of the turn.
    """

    light: str | None
    size: tuple[int, int]
    seconds: float
    rate: int

    @property
    def frames(self) -> int:
        """How many pictures are taken."""
        return max(1, round(self.seconds * self.rate))


class TakenPicture(TypedDict):
    """A picture: its file, `width` and `height` in pixels, how many `pictures`, its `bytes`."""

    file: str
    width: int
    height: int
    pictures: int
    bytes: int


def take_picture(spec: Spec, out: Path, shot: Shot, report: Callable[[str], None]) -> TakenPicture:
    """Take a still picture of a world, or a turn around it.

    Args:
        out: a .png for a still, or a .webp for a turn around the valley.
        report: is called with the progress of a turn.

    Raises:
        MesocosmError: there is no browser, no library for it, or the page does not draw.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ModuleNotFoundError as error:
        raise MesocosmError(Message("api.picture_needs_world")) from error
    browser = _find_browser()
    with run_server(spec) as (url, token), sync_playwright() as play:
        try:
            page = _open_page(play, browser, shot)
            page.goto(f"{url}/world?token={token}#picture")
            page.wait_for_selector("canvas")
            if shot.light:
                page.select_option(".bar select", shot.light)
            _wait_for_frames(page, 3)
            if shot.frames == 1:
                out.write_bytes(page.screenshot(type="png"))
            else:
                _take_turn(page, out, shot, report)
        except Error as error:
            raise MesocosmError(
                Message("api.picture_failed", reason=str(error).splitlines()[0][:120])
            ) from error
    return {
        "file": str(out),
        "width": shot.size[0],
        "height": shot.size[1],
        "pictures": shot.frames,
        "bytes": out.stat().st_size,
    }


def _find_browser() -> str:
    for name in BROWSERS:
        if browser := shutil.which(name):
            return browser
    raise MesocosmError(Message("api.no_chromium"))


def _open_page(play: Playwright, browser: str, shot: Shot) -> Page:
    flags = list(FLAGS)
    if os.name == "posix" and os.geteuid() == 0:
        flags.append("--no-sandbox")
    motion: Literal["reduce", "no-preference"] = "reduce" if shot.frames == 1 else "no-preference"
    page = play.chromium.launch(executable_path=browser, args=flags).new_page(
        viewport={"width": shot.size[0], "height": shot.size[1]}, reduced_motion=motion
    )
    page.set_default_timeout(FRAME * 1000)
    return page


def _take_turn(page: Page, out: Path, shot: Shot, report: Callable[[str], None]) -> None:
    """Take the pictures of a turn and write them as one moving picture."""
    from PIL import Image

    pictures: list[Image.Image] = []
    for i in range(shot.frames):
        page.evaluate("turn => window.mesocosm.turn(turn)", 2 * math.pi * i / shot.frames)
        _wait_for_frames(page, 2)
        pictures.append(Image.open(io.BytesIO(page.screenshot(type="png"))).convert("RGB"))
        if i % shot.rate == 0:
            report(f"{i // shot.rate + 1} of {round(shot.seconds)} s")
    pictures[0].save(
        out,
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 / shot.rate),
        loop=0,
        quality=78,
        method=4,
    )


def _wait_for_frames(page: Page, more: int) -> None:
    """Wait until the page has drawn some more frames."""
    begin, end = page.evaluate("window.mesocosm.frames"), time.monotonic() + FRAME
    while page.evaluate("window.mesocosm.frames") < begin + more:
        if time.monotonic() > end:
            raise MesocosmError(Message("api.page_does_not_draw"))
        time.sleep(0.03)


@contextmanager
def run_server(spec: Spec) -> Iterator[tuple[str, str]]:
    """The address and token of the ecosystem's server; one is started where none runs."""
    store = locate_project(spec).store
    found = find_server(store)
    if found:
        yield found["url"], found["token"]
        return
    (store / "server.json").unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "mesocosm", "up", str(spec.path), "--port", "0", "--no-build"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield _wait_for_server(process, store)
    finally:
        process.terminate()
        process.wait(30)


def _wait_for_server(process: subprocess.Popen[str], store: Path) -> tuple[str, str]:
    import httpx

    end = time.monotonic() + READY
    while time.monotonic() < end:
        if process.poll() is not None:
            output = process.stderr.read().strip()[-300:] if process.stderr else ""
            raise MesocosmError(Message("api.server_not_started", output=output))
        with suppress(OSError, ValueError, httpx.HTTPError):
            info = json.loads((store / "server.json").read_text(encoding="utf-8"))
            if httpx.get(info["url"] + "/readyz", timeout=5).status_code == 200:
                return info["url"], info["token"]
        time.sleep(0.3)
    raise MesocosmError(Message("api.server_not_ready"))
