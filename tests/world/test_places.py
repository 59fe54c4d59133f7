"""Places show what was answered there of late: districts and their storms, pillars and what nobody
was sure of, and a shelf that follows its visitor.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, Server, watched
from pages import frames, keep, press, undraw, until

from mesocosm.world.booths import LEAST, MOST, UNSURE, describe_booths
from mesocosm.world.export.solids import counter
from mesocosm.world.wire import Element, Stall

pytestmark = pytest.mark.slow


def said(label: str, topic: str | None = None, **more: Any) -> dict[str, Any]:
    """A logged prediction."""
    return {
        "input": {"clean": {} if topic is None else {"topic": topic}},
        "output": {"label": label, "probability": 0.9} | more,
    }


COUNTS = {"monitor": "watch", "label": "negative", "by": "topic"}


def test_a_district_has_the_mood_of_its_topic_and_a_surge_is_its_storm() -> None:
    rows = [
        *(said("negative", "banks") for _ in range(6)),
        *(said("positive", "banks") for _ in range(2)),
        *(said("neutral", "energy") for _ in range(LEAST)),
        said("negative", "chips"),
        said("negative"),
    ]
    storm = {
        "monitor": "watch",
        "what": "surge",
        "message": "'negative' surged",
        "detail": {"group": "shops"},
    }
    other = storm | {"monitor": "another", "detail": {"group": "energy"}}
    found = describe_booths("market", COUNTS, rows, [storm, other])
    assert [(s["name"], s["count"], s["share"], s["state"]) for s in found] == [
        ("shops", 0, None, "alarm"),
        ("banks", 8, 0.75, "fine"),
        ("energy", 5, 0.0, "fine"),
        ("chips", 1, None, "unknown"),
    ]
    assert found[0]["says"] == "'negative' surged" and found[1]["says"] == "6 of 8 are 'negative'"
    assert (
        len(describe_booths("market", COUNTS, [said("negative", f"t{k}") for k in range(30)], []))
        == MOST
    )


def test_answers_are_counted_and_what_was_not_sure_stands_apart() -> None:
    rows = [
        *(said("ill") for _ in range(3)),
        *(said("well") for _ in range(4)),
        *(said("ill", unsure=True) for _ in range(3)),
    ]
    found = describe_booths("clinic", None, rows, [])
    assert [(s["name"], s["count"], s["state"]) for s in found] == [
        ("well", 4, "fine"),
        ("ill", 3, "fine"),
        (UNSURE, 3, "unknown"),
    ]
    assert sum(s["share"] for s in found) == 1
    assert [s["state"] for s in describe_booths("desk", None, rows[:2], [])] == ["unknown"], (
        "two answers are too few to know a share"
    )
    assert describe_booths("market", None, rows, []) == describe_booths("desk", None, rows, []), (
        "a market without groups shows its answers"
    )
    assert (
        describe_booths(
            "desk", None, [{"input": {}, "output": {"label": "12.5", "value": 12.5}}], []
        )
        == []
    )
    goods = describe_booths(
        "shop",
        None,
        [
            {
                "input": {},
                "output": {"label": "a", "items": [{"item": "a", "said": "tea"}, {"item": "b"}]},
            },
            {"input": {}, "output": {"label": "a", "items": [{"item": "a"}]}},
        ],
        [],
    )
    assert [(g["name"], g["count"], g["share"], g["says"]) for g in goods] == [
        ("a", 2, 1.0, "tea"),
        ("b", 1, 0.5, ""),
    ]


@pytest.mark.parametrize("form", ["market", "shop", "clinic"])
def test_what_a_place_shows_is_taken_home(form: str) -> None:
    """Exports have the booths, goods and pillars that the page has, a colour a mood."""
    bare = Element(
        id="places.p",
        kind="counter",
        name="p",
        x=0,
        z=0,
        altitude=0,
        depth=0,
        needs=[],
        state="fine",
        form=form,
    )  # type: ignore[arg-type]
    told = bare.model_copy(
        update={
            "stalls": [
                Stall(name="a", count=9, share=0.0),
                Stall(name="b", count=4, share=1.0),
                Stall(name="c", count=2, state="unknown"),
            ]
        }
    )
    plain, shown = list(counter(bare)), list(counter(told))
    assert len(shown) >= len(plain) + 5 and all(np.isfinite(p.points).all() for p in shown)
    colours = {p.colour for p in shown} - {p.colour for p in plain}
    assert form != "market" or {"#58b06c", "#d84f45", "#a3a9b1"} <= colours


def test_a_counter_shows_what_the_log_says_now_and_then(
    server: Server, row: dict[str, Any]
) -> None:
    for _ in range(LEAST):
        server.http.post("/v1/services/credit-desk/predict", json=row)

    def shown(at: float | None = None) -> list[dict[str, Any]]:
        scene = server.http.get("/v1/scene" + (f"?at={at}" if at else "")).json()
        return next(e for e in scene["elements"] if e["id"] == "places.credit-counter")["stalls"]  # type: ignore[no-any-return]

    found, end = shown(), time.monotonic() + 20
    while (
        sum(s["count"] for s in found) < LEAST and time.monotonic() < end
    ):  # the log is written beside the answers
        time.sleep(0.2)
        found = shown()
    assert (
        found
        and {s["name"] for s in found} <= {"good", "bad", UNSURE}
        and sum(s["count"] for s in found) >= LEAST
    )
    server.http.post("/v1/services/credit-desk/predict", json=row)
    end = time.monotonic() + 20
    while (
        sum(s["count"] for s in shown()) == sum(s["count"] for s in found)
        and time.monotonic() < end
        and sum(s["count"] for s in found) < 200
    ):
        time.sleep(0.2)
    assert (
        sum(s["count"] for s in shown()) > sum(s["count"] for s in found)
        or sum(s["count"] for s in found) == 200
    )
    assert shown(1.0) == [], "nothing was answered then"


def test_a_shelf_follows_its_visitor(tmp_path: Path, browser: Any) -> None:
    home = tmp_path / "shop"
    shutil.copytree(ROOT / "examples" / "shop", home, ignore=shutil.ignore_patterns(".mesocosm"))
    one = Server(home)
    try:
        page = watched(
            browser.new_context(
                viewport={"width": 900, "height": 620}, reduced_motion="reduce", locale="en-GB"
            ),
            one,
        )
        undraw(page)
        page.goto(f"{one.url}/world?token={one.token}#places.front-shelf")
        page.wait_for_selector(".shelf li")
        names = "() => [...document.querySelectorAll('.shelf li b')].map(b => b.innerText)"
        before = page.evaluate(names)
        assert len(before) == 8
        liked = page.evaluate(
            "() => { const li = document.querySelector('.shelf li');"
            " li.querySelector('button').click(); return li.querySelector('b').innerText }"
        )
        page.wait_for_selector(".shelf .liked button")
        until(
            page,
            f"liked => {{ const shown = ({names})(); return shown.length === 8 &&"
            " !shown.includes(liked) }",
            liked,
        )
        after = page.evaluate(names)
        assert liked in before and f"because you like {liked}" in page.inner_text(".shelf")
        until(
            page,
            "first => window.mesocosm.stalls()['places.front-shelf']?.[0] === first",
            after[0].split(". ")[0],
        )
        frames(page, 2)
        keep(page, "shelf")
        page.keyboard.press("Escape")
        until(
            page,
            "first => window.mesocosm.stalls()['places.front-shelf']?.[0] !== first",
            after[0].split(". ")[0],
        )
        press(page, "List")
        assert not page.faults and not page.outside
    finally:
        one.close()
