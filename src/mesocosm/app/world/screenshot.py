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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.lifecycle.project_store import where_of
from mesocosm.lifecycle.server_info import running_server

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


def picture(
    spec: Spec,
    out: Path,
    light: str | None,
    size: tuple[int, int],
    seconds: float,
    rate: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Take it.

    Args:
        out: a .png for a still, or a .webp for a turn around the valley.
        light: `dawn`, `noon`, `dusk` or `night`; the file's style where not given.
        size: width and height in pixels.
        seconds: how long the turn takes; 0 is a still.
        rate: pictures a second of the turn.

    Raises:
        Failure: there is no browser, no library for it, or the page does not draw.
    """
    try:
        from PIL import Image
        from playwright.sync_api import Error, sync_playwright
    except ModuleNotFoundError as error:
        raise MesocosmError(
            "a picture wants the extra 'world': pip install 'mesocosm[world]'"
        ) from error
    browser = next((b for name in BROWSERS if (b := shutil.which(name))), None)
    if browser is None:
        raise MesocosmError("no Chromium is here; install one (Debian: apt install chromium)")
    frames = max(1, round(seconds * rate))
    taken: list[Any] = []
    with serving(spec) as (url, token), sync_playwright() as play:
        try:
            page = play.chromium.launch(
                executable_path=browser,
                args=[
                    *FLAGS,
                    *(["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []),
                ],
            ).new_page(
                viewport={"width": size[0], "height": size[1]},
                reduced_motion="reduce" if frames == 1 else "no-preference",
            )
            page.set_default_timeout(FRAME * 1000)
            page.goto(f"{url}/world?token={token}#picture")
            page.wait_for_selector("canvas")
            if light:
                page.select_option(".bar select", light)
            _drawn(page, 3)
            for i in range(frames):
                if frames > 1:
                    page.evaluate("turn => window.mesocosm.turn(turn)", 2 * math.pi * i / frames)
                    _drawn(page, 2)
                shot = page.screenshot(type="png")
                if frames == 1:
                    out.write_bytes(shot)
                else:
                    taken.append(Image.open(io.BytesIO(shot)).convert("RGB"))
                    if i % rate == 0:
                        say(f"{i // rate + 1} of {round(seconds)} s")
        except Error as error:
            raise MesocosmError(
                f"the browser could not take the picture ({str(error).splitlines()[0][:120]})"
            ) from error
    if taken:
        taken[0].save(
            out,
            save_all=True,
            append_images=taken[1:],
            duration=round(1000 / rate),
            loop=0,
            quality=78,
            method=4,
        )
    return {
        "file": str(out),
        "width": size[0],
        "height": size[1],
        "pictures": frames,
        "bytes": out.stat().st_size,
    }


def _drawn(page: Any, more: int) -> None:
    """Wait until the page has drawn some more frames."""
    begin, end = page.evaluate("window.mesocosm.frames"), time.monotonic() + FRAME
    while page.evaluate("window.mesocosm.frames") < begin + more:
        if time.monotonic() > end:
            raise MesocosmError("the page does not draw; is there a WebGL in this browser?")
        time.sleep(0.03)


@contextmanager
def serving(spec: Spec) -> Iterator[tuple[str, str]]:
    """The address and token of the ecosystem's server; one is started where none runs."""
    import httpx

    store = where_of(spec).store
    found = running_server(store)
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
        end = time.monotonic() + READY
        while time.monotonic() < end:
            if process.poll() is not None:
                raise MesocosmError(
                    "the server did not start: "
                    + (process.stderr.read().strip()[-300:] if process.stderr else "")
                )
            try:
                said = json.loads((store / "server.json").read_text(encoding="utf-8"))
                if httpx.get(said["url"] + "/readyz", timeout=5).status_code == 200:
                    yield said["url"], said["token"]
                    return
            except (OSError, ValueError, httpx.HTTPError):
                pass
            time.sleep(0.3)
        raise MesocosmError("the server was not ready in time")
    finally:
        process.terminate()
        process.wait(30)
