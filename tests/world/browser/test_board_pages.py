"""In a headset, with one controller: the board that says what the page's cards say, and every lever
of it.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from conftest import ROW, Server
from pages import HEADSET, frames, keep, press, undraw, until

pytestmark = pytest.mark.slow

HAND = (0.2, 1.3, -0.2)


def aim(page: Any, at: list[float]) -> None:
    """Point the right controller at a spot of the world; the visitor stands unturned."""
    origin = page.evaluate("window.mesocosm.origin")
    x, y, z = (a - o - h for a, o, h in zip(at, origin, HAND, strict=True))
    yaw, pitch = math.atan2(-x, -z) / 2, math.atan2(y, math.hypot(x, z)) / 2
    q = [
        math.cos(yaw) * math.sin(pitch),
        math.sin(yaw) * math.cos(pitch),
        -math.sin(yaw) * math.sin(pitch),
        math.cos(yaw) * math.cos(pitch),
    ]
    page.evaluate(
        "([h, q]) => { headset.controllers.right.position.set(...h);"
        " headset.controllers.right.quaternion.set(...q) }",
        [list(HAND), q],
    )


def push(page: Any, name: str, then: str) -> None:
    """Press a button of the board, until something holds; a slow frame can swallow a press, as it
    can a person's.
    """
    for _ in range(8):
        until(page, "n => window.mesocosm.board?.acts.includes(n)", name)
        aim(
            page,
            page.evaluate(
                "n => window.mesocosm.board.spot(window.mesocosm.board.acts.indexOf(n))", name
            ),
        )
        frames(page, 1)
        for value in (1, 0):
            page.evaluate("v => headset.controllers.right.updateButtonValue('trigger', v)", value)
            frames(page, 1)
        for _ in range(
            100
        ):  # a press that comes late must not be sent twice: the second would meet the next board
            if page.evaluate(then):
                return
            page.wait_for_timeout(100)
    raise AssertionError((name, then, page.evaluate("window.mesocosm.board")))


def titled(title: str) -> str:
    return f"window.mesocosm.board?.title === {title!r}"


def find(page: Any, name: str) -> None:
    """Choose a thing from the list of everything."""
    push(page, "Everything in this world", titled("Everything in this world"))
    for _ in range(6):
        if page.evaluate("n => window.mesocosm.board.acts.includes(n)", name):
            break
        before = page.evaluate("window.mesocosm.board.sub")
        push(page, "More", f"window.mesocosm.board.sub !== {before!r}")
    push(page, name, titled(name))


def menu(page: Any) -> None:
    """The B button."""
    for _ in range(8):
        for value in (1, 0):
            page.evaluate("v => headset.controllers.right.updateButtonValue('b-button', v)", value)
            frames(page, 1)
        if page.evaluate("Boolean(window.mesocosm.board?.acts.includes('Follow a request'))"):
            return
    raise AssertionError("no menu")


def test_one_controller_reaches_every_card_and_lever(page: Any, server: Server) -> None:
    undraw(page)
    server.http.post("/v1/services/credit-desk/predict", json=ROW).raise_for_status()
    page.add_init_script(HEADSET)
    page.set_viewport_size({"width": 260, "height": 130})  # both eyes are drawn by the processor
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    frames(page, 2)
    press(page, "Enter VR")
    until(page, "window.mesocosm.xr === 'immersive-vr'")
    until(page, "window.mesocosm.board?.title === 'riverbank'")
    frames(page, 2)
    keep(page, "board-welcome")
    find(page, "risk")
    keep(page, "board-card")
    board = page.evaluate("window.mesocosm.board")
    said = next(
        e["says"]
        for e in server.http.get("/v1/scene").json()["elements"]
        if e["id"] == "models.risk"
    )
    assert board["lines"][0] == said
    before = page.evaluate("window.mesocosm.origin")
    push(
        page,
        "Go there",
        f"Math.hypot(window.mesocosm.origin[0] - {before[0]}, window.mesocosm.origin[2] -"
        f" {before[2]}) > 5",
    )
    push(page, "Downstream", titled("credit-desk"))
    push(page, "what if", "/%$/.test(window.mesocosm.board?.title ?? '')")
    asked, said = page.evaluate(
        "[window.mesocosm.board.lines, window.mesocosm.board.acts.find(a => a.startsWith('+ '))]"
    )
    push(page, said, f"window.mesocosm.board.lines.join() !== {','.join(asked)!r}")
    keep(page, "board-what-if")
    push(page, "Back", titled("credit-desk"))
    push(page, "Close", "window.mesocosm.board === null")
    menu(page)
    find(page, "help-desk")  # which has served one version only
    push(page, "Roll back", titled("Are you sure?"))
    push(page, "Yes, do it", titled("It was not done"))
    assert any(
        "no previous version" in line for line in page.evaluate("window.mesocosm.board.lines")
    )
    push(page, "Back", titled("help-desk"))
    menu(page)
    find(page, "welcome-desk")
    push(page, "Ask Lin", titled("Ask Lin"))
    push(page, "Is any alert open?", titled("Is any alert open?"))
    assert page.evaluate("window.mesocosm.board.lines.length > 0")
    menu(page)
    push(
        page,
        "Follow a request",
        "window.mesocosm.path.length > 2 && window.mesocosm.board?.sub.startsWith('1 /')",
    )
    push(page, "Upstream", "window.mesocosm.board?.sub.startsWith('2 /')")
    keep(page, "board-follow")
    push(page, "Stop following", "window.mesocosm.path.length === 0")
    push(page, "Time", titled("Time"))
    push(page, "Earlier", "/\\d/.test(window.mesocosm.board?.lines[0] ?? '')")
    push(page, "Back to now", titled("riverbank"))
    push(page, "Leave the headset's view", "window.mesocosm.xr === ''")
