"""The valley: how fast it is laid out and drawn, what a frame costs, and whether what is on the
screen is what the catalog says. Called by `world.py`.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI, WebSocket
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from parts import SMALL, size, some
from scipy.spatial import cKDTree

from mesocosm.app.pages.files import PAGES
from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.core.hashing import digest
from mesocosm.world.layout import layout
from mesocosm.world.wire import Element, Firefly, Sapling, Scene, Step

Line = tuple[str, float, str, bool]
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-dev-shm-usage",
    "--disable-quic",
]
# All detail, which no page has by itself where the processor draws.
ALL = "" if SMALL else "#picture"
WIDEST = 2 * 10.9  # metres across the widest thing, a lake with its shore


def things_of(many: int, seed: int = 1) -> list[tuple[str, list[str]]]:
    """A graph of so many resources: sources, datasets, models (some adapt others), services,
    monitors and places.
    """
    rng, found = random.Random(seed), []
    names: dict[str, list[str]] = {
        k: [] for k in ("sources", "datasets", "models", "services", "monitors", "places")
    }
    share = {
        "sources": 0.22,
        "datasets": 0.22,
        "models": 0.2,
        "services": 0.16,
        "monitors": 0.1,
        "places": 0.1,
    }
    above = {
        "datasets": "sources",
        "models": "datasets",
        "services": "models",
        "monitors": "services",
        "places": "services",
    }
    for section, part in share.items():
        for i in range(max(1, round(many * part)) if len(found) < many else 0):
            needs = (
                rng.sample(
                    names[above[section]],
                    min(len(names[above[section]]), rng.choice([1, 1, 1, 2, 3])),
                )
                if section in above
                else []
            )
            if section == "models" and names["models"] and rng.random() < 0.2:
                needs.append(rng.choice(names["models"]))
            found.append((f"{section}.n{i}", needs))
            names[section].append(found[-1][0])
    return found[:many]


def laid_out() -> list[Line]:
    """From 1 to 5,000 resources: time, what is nearest to what, the same bytes, and that every edge
    runs downhill.
    """
    worst, gap, same, down = 0.0, np.inf, True, True
    for many in some((1, 2, 3, 7, 20, 60, 200, 500, 1000, 2500, 5000), 1, 7, 60, 200):
        things = things_of(many)
        began = time.perf_counter()
        place = layout(things, 7)
        took = time.perf_counter() - began
        at = np.array([[x, z] for x, z, _ in place.values()])
        near = float(cKDTree(at).query(at, 2)[0][:, 1].min()) if many > 1 else np.inf
        worst, gap = max(worst, took), min(gap, near)
        same &= digest(place) == digest(layout(things, 7))
        down &= all(place[n][2] > place[a][2] for a, needs in things for n in needs)
        print(
            f"  {many:5} resources laid out in {took:.3f} s; the nearest two are {near:.1f} m"
            " apart",
            flush=True,
        )
    return [
        ("1 to 5,000 resources laid out (s)", worst, "<= 2", worst <= 2),
        ("nearest two, m", gap, f">= {WIDEST}", gap >= WIDEST),
        (
            "same file, same places; every edge downhill",
            float(same and down),
            ">= 1",
            bool(same and down),
        ),
    ]


def scene_of(many: int, seed: int = 1, revision: int = 1, rate: float = 0.0) -> Scene:
    """A scene of so many things in all their states."""
    rng, things = random.Random(seed), things_of(many)
    place = layout(things, 7)
    kinds = {
        "sources": "spring",
        "datasets": "lake",
        "models": "tree",
        "services": "lighthouse",
        "monitors": "vane",
        "places": "counter",
    }
    elements = []
    for address, needs in things:
        section, _, name = address.partition(".")
        x, z, y = place[address]
        e: dict[str, Any] = {
            "id": address,
            "kind": kinds[section],
            "name": name,
            "x": x,
            "z": z,
            "altitude": y,
            "depth": 0,
            "needs": needs,
            "says": f"{section} {name}",
            "state": rng.choice(["fine"] * 8 + ["watch", "alarm", "unknown"]),
        }
        if section == "datasets":
            e |= {
                "level": rng.random(),
                "clarity": rng.random(),
                "facts": {"kept": 900, "quarantined": 40},
                "steps": [
                    Step(name=n, removed=rng.randint(0, 90))
                    for n in ("formats", "outliers", "duplicates")[: rng.randint(0, 3)]
                ],
                "private": ["email: mask"][: rng.randint(0, 1)],
            }
        if section == "sources":
            e |= {"level": 1.0}
        if section == "models":
            e |= {
                "height": rng.random(),
                "rings": rng.randint(1, 6),
                "species": rng.choice(["oak", "birch", "willow"]),
                "sapling": (
                    Sapling(name="v9", height=0.5, state="challenger")
                    if rng.random() < 0.3
                    else None
                ),
            }
        if section == "services":
            e |= {
                "traffic": rate / max(1, many * 0.16) if rate else rng.random(),
                "share": 0.3 if rng.random() < 0.2 else None,
            }
        if section == "monitors" and e["state"] == "alarm":
            e |= {"weather": [rng.choice(["wind", "cloud", "rain", "lightning"])]}
        if section == "places":
            e |= {
                "inhabitant": "Lin",
                "form": rng.choice(["counter", "desk", "market", "shop", "clinic"]),
            }
        elements.append(Element.model_validate(e))
    return Scene(
        ecosystem="bench",
        about="",
        style="dawn",
        seed=7,
        revision=revision,
        at=0,
        season="summer",
        elements=elements,
        alerts=[],
        fireflies=[Firefly(id="", service="n0", label="", at=0)],
    )


@contextmanager
def page_server(scene: Scene) -> Iterator[str]:
    """The page as it ships, and one scene on its socket."""
    app = FastAPI()

    @app.websocket("/v1/world")
    async def world(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(scene.model_dump_json())
        while True:
            await asyncio.sleep(60)

    @app.websocket("/v1/visitors")
    async def visitors(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive()

    app.get("/world")(lambda: FileResponse(PAGES / "index.html"))
    app.get("/v1/notes")(lambda: [])
    app.mount("/assets", StaticFiles(directory=PAGES / "assets"))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_level="error", ws="websockets-sansio")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = server.force_exit = True  # the sockets of closed pages are not waited for
    thread.join(5)


def drawn(rounds: int = size(3, 1)) -> list[Line]:
    """The page with 500 things and 10,000 fireflies: draw calls, triangles, JavaScript a frame, the
    first frame; and a valley of 5,000.
    """
    from playwright.sync_api import sync_playwright

    first: list[float] = []
    with (
        page_server(scene_of(size(500, 30), rate=2000.0)) as url,
        page_server(scene_of(size(5000, 60))) as big,
        page_server(scene_of(13)) as small,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)

        def opened(url: str) -> tuple[Any, float]:
            page = browser.new_page(viewport={"width": size(640, 160), "height": size(400, 100)})
            page.set_default_timeout(180_000)
            page.goto(f"{url}/world{ALL}")
            page.wait_for_function("window.mesocosm && window.mesocosm.frames > 0", polling=50)
            return page, page.evaluate("window.mesocosm.first") / 1000

        for _ in range(rounds):
            page, took = opened(small)
            first.append(took)
            page.close()
        page, of_500 = opened(url)
        page.set_viewport_size(
            {"width": 160, "height": 100}
        )  # a frame's JavaScript does not depend on its pixels, and software GL does
        page.wait_for_function(
            f"window.mesocosm.frames > {size(60, 4)}", polling=100
        )  # so that what runs is compiled, as after a second on a graphics card
        told = page.evaluate("window.mesocosm.drawn")
        client = page.context.new_cdp_session(page)
        client.send("Profiler.enable")
        client.send("Profiler.setSamplingInterval", {"interval": 200})
        before = page.evaluate("window.mesocosm.frames")
        client.send("Profiler.start")
        page.wait_for_timeout(size(12_000, 1000))
        profile = client.send("Profiler.stop")["profile"]
        frames = page.evaluate("window.mesocosm.frames") - before
        page.close()
        page, of_5000 = opened(big)
        laid = page.evaluate("window.mesocosm.laid") / 1000
        page.close()
        browser.close()
    ours = {n["id"] for n in profile["nodes"] if "/assets/" in n["callFrame"]["url"]}
    spent = (
        sum(d for d, n in zip(profile["timeDeltas"], profile["samples"], strict=True) if n in ours)
        / 1000
    )
    js = spent / max(1, frames)
    loaded = (
        sum(
            len(gzip.compress(f.read_bytes()))
            for f in (PAGES / "assets").glob("*.js")
            if not f.name.startswith("emulate")
        )
        / 1000
    )
    print(
        f"  500 things, 10,000 fireflies: {told['calls']} draw calls, {told['triangles']:,}"
        f" triangles, {js:.2f} ms of JavaScript a frame over {frames} frames, first frame"
        f" {of_500:.2f} s; 5,000 things: first frame {of_5000:.2f} s, of which the land {laid:.2f}"
        f" s; 13 things: {', '.join(f'{f:.2f}' for f in first)} s",
        flush=True,
    )
    return [
        ("draw calls", told["calls"], "<= 60", told["calls"] <= 60),
        ("triangles", told["triangles"], "<= 500000", told["triangles"] <= 500_000),
        ("JavaScript a frame, ms", js, "<= 4", js <= 4),
        ("first frame (s)", statistics.median(first), "<= 2.5", statistics.median(first) <= 2.5),
        ("the page lays out 5,000 (s)", laid, "<= 2", laid <= 2),
        ("first load of JavaScript, kB gzipped", loaded, "<= 500", loaded <= 500),
    ]


def change(catalog: Catalog, rng: random.Random, versions: list[str]) -> str:
    """One random change of state, as a build, a watch, a rollout or a person makes it; its kind."""
    kind = rng.choice(["drift", "clear", "rollout", "return", "deploy", "build", "quarantine"])
    if kind == "drift":
        catalog.alert(
            "watch",
            "desk",
            "drift",
            f"inputs drifted ({rng.random():.4f})",
            {
                "verdict": {
                    "kind": rng.choice(["covariate", "label", "concept", "unit"]),
                    "remedy": "nothing",
                    "harm": None,
                    "why": "",
                }
            },
        )
    elif kind == "clear":
        if not catalog.clear("watch", "bench"):
            catalog.alert("watch", "desk", "drift", "again", {})
    elif kind in ("build", "quarantine"):
        found = catalog.snapshot(dataset="mail")
        assert found is not None
        apart = rng.randint(0, 9) if kind == "quarantine" else found["account"]["quarantined"]
        kept = rng.randint(40, 90)
        with catalog.transaction() as con:
            account = found["account"] | {
                "kept": kept,
                "quarantined": apart,
                "in": kept + apart + found["account"]["duplicates"],
            }
            con.execute(
                t.SNAPSHOTS.update()
                .where(t.SNAPSHOTS.c.id == found["id"])
                .values(account=account, at=catalog.clock())
            )
    elif kind == "deploy":
        with catalog.transaction() as con:
            catalog.deploy(
                con, "desk", rng.choice(versions), "", "bench", f"by hand {rng.random():.3f}"
            )
    else:
        row = catalog.rollout("desk")
        with catalog.transaction() as con:
            if kind == "return" and row:
                catalog.move_rollout(
                    con, row, "bench", state="returned", why="bench", ended_at=catalog.clock()
                )
            else:
                now = catalog.deployment("desk")
                assert now is not None
                catalog.open_rollout(
                    con,
                    "desk",
                    next(v for v in versions if v != now["version"]),
                    "",
                    now["version"],
                    "shadow",
                    "bench",
                    "bench",
                )
    return kind


def truth(changes: int = 1000) -> list[Line]:
    """Random changes of every kind: how long until the page has drawn them, and whether what it
    then says is what the server says; once the server is killed.
    """
    from conftest import Server
    from playwright.sync_api import sync_playwright
    from trouble import two

    from mesocosm.api.ecosystem import open_ecosystem

    rng, late, wrong = random.Random(5), [], 0
    os.environ["MESOCOSM_TOKEN"] = (
        "bench-" + "t" * 24
    )  # the page outlives the server that it was opened on
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        sync_playwright() as play,
    ):
        home = Path(folder) / "pond"
        versions = two(home)
        up = Server(home)
        port = up.url.rsplit(":", 1)[1]
        catalog = open_ecosystem(home).catalog
        page = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS).new_page(
            viewport={"width": 200, "height": 120}, reduced_motion="reduce", bypass_csp=True
        )  # the driver's waits are scripts of its own
        page.set_default_timeout(60_000)
        page.goto(f"{up.url}/world?token={up.token}")
        page.wait_for_function("window.mesocosm && window.mesocosm.frames > 2", polling=50)
        for n in range(changes):
            change(catalog, rng, versions)
            revision, at = catalog.revision(), time.monotonic()
            while page.evaluate("window.mesocosm.shown") < revision and time.monotonic() - at < 30:
                time.sleep(0.01)
            late.append((time.monotonic() - at) * 1000)
            if n % 10 == 0:
                asked = up.http.get("/v1/scene").json()
                said = {
                    e["id"]: (
                        e["state"],
                        e["facts"].get("kept"),
                        e["facts"].get("version"),
                        tuple(e["weather"]),
                        e["share"],
                    )
                    for e in asked["elements"]
                }
                shown = {
                    k: tuple(tuple(x) if isinstance(x, list) else x for x in v)
                    for k, v in json.loads(
                        page.evaluate("JSON.stringify(window.mesocosm.facts())")
                    ).items()
                }
                wrong += asked["revision"] == page.evaluate("window.mesocosm.shown") and {
                    k: v for k, v in said.items() if k != "services.desk"
                } != {k: v for k, v in shown.items() if k != "services.desk"}
        up.process.kill()
        up.process.wait()
        time.sleep(1.0)
        again_up = subprocess.Popen(
            [sys.executable, "-m", "mesocosm", "up", str(home), "--port", port, "--no-build"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(size(8, 4))
        change(catalog, rng, versions)
        revision, at = catalog.revision(), time.monotonic()
        while page.evaluate("window.mesocosm.shown") < revision and time.monotonic() - at < 60:
            time.sleep(0.05)
        again = time.monotonic() - at
        subprocess.run(["pkill", "-f", str(home)], check=False)
        again_up.wait(30)
    p99 = float(np.percentile(late, 99))
    print(
        f"  {changes} changes: from commit to a drawn frame p50 {np.median(late):.0f} p99 {p99:.0f}"
        f" ms; {wrong} looks were not what the server says; after a kill the page drew a change"
        f" within {again:.1f} s",
        flush=True,
    )
    return [
        ("commit to pixel, p99 ms", p99, "<= 1000", p99 <= 1000),
        ("looks that were not true", float(wrong), "<= 0", wrong == 0),
        ("after a kill (s)", again, "<= 5", again <= 5),
    ]
