"""The console in a real browser: every page, in both tongues, in light, dark and narrow windows, by
keyboard, and with axe.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Server, watched
from pages import keep, press, until
from pydantic import TypeAdapter

from mesocosm.app import console_wire
from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.deployments import NewRollout
from mesocosm.learning.training.loop.trainer import as_progress
from mesocosm.lifecycle.progress_store import ProgressFile

pytestmark = pytest.mark.slow

PAGES = ("overview", "data", "models", "services", "monitors", "lineage", "audit")


def turn(page: Any, server: Server, name: str) -> None:
    """Open a page of the console."""
    if not page.url.startswith(server.url):
        page.goto(f"{server.url}/?token={server.token}")
        page.wait_for_selector("#main h1")
    page.evaluate("name => { location.hash = '#/' + name }", name)
    page.wait_for_selector(f"nav a[aria-current=page][href='#/{name.split('/')[0]}']")


def test_every_page_tells_what_is(page: Any, server: Server, row: dict[str, Any]) -> None:
    said = server.http.post("/v1/services/credit-desk/predict", json=row).json()
    server.http.post(
        "/v1/notes", json={"on": "monitors.help-watch", "text": "seen by the console's test"}
    )
    audit = Catalog(server.home / ".mesocosm").audit(1)
    wanted = {
        "overview": (
            "data quality",
            "Needs attention",
            "Recent activity",
            "5 sources, 2 datasets, 2 models, 2 services, 2 monitors",
        ),
        "data": (
            "rows in",
            "outliers",
            "private",
            "why rows were quarantined",
            "duration: a value is not a whole number in month",
        ),
        "models": ("calibration error", "95 % interval", said["version"], "held-out rows"),
        "services": ("Roll back", said["id"], "last predictions"),
        "monitors": ("monitors credit-desk", "Silence for 2 h"),
        "lineage": ("Past of a prediction",),
        "audit": (audit[0]["act"], audit[0]["what"]),
    }
    for name, texts in wanted.items():
        turn(page, server, name)
        for text in texts:
            page.wait_for_selector(f"#main >> text={text}")
        keep(page, f"console-{name}")
    assert "token" not in page.url
    turn(page, server, "services")
    press(page, said["id"])
    page.wait_for_selector("text=training rows")
    assert "data/applications.csv" in page.inner_text("#lineage") and page.url.endswith(
        f"#/lineage/{said['id']}"
    )
    turn(page, server, "lineage/p-nothing")
    page.wait_for_selector("[role=alert]")


def test_what_the_api_answers_is_what_the_page_reads(server: Server, row: dict[str, Any]) -> None:
    """The page's types are generated from `console_wire`; the real answers have to fit them."""
    said = server.http.post("/v1/services/credit-desk/predict", json=row).json()
    server.http.post("/v1/notes", json={"on": "datasets.credit", "text": "read by the types' test"})
    form = server.http.get("/v1/services/credit-desk/what-if").json()
    asked = {i["name"]: i.get("usual") for i in form["inputs"]}
    question = {"messages": [{"role": "user", "content": "How is the credit lake?"}]}
    console_wire.WhatIfForm.model_validate(form)
    for path, shape, body in (
        ("ecosystem", console_wire.Ecosystem, None),
        ("datasets/credit/versions", console_wire.DatasetVersions, None),
        (f"lineage/{said['id']}", console_wire.Lineage, None),
        ("services/credit-desk/what-if", console_wire.WhatIfAnswer, asked),
        ("work", list[console_wire.RunningWork], None),
        ("moments", list[console_wire.Moment], None),
        ("notes", list[console_wire.Note], None),
        ("places/welcome-desk/talk", console_wire.Talk, question),
    ):
        answer = server.http.request("POST" if body else "GET", f"/v1/{path}", json=body)
        assert answer.status_code == 200, (path, answer.text)
        TypeAdapter(shape).validate_python(answer.json())


def test_the_lineage_graph_leads_into_the_world(page: Any, server: Server) -> None:
    turn(page, server, "data")
    page.wait_for_selector(".graph a[href='/world#models.risk']")
    ids = {a.get_attribute("href") for a in page.query_selector_all(".graph a")}
    assert ids == {f"/world#{e['id']}" for e in server.http.get("/v1/scene").json()["elements"]}
    page.focus(".graph a[href='/world#models.risk']")
    near = page.evaluate("[...document.querySelectorAll('.graph rect.near')].length")
    assert (
        near == 8
    )  # applications, accounts, bureau, credit, risk, credit-desk, its watch and its counter


def test_a_server_that_answers_no_more_is_told_and_so_is_its_return(
    page: Any, server: Server
) -> None:
    """The process is stopped, not ended: its sockets stay open, and only its silence tells."""
    turn(page, server, "overview")
    live, lost = (
        "document.querySelector('p[role=status]').classList.contains('off') === " + off
        for off in ("false", "true")
    )
    until(page, live)
    process = json.loads((server.home / ".mesocosm" / "server.json").read_text())["pid"]
    os.kill(process, signal.SIGSTOP)
    try:
        until(page, lost)
        assert "link lost" in page.inner_text("p[role=status]")
    finally:
        os.kill(process, signal.SIGCONT)
    until(page, live)


def test_what_if_answers_as_the_service_does_and_leaves_no_trace(page: Any, server: Server) -> None:
    before = Catalog(server.home / ".mesocosm").counts()
    turn(page, server, "services")
    press(page, "playground: what if")
    page.wait_for_selector(".whatif .answer b")
    until(page, "document.querySelector('.bars li') !== null")
    form = server.http.get("/v1/services/credit-desk/what-if").json()
    asked = {i["name"]: i.get("usual") for i in form["inputs"]}
    assert form["ready"] and {i["name"] for i in form["inputs"]} & {"email", "phone"} == set()
    first = server.http.post("/v1/services/credit-desk/what-if", json=asked).json()
    assert (
        abs(first["base"] + sum(first["inputs"].values()) - first["probability"]) < 0.005
    )  # int8 rounds by the batch
    said = page.inner_text(".whatif .answer b")
    assert said == f"{first['label']}, {100 * first['probability']:.1f} %"
    page.locator(".whatif input[type=range]").nth(0).fill("48")
    until(page, "said => document.querySelector('.whatif .answer b').innerText !== said", said)
    changed = server.http.post(
        "/v1/services/credit-desk/what-if", json=asked | {"duration": 48}
    ).json()
    until(
        page,
        "said => document.querySelector('.whatif .answer b').innerText === said",
        f"{changed['label']}, {100 * changed['probability']:.1f} %",
    )
    keep(page, "what-if")
    assert Catalog(server.home / ".mesocosm").counts() == before
    told_wrong = server.http.post("/v1/services/credit-desk/what-if", json=asked | {"nonsense": 1})
    assert told_wrong.status_code == 422 and "has no such field" in told_wrong.json()["detail"]
    assert server.http.get("/v1/services/nothing/what-if").status_code == 404


def test_a_training_is_drawn_while_it_runs(page: Any, server: Server) -> None:
    turn(page, server, "overview")
    drawn = page.locator(
        "article", has=page.locator("h3", has_text="models.drawn")
    )  # a challenger of the bank's own may be in the making too
    assert drawn.count() == 0
    with ProgressFile(server.home / ".mesocosm", "models.drawn") as live:
        for epoch in range(1, 4):
            for step in range(1, 11):
                live.add(
                    as_progress(
                        {
                            "epoch": epoch,
                            "step": step,
                            "of": 10,
                            "loss": 2 / (epoch + step / 10),
                            "left": 40 - 10 * epoch,
                        }
                    )
                )
            live.add(
                as_progress(
                    {"epoch": epoch, "train_loss": 2 / epoch, "held_loss": 2.2 / (epoch + 1)}
                )
            )
        drawn.locator("svg.curve circle").nth(2).wait_for()
        assert (
            "Building" in page.inner_text("#main")
            and "epoch 3: training loss" in drawn.locator(".told").inner_text()
        )
        assert (
            drawn.locator("svg.curve").get_attribute("aria-label")
            == "Loss by epoch; held out 0.550 now"
        )
        keep(page, "making")
    drawn.wait_for(state="detached")


@pytest.fixture
def twin(server: Server) -> Iterator[dict[str, Any]]:
    """A rollout of a second version of the risk model, taken away afterwards."""
    catalog = Catalog(server.home / ".mesocosm")
    now = catalog.deployment("credit-desk")
    assert now is not None
    first = catalog.version(now["version"])
    assert first is not None
    one = first | {"id": "risk-v9-twin", "number": 9}
    with catalog.transaction() as con:
        con.execute(t.VERSIONS.insert().values(**one))
        new = NewRollout("credit-desk", one["id"], now["answers"], now["version"], "shadow")
        catalog.open_rollout(con, new, "test", "to be looked at")
    yield now
    with catalog.transaction() as con:
        con.execute(t.VERSIONS.delete().where(t.VERSIONS.c.id == one["id"]))
        con.execute(t.ROLLOUTS.delete())


def test_a_rollout_is_shown_and_taken_back_with_a_reason(
    page: Any, server: Server, row: dict[str, Any], twin: dict[str, Any]
) -> None:
    server.http.post("/v1/services/credit-desk/predict", json=row)
    turn(page, server, "services")
    page.wait_for_selector(".rollout >> text=risk-v9-twin against")
    page.wait_for_selector(".rollout >> text=of this step remain")
    beside = server.http.post(
        "/v1/services/credit-desk/what-if", json={k: row.get(k) for k in row}
    ).json()["beside"]
    assert beside["version"] == "risk-v9-twin"
    keep(page, "rollout")
    all_now = server.http.get("/v1/ecosystem").json()
    shown = console_wire.Ecosystem.model_validate(all_now).services["credit-desk"].rollout
    assert shown and shown.version == "risk-v9-twin"
    press(page, "Cancel rollout")
    page.wait_for_selector(".rollout form")
    press(page, "No")
    page.wait_for_selector(".rollout form", state="detached")
    assert Catalog(server.home / ".mesocosm").rollout("credit-desk") is not None
    press(page, "Cancel rollout")
    page.fill(".rollout form input", "it looked odd")
    page.keyboard.press("Enter")
    page.wait_for_selector(".rollout", state="detached")
    ended = Catalog(server.home / ".mesocosm").rollouts("credit-desk")[0]
    assert (ended["state"], ended["why"]) == ("returned", "it looked odd")
    assert server.http.post("/v1/services/credit-desk/promote", json={}).status_code == 409
    assert (
        server.http.post("/v1/services/credit-desk/predict", json=row).json()["version"]
        == twin["version"]
    )


def test_a_request_is_labelled(page: Any, server: Server) -> None:
    asked = [
        server.http.post("/v1/services/help-desk/predict", json={"sentence": text}).json()["id"]
        for text in ("the thing with my thing", "where is my card", "close it all")
    ]
    turn(page, server, "models")
    card = page.locator("article", has=page.locator("h2", has_text="intent"))
    card.locator("summary", has_text="label next").click()
    page.wait_for_selector("select[aria-label='Label of request 1']")
    keep(page, "label-next")
    before = server.http.get("/v1/models/intent/unsure").json()
    console_wire.Unsure.model_validate(before)
    assert {f["prediction"] for f in before["found"]} >= set(asked)
    label = before["labels"][3]
    page.select_option("select[aria-label='Label of request 1']", label)
    page.wait_for_selector(f"text=kept: {label}")
    after = server.http.get("/v1/models/intent/unsure").json()
    assert after["waiting"] == before["waiting"] - 1
    assert server.http.get("/v1/models/nothing/unsure").status_code == 404


OFTEN = [
    "do you sell gold coins",
    "gold coins, what do they cost",
    "can I buy a gold coin here",
    "is there gold in coins at your desk",
    "buy two gold coins",
    "gold coin price please",
    "I would like gold coins",
    "a gold coin as a present",
    "how many gold coins may I buy",
    "sell me a coin of gold",
]


def test_a_class_that_is_lacking_gets_its_name(page: Any, server: Server) -> None:
    asked = [
        server.http.post("/v1/services/help-desk/predict", json={"sentence": text}).json()["id"]
        for text in OFTEN
    ]
    turn(page, server, "models")
    card = page.locator("article", has=page.locator("h2", has_text="intent"))
    card.locator("summary", has_text="candidate new classes").click()
    page.wait_for_selector(".proposal")
    keep(page, "proposals")
    found = server.http.get("/v1/models/intent/proposals").json()
    console_wire.Proposals.model_validate(found)
    group = next(g for g in found["groups"] if set(g["predictions"]) & set(asked))
    mine = card.locator(".proposal", has_text="gold coins, what do they cost")
    mine.locator("input[type=checkbox]").last.uncheck()
    mine.locator("form input").fill("gold_coins")
    mine.locator("form button").click()
    page.wait_for_selector(f"text={group['rows'] - 1} requests are 'gold_coins' now, which is new.")
    page.wait_for_selector("text=Train a challenger now")
    kept = {
        r["id"]: r["label"]
        for r in Catalog(server.home / ".mesocosm").labelled("help-desk")
        if r["label"] == "gold_coins"
    }
    assert set(kept) == set(group["predictions"][:-1])
    last = server.http.get("/v1/ecosystem").json()["audit"]
    assert any(a["act"] == "name" and a["what"] == "models.intent" for a in last)


@pytest.mark.parametrize(
    ("model", "body", "status", "said"),
    [
        (
            "intent",
            {"predictions": ["p-none"], "label": "x"},
            422,
            "is not a prediction of 'intent'",
        ),
        ("intent", {"predictions": [], "label": "x"}, 422, "no prediction is given"),
        ("intent", {"predictions": ["p-none"], "label": "a\u0000b"}, 422, "is not a valid label"),
        ("intent", {"predictions": "p", "label": "x"}, 422, "a list of their ids"),
        (
            "risk",
            {"predictions": ["p-none"], "label": "unheard of"},
            422,
            "is not among the values",
        ),
        ("nothing", {"predictions": ["p-none"], "label": "x"}, 422, "no model is named"),
    ],
)
def test_what_cannot_be_a_class_is_refused(
    server: Server, model: str, body: dict[str, Any], status: int, said: str
) -> None:
    answer = server.http.post(f"/v1/models/{model}/proposals", json=body)
    assert answer.status_code == status and said in answer.json()["detail"], answer.text


def test_a_monitor_is_silenced_and_wakes(page: Any, server: Server) -> None:
    turn(page, server, "monitors")
    card = page.locator("article", has=page.locator("h2", has_text="help-watch"))
    for button, silent in (("Silence for 2 h", True), ("End the silence", False)):
        card.locator("button", has_text=button).click()
        card.locator("form input").fill("maintenance")
        page.keyboard.press("Enter")
        card.locator("small", has_text="silent").wait_for(
            state="attached" if silent else "detached"
        )
        assert ("help-watch" in server.http.get("/v1/ecosystem").json()["silenced"]) is silent
    assert server.http.post("/v1/monitors/nothing/silence", json={}).status_code == 404
    assert (
        server.http.post("/v1/monitors/help-watch/silence", json={"for": "often"}).status_code
        == 422
    )


def test_an_alert_is_closed_with_a_reason(page: Any, server: Server) -> None:
    """By the console and by the API; never without a reason, and the audit has who and why."""
    catalog = Catalog(server.home / ".mesocosm")
    first, second = (
        catalog.alert(
            "help-watch",
            "help-desk",
            "anomaly",
            f"p95_ms of help-desk changed to {n}",
            {"figure": "p95_ms", "value": n},
        )
        for n in (900, 901)
    )
    turn(page, server, "monitors")
    all_now = console_wire.Ecosystem.model_validate(server.http.get("/v1/ecosystem").json())
    assert {first, second} <= {a.id for a in all_now.alerts}
    item = page.locator(".alertlist li", has_text="changed to 900")
    item.locator("button", has_text="Close with a reason").click()
    item.locator("form button.go").click()
    assert first in {a["id"] for a in catalog.alerts(open_only=True)}  # the reason is empty
    item.locator("form input").fill("the disk was slow")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.alertlist form') === null")
    assert first not in {a["id"] for a in catalog.alerts(open_only=True)}
    for body, status in (
        ({}, 422),
        ({"why": "  "}, 422),
        ({"why": 3}, 422),
        ({"why": "again"}, 200),
        ({"why": "again"}, 404),
    ):
        assert server.http.post(f"/v1/alerts/{second}/close", json=body).status_code == status, body
    audit = [(a["act"], a["why"]) for a in catalog.audit(10)]
    assert ("clear", "the disk was slow") in audit and ("clear", "again") in audit
    assert server.http.post("/v1/alerts/none/close", json={"why": "x"}).status_code == 404
    assert "post" in server.http.get("/openapi.json").json()["paths"]["/v1/alerts/{alert}/close"]


def test_versions_of_a_dataset_are_told(page: Any, server: Server) -> None:
    turn(page, server, "data")
    page.locator("article", has=page.locator("h2", has_text="credit")).locator(
        "summary", has_text="versions and what differs"
    ).click()
    page.wait_for_selector("text=One version so far")
    found = server.http.get("/v1/datasets/credit/versions").json()
    assert [v["account"]["kept"] for v in found["versions"]] == [941] and "diff" not in found


@pytest.mark.parametrize(
    ("scheme", "width", "tongue"), [("light", 1280, "en-GB"), ("dark", 375, "zh-CN")]
)
def test_axe_finds_nothing_and_nothing_overflows(
    browser: Any, server: Server, scheme: str, width: int, tongue: str
) -> None:
    from axe_playwright_python.base import AXE_SCRIPT

    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        locale=tongue,
        bypass_csp=True,
    )  # axe is no script of ours
    page = watched(context, server)
    for name in PAGES:
        turn(page, server, name)
        page.wait_for_timeout(300)
        page.evaluate("document.querySelectorAll('#main details').forEach(d => { d.open = true })")
        page.wait_for_timeout(500)
        page.evaluate(AXE_SCRIPT)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert not found, json.dumps(
            [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found]
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        keep(page, f"console-{name}-{scheme}-{tongue}")
    assert page.evaluate("document.documentElement.lang") == tongue.replace("en-GB", "en")
    assert ("总览" in page.inner_text("nav")) is (tongue == "zh-CN")
    context.close()
    assert not page.faults


def test_the_keyboard_reaches_every_page(page: Any, server: Server) -> None:
    turn(page, server, "overview")
    page.evaluate("document.activeElement?.blur()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.focus(".skip")
    met = []
    for _ in PAGES:
        page.keyboard.press("Tab")
        met.append(page.evaluate("document.activeElement.getAttribute('href')"))
    assert met == [f"#/{p}" for p in PAGES]
    page.keyboard.press("Enter")
    page.wait_for_selector("nav a[aria-current=page][href='#/audit']")


def test_the_tongue_is_kept(page: Any, server: Server) -> None:
    turn(page, server, "overview")
    press(page, "中文")
    page.wait_for_selector("nav >> text=数据")
    page.reload()
    page.wait_for_selector("nav >> text=数据")
    press(page, "English")
    page.wait_for_selector("nav >> text=overview")


def test_a_server_that_is_gone_is_a_designed_state(page: Any, server: Server) -> None:
    turn(page, server, "overview")
    page.route("**/v1/ecosystem", lambda route: route.abort())
    page.wait_for_selector("text=The last check failed")
    assert "data quality" in page.inner_text("#main")
    page.reload()
    page.wait_for_selector("text=does not answer")
    page.unroute("**/v1/ecosystem")
    page.reload()
    page.wait_for_selector("text=data quality")
