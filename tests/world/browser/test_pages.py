"""The world in a real browser: its list, a card, a chat, what can be done in it, time, VR and AR,
and people who meet.
"""

from __future__ import annotations

from typing import Any

import pytest
from conftest import ROOT, Server, watched
from pages import HEADSET, frames, keep, press, undraw, until

pytestmark = pytest.mark.slow


def resources(server: Server) -> set[str]:
    eco = server.http.get("/v1/ecosystem").json()
    return {e["id"] for e in eco["scene"]["elements"]}


def test_the_world_shows_every_resource_and_lin_answers(page: Any, server: Server) -> None:
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    frames(page, 3)
    keep(page, "world")
    press(page, "List")
    page.wait_for_selector(".list")
    shown = {b.get_attribute("data-id") for b in page.query_selector_all(".list button")}
    wanted = resources(server)
    assert shown == wanted and len(wanted) == 15
    for section in (
        "sources.faq",
        "datasets.credit",
        "models.risk",
        "services.help-desk",
        "monitors.credit-watch",
        "places.welcome-desk",
    ):
        assert section in shown
    press(page, "credit")
    page.wait_for_selector(".card")
    card = page.inner_text(".card")
    account = server.http.get("/v1/ecosystem").json()["datasets"]["credit"]["account"]
    assert f"{account['kept']} rows kept of {account['in']}" in card
    press(page, "welcome-desk")
    page.wait_for_selector(".talk")
    page.fill(".talk input", "I lost my card yesterday")
    press(page, "Ask")
    page.wait_for_selector("text=data/faq.csv, line 2")
    assert "Block it at once" in page.inner_text(".talk")
    keep(page, "chat")


def test_a_lost_picture_becomes_a_list_and_comes_back(page: Any, server: Server) -> None:
    """The page holds one context however long it runs, and outlives its loss."""
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext; window.contexts = new Set();"
        " HTMLCanvasElement.prototype.getContext = function (kind, ...more) { const c ="
        " get.call(this, kind, ...more); if (kind === 'webgl2' && c) window.contexts.add(c);"
        " return c }"
    )
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    frames(page, 2)
    for _ in range(12):
        page.keyboard.press("l")
    assert page.evaluate("[...window.contexts].filter(c => !c.isContextLost()).length") == 1
    page.evaluate(
        "window.loss ="
        " document.querySelector('canvas').getContext('webgl2').getExtension('WEBGL_lose_context');"
        " loss.loseContext()"
    )
    page.wait_for_selector(".list")
    page.wait_for_selector("text=The picture was lost")
    page.evaluate("loss.restoreContext()")
    page.wait_for_selector("text=The picture was lost", state="detached")
    frames(page, 2)
    press(page, "List")
    page.wait_for_selector(".list", state="detached")
    keep(page, "restored")


@pytest.mark.parametrize(
    ("button", "mode"), [("Enter VR", "immersive-vr"), ("On the table (AR)", "immersive-ar")]
)
def test_the_world_is_entered(page: Any, server: Server, button: str, mode: str) -> None:
    page.add_init_script(HEADSET)
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    frames(page, 1)
    press(page, button)
    until(page, f"window.mesocosm.xr === '{mode}'")
    frames(page, 3)
    keep(page, mode)


def test_a_request_is_followed_to_its_spring_and_back(
    page: Any, server: Server, row: dict[str, Any]
) -> None:
    undraw(page)
    said = server.http.post("/v1/services/credit-desk/predict", json=row).json()
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    frames(page, 1)
    page.keyboard.press("f")
    page.wait_for_selector(f".follow >> text={said['id']}")
    page.wait_for_selector(".follow li >> nth=3")
    steps = [b.inner_text() for b in page.query_selector_all(".follow li button")]
    assert [s.split("\n")[0].split(" ")[0] for s in steps] == [
        "credit-desk",
        "risk",
        "credit",
        "applications",
    ]
    assert (
        said["label"] in steps[0]
        and said["version"] in steps[1]
        and "941 rows kept of 1024" in steps[2]
        and "data/applications.csv" in steps[3]
    )
    assert page.evaluate("window.mesocosm.path") == [
        "sources.applications",
        "datasets.credit",
        "models.risk",
        "services.credit-desk",
    ]
    for _ in range(3):
        press(page, "Upstream")
    assert page.inner_text(".follow [aria-current=step]").startswith("applications")
    spring = next(
        e
        for e in server.http.get("/v1/scene").json()["elements"]
        if e["id"] == "sources.applications"
    )
    until(
        page,
        "at => Math.hypot(window.mesocosm.camera[0] - at[0], window.mesocosm.camera[2] - at[1])"
        " < 30",
        [spring["x"], spring["z"]],
    )
    frames(page, 2)
    keep(page, "follow")
    page.keyboard.press("Escape")
    page.wait_for_selector(".follow", state="detached")
    assert page.evaluate("window.mesocosm.path") == []


def test_time_is_turned_back_and_forth(page: Any, server: Server) -> None:
    undraw(page)
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    page.keyboard.press("l")
    page.wait_for_selector(".list")
    page.keyboard.press("t")
    page.wait_for_selector(".past-bar input")
    page.locator(".past-bar input").fill("0")
    page.wait_for_selector(".bar >> text=as it was")
    page.wait_for_selector(".list [data-id='models.risk'] >> text=not grown yet")
    assert "snapshot" in page.inner_text(".past-bar p")
    keep(page, "past")
    until(
        page,
        "(() => { const b = [...document.querySelectorAll('.past-bar button')].find(b =>"
        " b.innerText === 'Later'); if (b.disabled) return true; b.click(); return false })()",
    )
    page.wait_for_selector(".list [data-id='models.risk'] >> text=held-out rows")
    assert "as it was" not in page.inner_text(".bar")
    late: list[Any] = []
    page.route("**/v1/scene?at=*", lambda route: late.append(route))
    press(page, "Earlier")
    page.wait_for_selector(".past-bar >> text=loading")
    press(page, "Later")
    page.wait_for_selector(".past-bar p >> text=now")
    with page.expect_response("**/v1/scene?at=*"):
        late[0].continue_()
    page.wait_for_timeout(500)
    assert "as it was" not in page.inner_text(".bar"), "an answer that comes too late is not shown"


def test_a_place_answers_what_if_and_a_lever_asks_why(page: Any, server: Server) -> None:
    """By the list and the keyboard alone."""
    undraw(page)
    page.goto(f"{server.url}/world?token={server.token}#places.credit-counter")
    page.wait_for_selector(".card .whatif .answer b")
    assert "good" in page.inner_text(".card .answer") or "bad" in page.inner_text(".card .answer")
    page.keyboard.press("Escape")
    page.wait_for_selector(".card", state="detached")
    page.keyboard.press("l")
    page.focus("[data-id='services.help-desk']")  # which has served one version only
    page.keyboard.press("Enter")
    page.wait_for_selector(".card .levers")
    page.focus(".card .levers button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".levers form >> text=Roll help-desk back to the previous version?")
    page.keyboard.type("only to look")
    page.keyboard.press("Enter")
    page.wait_for_selector(".levers [role=status] >> text=no previous version")


def test_a_stick_turns_by_thirty_degrees_and_a_trigger_moves_there(
    page: Any, server: Server
) -> None:
    undraw(page)
    page.add_init_script(HEADSET)
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    frames(page, 2)
    press(page, "Enter VR")
    until(page, "window.mesocosm.xr === 'immersive-vr'")
    frames(page, 1)
    for x, yaw in ((1, -30), (0, -30), (-1, 0), (0, 0), (-1, 30)):
        page.evaluate("x => headset.controllers.right.updateAxis('thumbstick', 'x-axis', x)", x)
        turned = f"Math.round(window.mesocosm.yaw * 57.2958) === {yaw}"
        until(page, turned)
        frames(page, 2)
        assert page.evaluate(turned)
    page.evaluate("headset.controllers.right.updateAxis('thumbstick', 'x-axis', 0)")
    before = page.evaluate("window.mesocosm.origin")
    page.evaluate(
        "headset.controllers.right.position.set(0.2, 1.4, -0.2);"
        " headset.controllers.right.quaternion.set(-0.26, 0, 0, 0.966)"
    )
    frames(page, 1)
    for _ in range(12):  # a slow frame can swallow a press, as it can a person's
        page.evaluate("headset.controllers.right.updateButtonValue('trigger', 1)")
        frames(page, 1)
        page.evaluate("headset.controllers.right.updateButtonValue('trigger', 0)")
        frames(page, 1)
        if moved := page.evaluate(
            "at => Math.hypot(window.mesocosm.origin[0] - at[0], window.mesocosm.origin[2] - at[2])"
            " > 0.5",
            before,
        ):
            break
    assert moved
    keep(page, "teleported")


def test_who_wants_to_walks_with_the_stick_and_the_edge_of_sight_darkens(
    page: Any, server: Server
) -> None:
    undraw(page)
    page.add_init_script(HEADSET)
    page.add_init_script(
        "localStorage.setItem('mesocosm-comfort', JSON.stringify({walk: true, seated: true, height:"
        " 0.1}))"
    )
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    frames(page, 1)
    press(page, "Comfort")
    page.wait_for_selector("text=I sit: lift me to a standing eye")
    assert page.evaluate("document.querySelector('.comfort output').innerText") == "+10 cm"
    keep(page, "comfort")
    page.evaluate("headset.position.y = 1.1")
    press(page, "Enter VR")
    until(page, "window.mesocosm.xr === 'immersive-vr'")
    until(
        page, "Math.abs(window.mesocosm.lift - 0.6) < 0.02"
    )  # 50 cm up to a standing eye, and 10 more
    before, still = page.evaluate("[window.mesocosm.origin, window.mesocosm.vignette]")
    assert still < 0.05
    page.evaluate("headset.controllers.left.updateAxis('thumbstick', 'y-axis', -1)")
    until(
        page,
        "at => Math.hypot(window.mesocosm.origin[0] - at[0], window.mesocosm.origin[2] - at[2]) >"
        " 0.6 && window.mesocosm.vignette > 0.5",
        before,
    )
    keep(page, "vignette")
    page.evaluate("headset.controllers.left.updateAxis('thumbstick', 'y-axis', 0)")
    until(page, "window.mesocosm.vignette < 0.05")
    there = page.evaluate("window.mesocosm.origin")
    frames(page, 4)
    assert page.evaluate("window.mesocosm.origin") == pytest.approx(there, abs=0.02), (
        "nothing moves unless somebody does"
    )
    page.evaluate("localStorage.removeItem('mesocosm-comfort')")


def test_in_ar_the_valley_stands_where_it_was_put(page: Any, server: Server) -> None:
    """The emulated headset finds no surfaces, so one is put before it: a table 80 cm high, two
    metres off.
    """
    undraw(page)
    page.add_init_script(HEADSET)
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    frames(page, 2)
    press(page, "On the table (AR)")
    until(page, "window.mesocosm.xr === 'immersive-ar'")
    page.evaluate("window.surface = [0.4, 0.8, -2]")
    frames(page, 2)

    def pressed() -> None:
        for value in (1, 0):
            page.evaluate("v => headset.controllers.right.updateButtonValue('trigger', v)", value)
            frames(page, 1)

    def put(at: list[float]) -> bool:
        for _ in range(8):  # a slow frame can swallow a press
            pressed()
            if page.evaluate("window.mesocosm.table") == pytest.approx(at, abs=0.01):
                return True
        return False

    assert put([0.4, 0.8, -2])
    keep(page, "ar-placed")
    page.evaluate("window.surface = [0.9, 0.8, -2]")
    frames(page, 1)
    pressed()
    assert page.evaluate("window.mesocosm.table") == pytest.approx([0.4, 0.8, -2], abs=0.01), (
        "a press on the valley itself moves it nowhere"
    )
    page.evaluate("window.surface = [2.4, 0.4, -2]")
    frames(page, 1)
    assert put([2.4, 0.4, -2])


def test_a_slow_machine_is_shown_less_and_a_picture_all(page: Any, server: Server) -> None:
    """What draws here names itself as a card would, so that the page begins with all detail; frames
    come slowly, whatever draws.
    """
    page.add_init_script(
        "WebGL2RenderingContext.prototype.getExtension = (get => function (name) { return name ==="
        " 'WEBGL_debug_renderer_info' ? null : get.call(this, name)"
        " })(WebGL2RenderingContext.prototype.getExtension)"
    )
    page.add_init_script(
        "(function slow() { const began = performance.now(); while (performance.now() - began <"
        " 150); requestAnimationFrame(slow); })()"
    )
    page.add_init_script(
        "window.levels = []; setInterval(() => { const at = window.mesocosm?.frames > 0 ?"
        " window.mesocosm.detail : undefined; if (at !== undefined && window.levels.at(-1) !== at)"
        " window.levels.push(at) }, 1)"
    )
    undraw(page)
    page.set_viewport_size({"width": 160, "height": 100})
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    until(page, "window.mesocosm?.detail > 0")
    assert page.evaluate("window.levels[0]") == 0
    page.goto("about:blank")
    page.goto(f"{server.url}/world?token={server.token}#picture")
    page.wait_for_selector("canvas")
    frames(page, 8)
    assert page.evaluate("window.mesocosm.detail") == 0


def test_where_no_graphics_card_draws_the_page_begins_with_the_least_and_a_picture_with_all(
    page: Any, server: Server
) -> None:
    undraw(page)
    page.set_viewport_size({"width": 160, "height": 100})
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    frames(page, 1)
    assert page.evaluate("window.mesocosm.detail") == 3
    page.goto("about:blank")
    page.goto(f"{server.url}/world?token={server.token}#picture")
    page.wait_for_selector("canvas")
    frames(page, 1)
    assert page.evaluate("window.mesocosm.detail") == 0


def test_a_machine_that_has_room_again_is_shown_more(page: Any, server: Server) -> None:
    """The page's clock is made quick, so that frames seem slow, and then slow."""
    page.add_init_script(
        "const now = performance.now.bind(performance); let at = now(), last = at; window.pace ="
        " 20; performance.now = () => { const n = now(); at += (n - last) * window.pace; last = n;"
        " return at }"
    )
    undraw(page)
    page.set_viewport_size({"width": 240, "height": 160})
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    until(page, "window.mesocosm?.detail === 3")
    until(page, "document.querySelector('canvas').width === 120")
    page.evaluate("window.pace = 0.02")
    until(page, "window.mesocosm.detail === 2 && document.querySelector('canvas').width > 120")


def test_a_browser_without_webgl_has_the_list(page: Any, server: Server) -> None:
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext; HTMLCanvasElement.prototype.getContext"
        " = function (kind, ...more) { return kind.startsWith('webgl') ? null : get.call(this,"
        " kind, ...more) }"
    )
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("text=draws no 3D")
    assert page.query_selector("canvas") is None
    assert {
        b.get_attribute("data-id") for b in page.query_selector_all(".list button")
    } == resources(server)
    press(page, "risk")
    page.wait_for_selector(".card >> text=held-out rows")


def test_the_list_is_a_tree_that_arrows_walk(page: Any, server: Server) -> None:
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext; HTMLCanvasElement.prototype.getContext"
        " = function (kind, ...more) { return kind.startsWith('webgl') ? null : get.call(this,"
        " kind, ...more) }"
    )
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("[role=tree]")
    here, items = (
        "document.activeElement.dataset.item",
        "document.querySelectorAll('[role=treeitem]').length",
    )
    whole = page.evaluate(items)
    assert (
        whole == len(resources(server)) + 6
        and page.evaluate("document.querySelectorAll('[role=treeitem][tabindex=\"0\"]').length")
        == 1
    )
    page.locator("[role=treeitem][tabindex='0']").focus()
    walked = []
    for key in ("ArrowDown", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
        walked.append(page.evaluate(here))
    assert walked[0].startswith("sources.") and walked[1:] == ["spring", "spring"]
    until(page, f"{items} === {whole - 5}", seconds=20)
    assert page.get_attribute("[data-item=spring]", "aria-expanded") == "false"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(here) == "lake", "what is folded is passed"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    until(page, f"{items} === {whole}", seconds=20)
    page.keyboard.press("End")
    assert (
        page.evaluate(here).startswith("places.")
        and page.evaluate("document.querySelectorAll('[role=treeitem][tabindex=\"0\"]').length")
        == 1
    )
    page.keyboard.press("Enter")
    page.wait_for_selector(".card")


def test_axe_finds_nothing_in_the_world(browser: Any, server: Server) -> None:
    from axe_playwright_python.base import AXE_SCRIPT

    context = browser.new_context(
        viewport={"width": 720, "height": 600}, reduced_motion="reduce", bypass_csp=True
    )  # axe is no script of ours
    page = watched(context, server)
    page.goto(f"{server.url}/world?token={server.token}#services.credit-desk")
    page.wait_for_selector(".card")
    page.keyboard.press("l")
    page.keyboard.press("t")
    page.wait_for_selector(".past-bar input")
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.wait_for_selector(".card .answer b")
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert not found, [(v["id"], [n["html"][:160] for n in v["nodes"][:3]]) for v in found]
    context.close()


def test_a_narrow_window_shows_the_list_and_nothing_overflows(browser: Any, server: Server) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector(".list")
    keep(page, "narrow")
    page.close()


def test_the_wire_types_are_generated() -> None:
    from mesocosm.app import console_wire
    from mesocosm.world.wire import typescript

    state = ROOT / "web" / "src" / "state"
    assert (state / "wire.ts").read_text() == typescript()
    assert (state / "consoleWire.ts").read_text() == console_wire.typescript()


def test_two_people_see_each_other_speak_and_leave_a_note(
    browser: Any, page: Any, server: Server
) -> None:
    """Two browsers: each sees the other's name and moves, hears what is said, and finds the
    note.
    """
    undraw(page)
    page.set_viewport_size({"width": 640, "height": 300})  # two are drawn at once
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    page.evaluate("localStorage.setItem('mesocosm-name', 'Ann')")
    page.goto(f"{server.url}/world")
    frames(page, 0)
    context = browser.new_context(viewport={"width": 480, "height": 360}, reduced_motion="reduce")
    other = context.new_page()
    other.set_default_timeout(150_000)
    undraw(other)
    try:
        other.goto(f"{server.url}/world?token={server.token}")
        other.wait_for_selector("canvas")
        until(page, "window.mesocosm.people().length === 1")
        until(other, "window.mesocosm.people().some(p => p.name === 'Ann')")
        until(  # the first pose has come
            page,
            "at => Math.hypot(...window.mesocosm.people()[0].place.map((v, i) => v - at[i])) < 0.2",
            other.evaluate("window.mesocosm.camera"),
        )
        before = page.evaluate("window.mesocosm.people()[0].place")
        other.keyboard.down("w")
        until(page, "z => Math.abs(window.mesocosm.people()[0].place[2] - z) > 1", before[2])
        other.keyboard.up("w")
        place, camera = (
            page.evaluate("window.mesocosm.people()[0].place"),
            other.evaluate("window.mesocosm.camera"),
        )
        until(
            page,
            "at => Math.hypot(...window.mesocosm.people()[0].place.map((v, i) => v - at[i])) < 0.2",
            camera,
        )
        assert place[2] < before[2]
        press(page, "2 here")
        page.wait_for_selector(".company")
        press(other, "2 here")
        other.wait_for_selector(".company")
        page.fill(".company form:last-child input", "is the credit lake low today?")
        press(page, "Say")
        other.wait_for_selector("text=is the credit lake low today?")
        assert "Ann" in other.inner_text(".company .said")
        frames(page, 2)
        keep(page, "people")
        press(page, "List")
        page.wait_for_selector(".list")
        press(page, "credit")
        page.wait_for_selector(".card .notes")
        # open already where another test of this server left a note on it
        page.evaluate("document.querySelector('.card .notes').open = true")
        page.fill(".card .notes input", "checked by hand on Monday")
        press(page, "Leave")
        page.wait_for_selector(".notes p:has-text('checked by hand on Monday')")
        assert server.http.get("/v1/notes").json()[-1]["name"] == "Ann"
        context.close()
        until(page, "window.mesocosm.people().length === 0")
    finally:
        context.close()
