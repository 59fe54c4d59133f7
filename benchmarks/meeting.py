"""Two browsers in one valley: from the moment that one has moved until the other draws her there.
Called by `world.py`.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from conftest import FLAGS
from parts import size

Line = tuple[str, float, str, bool]
BEHIND = 100  # ms that others are drawn behind what is known of them, so that they move evenly
LATE = 100  # ms by which a page that draws may note its own move after it told of it
AHEAD = size(8, 2)  # steps forth, then back, so that she stays near
STEPS, MOST, CALM = (
    size(60, 4),
    size(120, 20),
    size(15, 1),
)  # places that are looked up, and seconds in which they are walked
WATCH = """of => { window.seen = []; let last = ""; setInterval(() => { const at = of === "me" ? window.mesocosm.camera : window.mesocosm.people()[0]?.place; if (!at) return;
    const said = at[2].toFixed(1); if (said !== last) { last = said; window.seen.push([Date.now(), Number(said)]); } }, 4); }"""


def meeting() -> list[Line]:
    """One walks, a step at a time; each place of hers is looked up in what the other page was told,
    in small windows, since software draws them.
    """
    from conftest import Server
    from playwright.sync_api import sync_playwright
    from trouble import two

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        home = Path(folder) / "pond"
        two(home)
        up = Server(home)
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)

        def entered() -> Any:
            page = browser.new_context(
                viewport={"width": 160, "height": 100}, reduced_motion="reduce", bypass_csp=True
            ).new_page()
            page.set_default_timeout(120_000)
            page.goto(f"{up.url}/world?token={up.token}")
            page.wait_for_function("window.mesocosm && window.mesocosm.frames > 3", polling=50)
            return page

        def settled(page: Any) -> None:
            """Until the page has found how much detail this machine draws; the change itself takes
            seconds.
            """
            was, since = -1, 0.0
            while time.monotonic() - since < CALM:
                if (now := page.evaluate("window.mesocosm.detail")) != was:
                    was, since = now, time.monotonic()
                page.wait_for_timeout(250)

        walker, other = entered(), entered()
        other.wait_for_function("window.mesocosm.people().length === 1", polling=50)
        for page in (walker, other):
            settled(page)
        end, walked = time.monotonic() + MOST, 0

        def step() -> None:
            nonlocal walked
            key, walked = "ws"[(walked // AHEAD) % 2], walked + 1
            walker.keyboard.down(key)
            walker.wait_for_timeout(60)
            walker.keyboard.up(key)
            walker.wait_for_timeout(350)

        for _ in range(AHEAD):  # the first steps make what is drawn of somebody
            step()
        walker.evaluate(WATCH, "me")
        other.evaluate(WATCH, "them")
        while time.monotonic() < end and walker.evaluate("window.seen.length") < STEPS:
            step()
        frames = [
            page.evaluate("window.mesocosm.frames / (performance.now() / 1000)")
            for page in (walker, other)
        ]
        mine, told = walker.evaluate("window.seen"), other.evaluate("window.seen")
        browser.close()
        up.close()
    steps = list(zip(told, told[1:], strict=False))  # she is there when she comes there, or beyond
    waits = [
        min(
            (
                max(0, at - moved) + BEHIND
                for (_, before), (at, z) in steps
                if at >= moved - LATE
                and (abs(z - place) <= 0.15 or (before - place) * (z - place) <= 0)
            ),
            default=None,
        )
        for moved, place in mine
    ]
    found = sorted(w for w in waits if w is not None)
    if len(found) < 0.8 * max(len(mine), min(10, STEPS)):
        print(f"  two browsers: only {len(found)} of {len(mine)} places were known to the other")
        return [("two browsers see each other move (ms, 95 %)", float("nan"), "<= 300", False)]
    p95 = float(found[int(0.95 * (len(found) - 1))])
    print(
        f"  two browsers: {len(found)} of {len(mine)} places of one were drawn by the other after"
        f" {statistics.median(found):.0f} ms at the median, 95 % by {p95:.0f}, all by"
        f" {found[-1]:.0f} ({frames[0]:.1f} and {frames[1]:.1f} frames a second)"
    )
    return [("two browsers see each other move (ms, 95 %)", p95, "<= 300", p95 <= 300)]


if __name__ == "__main__":
    for name, figure, target, met in meeting():
        print(f"{name}  {figure:.4f}  {target}  {'met' if met else 'missed'}")
