"""Small helpers of the tests of pages."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

PICTURES = Path(os.environ.get("MESOCOSM_PICTURES", "/nonexistent"))
IWER = (Path(__file__).parent / "iwer.min.js").read_text()
HEADSET = (
    "delete Navigator.prototype.xr;\n" + IWER + "\n"
    "window.headset = new IWER.XRDevice(IWER.metaQuest3, {stereoEnabled: true});"
    " headset.installRuntime({forceInstall: true});\n"
    # it finds no surfaces without a room of its own; one is there where a test puts it
    "XRSession.prototype.requestHitTestSource = async () => ({ cancel() {} });\n"
    "XRFrame.prototype.getHitTestResults = () => window.surface ? [{ getPose: () => ({ transform:"
    " new XRRigidTransform({ x: surface[0], y: surface[1], z: surface[2] }) }) }] : [];"
)


UNDRAWN = (
    "for (const kind of [WebGLRenderingContext, WebGL2RenderingContext]) for (const draw of"
    " ['drawElements', 'drawArrays', 'drawElementsInstanced', 'drawArraysInstanced']) if (draw in"
    " kind.prototype) kind.prototype[draw] = () => undefined;"
)


def undraw(page: Any) -> None:
    """Have nothing of the valley drawn: all but its picture is as it is, and a processor that
    stands in for a graphics card has less to do.

    Who wants to look at the pictures sees them all.
    """
    if not PICTURES.is_dir():
        page.add_init_script(UNDRAWN)


def until(page: Any, script: str, arg: Any = None, seconds: float = 150.0) -> None:
    """Wait until a script is true; the driver's own wait evaluates text in the page, which the
    page's policy forbids.
    """
    end = time.monotonic() + seconds
    while not page.evaluate(script, arg):
        assert time.monotonic() < end, script
        page.wait_for_timeout(100)


def press(page: Any, name: str) -> None:
    """Click in the page itself: software GL is too slow for the driver's own wait for stillness."""
    until(
        page,
        "name => { const b = [...document.querySelectorAll('button, summary')].find(b =>"
        " b.innerText.split('\\n')[0] === name); b?.click(); return Boolean(b) }",
        name,
    )


def frames(page: Any, more: int) -> None:
    """Wait until the valley was drawn some more times."""
    now = page.evaluate("window.mesocosm?.frames ?? 0")
    until(page, f"(window.mesocosm?.frames ?? 0) > {now} + {more}")


def keep(page: Any, name: str) -> None:
    """A picture for who wants to look."""
    if PICTURES.is_dir():
        page.screenshot(path=PICTURES / f"{name}.png")
