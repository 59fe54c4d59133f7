"""Markers in a real browser: two people write on one at once, it is carried by eye and in a headset
by hand, and nothing said offline is lost.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from conftest import Server, watched
from hands import put
from pages import HEADSET, frames, keep, press, undraw, until

pytestmark = pytest.mark.slow

ONE = "m => window.mesocosm.markers().find(o => o.words.includes(m))"


def standing(server: Server) -> list[dict[str, Any]]:
    return list(server.http.get("/v1/markers").json())


def opened(page: Any, server: Server) -> None:
    undraw(page)
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    frames(page, 1)


def test_two_write_on_one_board_at_once_and_it_is_carried_and_taken_away(
    browser: Any, page: Any, server: Server
) -> None:
    page.set_viewport_size({"width": 640, "height": 400})
    opened(page, server)
    context = browser.new_context(
        viewport={"width": 375, "height": 640}, reduced_motion="reduce", locale="en-GB"
    )
    other = watched(context, server)
    undraw(other)
    try:
        other.goto(f"{server.url}/world?token={server.token}")
        other.wait_for_selector(".list")  # a narrow page begins with the list
        page.keyboard.press("m")
        page.wait_for_selector(".putdown")
        page.click(".putdown label:has-text('board')")
        page.fill(".putdown textarea", "why did it shrink")
        keep(page, "putting-down")
        press(page, "Put it down")
        page.wait_for_selector(".card.marker textarea")
        other.wait_for_selector(".list button:has-text('why did it shrink')")
        press(
            other,
            next(
                iter(
                    b.inner_text().split("\n")[0]
                    for b in other.query_selector_all(".list button")
                    if "why did it shrink" in b.inner_text()
                )
            ),
        )
        other.wait_for_selector(".card.marker textarea")
        page.focus(".card.marker textarea")
        other.focus(".card.marker textarea")
        page.keyboard.press("Control+End")
        other.keyboard.press("Control+Home")
        for a, b in zip("? Ask Lin", "Monday:  ", strict=True):
            page.keyboard.type(a)
            other.keyboard.type(b)
        for one in (page, other):
            until(
                one,
                "Boolean((() => { const v = document.querySelector('.card.marker textarea').value;"
                " return v.startsWith('Monday:') && v.endsWith('shrink? Ask Lin') })())",
            )
        keep(page, "board")
        keep(other, "board-narrow")
        before = page.evaluate(ONE, "Ask Lin")
        press(page, "Carry it")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.down("s")
        until(
            page,
            "z => Math.abs(window.mesocosm.camera[2] - z) > 2",
            page.evaluate("window.mesocosm.camera[2]"),
        )
        page.keyboard.up("s")
        press(page, "Set it down here")
        until(
            other,
            "old => { const m = window.mesocosm.markers().find(o => o.id === old.id); return"
            " Math.hypot(m.x - old.x, m.z - old.z) > 0.5 }",
            before,
        )
        frames(page, 1)
        there = page.evaluate(ONE, "Ask Lin")
        until(
            other,
            "m => { const o = window.mesocosm.markers().find(o => o.id === m.id); return o.x ==="
            " m.x && o.z === m.z }",
            there,
        )
        assert [(m["form"], m["words"], m["x"]) for m in standing(server)] == [
            ("board", there["words"], there["x"])
        ]
        other.select_option(".card.marker select", "models.risk")
        tree = next(
            e for e in server.http.get("/v1/scene").json()["elements"] if e["id"] == "models.risk"
        )
        until(
            page,
            "e => { const m = window.mesocosm.markers()[0]; return Math.hypot(m.x - e.x, m.z - e.z)"
            " < 9 }",
            tree,
        )
        press(other, "Take it away")
        until(
            page,
            "window.mesocosm.markers().length === 0 && !document.querySelector('.card.marker')",
        )
        assert standing(server) == [] and not other.faults and not other.outside
    finally:
        context.close()


def test_what_is_put_down_without_a_link_is_told_when_it_is_back(page: Any, server: Server) -> None:
    page.add_init_script(
        "const Real = WebSocket; window.sockets = []; window.cut = false; window.WebSocket = class"
        " extends Real { constructor(url) { super(window.cut ? url.replace('/v1/', '/v0/') : url);"
        " window.sockets.push(this); } };"
    )
    opened(page, server)
    until(page, "window.sockets.filter(s => s.readyState === 1).length === 3")
    page.evaluate("window.cut = true; window.sockets.forEach(s => s.close())")
    page.keyboard.press("m")
    page.wait_for_selector("text=The link is lost; what you put down is told when it is back.")
    page.select_option(".putdown select", "services.credit-desk")
    page.fill(".putdown textarea", "said offline")
    press(page, "Put it down")
    page.wait_for_selector(".card.marker textarea")
    press(page, "1 here")
    page.keyboard.press("Escape")
    press(page, "1 here")
    page.wait_for_selector(".company form:last-child input")
    page.fill(".company form:last-child input", "a word without a link")
    press(page, "Say")
    frames(page, 1)
    assert standing(server) == []
    page.evaluate("window.cut = false")
    page.wait_for_selector(".company .said:has-text('a word without a link')")
    until(page, "window.mesocosm.markers().some(m => m.words === 'said offline')")
    for _ in range(60):
        if standing(server):
            break
        page.wait_for_timeout(250)
    assert [m["words"] for m in standing(server)] == ["said offline"]
    press(page, "List")
    page.wait_for_selector(".list")
    press(
        page,
        next(
            iter(
                b.inner_text().split("\n")[0]
                for b in page.query_selector_all(".list button")
                if "said offline" in b.inner_text()
            )
        ),
    )
    press(page, "Take it away")
    until(page, "window.mesocosm.markers().length === 0")
    page.faults.clear()  # the sockets that were cut are told of in the console


def test_in_vr_a_marker_is_grabbed_moved_and_put_down(page: Any, server: Server) -> None:
    page.add_init_script(HEADSET)
    opened(page, server)
    frames(page, 2)
    x, _, z = page.evaluate("window.mesocosm.origin")
    put(
        server.url,
        server.token,
        "grab-me-1",
        x=round(x, 2),
        z=round(z - 5, 2),
        words="grab me",
        form="lantern",
    )
    until(page, "window.mesocosm.markers().length === 1")
    press(page, "Enter VR")
    until(page, "window.mesocosm.xr === 'immersive-vr'")
    frames(page, 2)
    page.evaluate(
        "headset.controllers.right.position.set(0, 1.3, -0.3);"
        " headset.controllers.right.quaternion.set(0, 0, 0, 1)"
    )
    frames(page, 2)
    page.evaluate("headset.controllers.right.updateButtonValue('squeeze', 1)")
    frames(page, 2)
    keep(page, "grabbed")
    # to the right, and down to the ground
    half, tilt = -math.radians(50) / 2, -math.radians(20) / 2
    q = [
        math.sin(tilt) * math.cos(half),
        math.sin(half) * math.cos(tilt),
        -math.sin(half) * math.sin(tilt),
        math.cos(half) * math.cos(tilt),
    ]
    page.evaluate("q => headset.controllers.right.quaternion.set(...q)", q)
    until(page, "x => window.mesocosm.markers()[0].x > x + 1.5", x)
    frames(page, 2)
    keep(page, "moved")
    page.evaluate("headset.controllers.right.updateButtonValue('squeeze', 0)")
    frames(page, 2)
    there = page.evaluate("window.mesocosm.markers()[0]")
    page.evaluate("headset.controllers.right.quaternion.set(-0.17, 0, 0, 0.985)")
    frames(page, 3)
    assert page.evaluate("window.mesocosm.markers()[0]") == there, "what was let go stays"
    assert [(m["id"], m["x"], m["who"]) for m in standing(server)] == [
        ("grab-me-1", there["x"], "Ann")
    ]
    for _ in range(8):  # a slow frame can swallow a press
        for value in (1, 0):
            page.evaluate("v => headset.controllers.right.updateButtonValue('a-button', v)", value)
            frames(page, 1)
        if page.evaluate("window.mesocosm.markers().length") > 1:
            break
    flag = page.evaluate("window.mesocosm.markers().find(m => m.id !== 'grab-me-1')")
    assert flag["form"] == "flag" and math.hypot(flag["x"] - x, flag["z"] - z) > 1
    page.evaluate("headset.activeSession?.end()")
    until(page, "window.mesocosm.xr === ''")
    press(page, "List")
    page.wait_for_selector(".list")
    for one in page.evaluate("window.mesocosm.markers().map(m => m.id)"):
        page.evaluate("id => document.querySelector(`.list [data-id='${id}']`).click()", one)
        press(page, "Take it away")
    until(page, "window.mesocosm.markers().length === 0")
