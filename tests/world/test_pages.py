"""The pages in a real browser: the world, its list, a card, a chat, VR and AR, and the console."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Server

from mesocosm.build.live import Live
from mesocosm.catalog import Catalog
from mesocosm.catalog import tables as t
from mesocosm.learn.loop import told

playwright = pytest.importorskip("playwright.sync_api")
FLAGS = [
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-gpu-watchdog", "--disable-dev-shm-usage",
]  # fmt: skip
IWER = (Path(__file__).parent / "iwer.min.js").read_text()
HEADSET = (
    "delete Navigator.prototype.xr;\n" + IWER + "\n"
    "window.headset = new IWER.XRDevice(IWER.metaQuest3, {stereoEnabled: true}); headset.installRuntime({forceInstall: true});"
)
PICTURES = Path(os.environ.get("MESOCOSM_PICTURES", "/nonexistent"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as p:
        one = p.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield one
        one.close()


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 720, "height": 450}, reduced_motion="reduce")
    one = context.new_page()
    one.set_default_timeout(150_000)
    one.faults, one.outside = [], []
    one.on("pageerror", lambda e: one.faults.append(f"{e}\n{getattr(e, 'stack', '')}"))
    one.on("crash", lambda _: one.faults.append("the page crashed"))
    one.on("request", lambda r: one.outside.append(r.url) if not r.url.startswith((server.url, "data:", "blob:", server.url.replace("http", "ws"))) else None)
    yield one
    context.close()


def until(page: Any, script: str, arg: Any = None, seconds: float = 150.0) -> None:
    """Wait until a script is true; the driver's own wait evaluates text in the page, which the page's policy forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(script, arg):
        assert time.monotonic() < end, script
        page.wait_for_timeout(100)


def press(page: Any, name: str) -> None:
    """Click in the page itself: software GL is too slow for the driver's own wait for stillness."""
    until(page, "name => { const b = [...document.querySelectorAll('button')].find(b => b.innerText.split('\\n')[0] === name); b?.click(); return Boolean(b) }", name)


def frames(page: Any, more: int) -> None:
    now = page.evaluate("window.mesocosm.frames")
    until(page, f"window.mesocosm.frames > {now} + {more}")


def keep(page: Any, name: str) -> None:
    if PICTURES.is_dir():
        page.screenshot(path=PICTURES / f"{name}.png")


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
    assert shown == wanted and len(wanted) == 13
    for section in ("sources.faq", "datasets.credit", "models.risk", "services.help-desk", "monitors.credit-watch", "places.welcome-desk"):
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
    assert not page.faults and not page.outside


def test_a_lost_picture_becomes_a_list_and_comes_back(page: Any, server: Server) -> None:
    """The page holds one context however long it runs, and outlives its loss."""
    page.add_init_script("const get = HTMLCanvasElement.prototype.getContext; window.contexts = new Set(); HTMLCanvasElement.prototype.getContext = function (kind, ...more) "
                         "{ const c = get.call(this, kind, ...more); if (kind === 'webgl2' && c) window.contexts.add(c); return c }")  # fmt: skip
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    frames(page, 2)
    for _ in range(12):
        page.keyboard.press("l")
    assert page.evaluate("[...window.contexts].filter(c => !c.isContextLost()).length") == 1
    page.evaluate("window.loss = document.querySelector('canvas').getContext('webgl2').getExtension('WEBGL_lose_context'); loss.loseContext()")
    page.wait_for_selector(".list")
    page.wait_for_selector("text=The picture was lost")
    page.evaluate("loss.restoreContext()")
    page.wait_for_selector("text=The picture was lost", state="detached")
    frames(page, 2)
    press(page, "List")
    page.wait_for_selector(".list", state="detached")
    keep(page, "restored")
    assert not page.faults


@pytest.mark.parametrize(("button", "mode"), [("Enter VR", "immersive-vr"), ("On the table (AR)", "immersive-ar")])
def test_the_world_is_entered(page: Any, server: Server, button: str, mode: str) -> None:
    page.add_init_script(HEADSET)
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    frames(page, 1)
    press(page, button)
    until(page, f"window.mesocosm.xr === '{mode}'")
    frames(page, 3)
    keep(page, mode)
    assert not page.faults and not page.outside


def test_the_console_shows_what_is_and_follows_a_prediction(page: Any, server: Server, row: dict[str, Any]) -> None:
    said = server.http.post("/v1/services/credit-desk/predict", json=row).json()
    ident = said["id"]
    page.goto(f"{server.url}/?token={server.token}")
    page.wait_for_selector("text=Past of a prediction")
    text = page.inner_text("main")
    for wanted in ("rows in =", "calibration error", "Roll back", said["version"], "keep"):
        assert wanted in text
    page.fill("#lineage input", ident)
    page.click("#lineage button")
    page.wait_for_selector("text=training rows")
    assert "data/applications.csv" in page.inner_text("#lineage")
    keep(page, "console")
    assert page.url == f"{server.url}/"
    assert not page.faults and not page.outside


def test_the_console_draws_a_training_while_it_runs(page: Any, server: Server) -> None:
    page.goto(f"{server.url}/?token={server.token}")
    page.wait_for_selector("text=Past of a prediction")
    drawn = page.locator("article", has=page.locator("h3", has_text="models.drawn"))  # a challenger of the bank's own may be in the making too
    assert drawn.count() == 0
    with Live(server.home / ".mesocosm", "models.drawn") as live:
        for epoch in range(1, 4):
            for step in range(1, 11):
                live.tell(told({"epoch": epoch, "step": step, "of": 10, "loss": 2 / (epoch + step / 10), "left": 40 - 10 * epoch}))
            live.tell(told({"epoch": epoch, "train_loss": 2 / epoch, "held_loss": 2.2 / (epoch + 1)}))
        drawn.locator("svg.curve circle").nth(2).wait_for()
        assert "In the making" in page.inner_text("main") and "epoch 3: loss" in drawn.locator(".told").inner_text()
        assert drawn.locator("svg.curve").get_attribute("aria-label") == "Loss by epoch; held out 0.550 now"
        drawn.locator("svg.curve").scroll_into_view_if_needed()
        keep(page, "making")
    drawn.wait_for(state="detached")
    assert not page.faults and not page.outside


def test_a_rollout_is_shown_and_taken_back_in_the_console(page: Any, server: Server, row: dict[str, Any]) -> None:
    catalog = Catalog(server.home / ".mesocosm")
    now = catalog.deployment("credit-desk")
    assert now is not None
    first = catalog.version(now["version"])
    assert first is not None
    twin = first | {"id": "risk-v9-twin", "number": 9}
    try:
        with catalog.transaction() as con:
            con.execute(t.VERSIONS.insert().values(**twin))
            catalog.open_rollout(con, "credit-desk", twin["id"], now["answers"], now["version"], "shadow", "test", "to be looked at")
        server.http.post("/v1/services/credit-desk/predict", json=row)
        page.goto(f"{server.url}/?token={server.token}")
        page.wait_for_selector(".rollout >> text=risk-v9-twin beside")
        page.wait_for_selector(".rollout >> text=of this step are left")
        page.locator(".rollout").scroll_into_view_if_needed()
        keep(page, "rollout")
        page.on("dialog", lambda dialog: dialog.accept())
        page.click(".rollout >> text=Take back")
        page.wait_for_selector(".rollout", state="detached")
        ended = catalog.rollouts("credit-desk")[0]
        assert (ended["state"], ended["why"]) == ("returned", "by hand, from the console")
        assert server.http.post("/v1/services/credit-desk/promote", json={}).status_code == 409
        assert server.http.post("/v1/services/credit-desk/predict", json=row).json()["version"] == now["version"]
    finally:
        with catalog.transaction() as con:
            con.execute(t.VERSIONS.delete().where(t.VERSIONS.c.id == twin["id"]))
            con.execute(t.ROLLOUTS.delete())
    assert not page.faults and not page.outside


def test_a_request_is_labelled_in_the_console(page: Any, server: Server) -> None:
    asked = [server.http.post("/v1/services/help-desk/predict", json={"sentence": text}).json()["id"] for text in ("the thing with my thing", "where is my card", "close it all")]
    page.goto(f"{server.url}/?token={server.token}")
    page.wait_for_selector("text=label next")
    summary = page.locator("article", has=page.locator("h3", has_text="intent")).locator("summary", has_text="label next")
    summary.click()
    page.wait_for_selector("select[aria-label='Label of request 1']")
    keep(page, "label-next")
    before = server.http.get("/v1/models/intent/unsure").json()
    assert {f["prediction"] for f in before["found"]} >= set(asked)
    label = before["labels"][3]
    page.select_option("select[aria-label='Label of request 1']", label)
    page.wait_for_selector(f"text=kept: {label}")
    after = server.http.get("/v1/models/intent/unsure").json()
    assert after["waiting"] == before["waiting"] - 1
    assert server.http.get("/v1/models/nothing/unsure").status_code == 404
    assert not page.faults and not page.outside


def test_a_narrow_window_shows_the_list_and_nothing_overflows(browser: Any, server: Server) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
    page.goto(f"{server.url}/?token={server.token}")
    page.wait_for_selector("text=Past of a prediction")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{server.url}/world")
    page.wait_for_selector(".list")
    keep(page, "narrow")
    page.close()


def test_the_wire_types_are_generated() -> None:
    from mesocosm.world.wire import typescript

    assert (ROOT / "web" / "src" / "state" / "wire.ts").read_text() == typescript()


def test_two_people_see_each_other_speak_and_leave_a_note(browser: Any, page: Any, server: Server) -> None:
    """Two browsers: each sees the other's name and moves, hears what is said, and finds the note."""
    page.goto(f"{server.url}/world?token={server.token}")
    page.wait_for_selector("canvas")
    page.evaluate("localStorage.setItem('mesocosm-name', 'Ann')")
    page.goto(f"{server.url}/world")
    context = browser.new_context(viewport={"width": 480, "height": 360}, reduced_motion="reduce")
    other = context.new_page()
    other.set_default_timeout(150_000)
    try:
        other.goto(f"{server.url}/world?token={server.token}")
        other.wait_for_selector("canvas")
        until(page, "window.mesocosm.people().length === 1")
        until(other, "window.mesocosm.people().some(p => p.name === 'Ann')")
        before = page.evaluate("window.mesocosm.people()[0].place")
        other.keyboard.down("w")
        frames(other, 3)
        other.keyboard.up("w")
        until(page, "z => Math.abs(window.mesocosm.people()[0].place[2] - z) > 1", before[2])
        place, camera = page.evaluate("window.mesocosm.people()[0].place"), other.evaluate("window.mesocosm.camera")
        until(page, "at => Math.hypot(...window.mesocosm.people()[0].place.map((v, i) => v - at[i])) < 0.2", camera)
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
        page.click(".card .notes summary")
        page.fill(".card .notes input", "checked by hand on Monday")
        press(page, "Leave")
        page.wait_for_selector(".notes p:has-text('checked by hand on Monday')")
        assert server.http.get("/v1/notes").json()[-1]["name"] == "Ann"
        context.close()
        until(page, "window.mesocosm.people().length === 0")
    finally:
        context.close()
    assert not page.faults and not page.outside
