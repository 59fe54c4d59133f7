"""Searches: given up where behind, gone on with after a stop, within a budget of minutes; what was
tried is told.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.catalog import Catalog
from mesocosm.core.progress import say_as_text
from mesocosm.learning.model import Model
from mesocosm.learning.training.search import search

pytestmark = pytest.mark.slow

MODEL = {
    "base": "minilm",
    "dataset": "d",
    "target": "y",
    "features": ["x"],
    "fine_tune": {"method": "lora"},
}


def model(**settings: Any) -> Model:
    return Model.model_validate(
        MODEL
        | {
            "search": {
                "over": {"fine_tune.learning_rate": [1e-4, 1e-2], "fine_tune.rank": [2, 4, 8]},
                **settings,
            }
        }
    )


def score(one: Model, watch: Any) -> float:
    """A loss with its lowest point at a rate of 1e-3 and rank 4, told over three epochs."""
    import math

    loss = abs(math.log10(one.fine_tune.learning_rate) + 3) + abs(one.fine_tune.rank - 4) / 10  # type: ignore[union-attr]
    for epoch in (1, 2, 3):
        watch(epoch, loss + 1 / epoch)
    return loss


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_search_finds_the_low_point_and_gives_up_what_is_behind(sampler: str) -> None:
    one = model(sampler=sampler, trials=25)
    found, tried = search(one, one.search, score, lambda _: None)  # type: ignore[arg-type]
    states = [t["state"] for t in tried["trials"]]
    assert len(states) == 25 and states.count("given up") >= 3
    assert all(
        t["loss"] is None and len(t["epochs"]) < 3
        for t in tried["trials"]
        if t["state"] == "given up"
    )
    assert score(found, lambda *_: None) == pytest.approx(
        min(t["loss"] for t in tried["trials"] if t["loss"] is not None), abs=1e-4
    )
    assert score(found, lambda *_: None) < 0.4
    assert set(tried["importance"]) == {"fine_tune.learning_rate", "fine_tune.rank"} and sum(
        tried["importance"].values()
    ) == pytest.approx(1, abs=0.01)
    assert tried["importance"]["fine_tune.learning_rate"] > tried["importance"]["fine_tune.rank"]


def test_without_pruning_every_trial_is_whole() -> None:
    one = model(trials=10, prune=False)
    assert {t["state"] for t in search(one, one.search, score, lambda _: None)[1]["trials"]} == {
        "whole"
    }  # type: ignore[arg-type]


def test_a_search_that_was_stopped_goes_on_in_the_catalogs_database(tmp_path: Path) -> None:
    catalog, one, seen = Catalog(tmp_path), model(trials=8, prune=False), []

    def broken(m: Model, watch: Any) -> float:
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append(m)
        return score(m, watch)

    with pytest.raises(KeyboardInterrupt):
        search(one, one.search, broken, lambda _: None, catalog.url, "made")  # type: ignore[arg-type]
    said: list[str] = []
    found, tried = search(
        one,
        one.search,
        lambda m, w: seen.append(m) or score(m, w),
        say_as_text(said.append),
        catalog.url,
        "made",
    )  # type: ignore[arg-type, func-returns-value]
    assert "resuming the search after 3 trials" in said
    assert len(tried["trials"]) == 8 and len(seen) == 8
    again, _ = search(
        one,
        one.search,
        lambda *_: pytest.fail("nothing is left to try"),
        say_as_text(said.append),
        catalog.url,
        "made",
    )  # type: ignore[arg-type]
    assert again == found
    assert (
        catalog.revision() == 0 and catalog.resources() == []
    )  # the catalog's own tables are as they were


def test_a_budget_of_minutes_ends_a_search() -> None:
    import time

    one = model(trials=1000, minutes=0.02, prune=False)
    began = time.perf_counter()
    _, tried = search(one, one.search, lambda m, w: time.sleep(0.2) or score(m, w), lambda _: None)  # type: ignore[arg-type, func-returns-value]
    assert 1 <= len(tried["trials"]) < 20 and time.perf_counter() - began < 10


def test_a_build_searches_and_its_version_tells_what_was_tried(pond: Path) -> None:
    file = pond / "ecosystem.yaml"
    file.write_text(
        file.read_text().replace(
            "fine_tune: {method: frozen, head: kernel}",
            "fine_tune: {method: bitfit, epochs: 2}, search: {over: {fine_tune.learning_rate: [1.0e-4,"
            " 5.0e-3]}, sampler: grid, trials: 2}",
        )
    )
    eco = open_ecosystem(pond)
    eco.build()
    (version,) = eco.catalog.versions("judge")
    tried = version["recipe"]["trials"]
    assert [
        t["settings"] for t in sorted(tried, key=lambda t: t["settings"]["fine_tune.learning_rate"])
    ] == [{"fine_tune.learning_rate": 1e-4}, {"fine_tune.learning_rate": 5e-3}]
    assert all(t["loss"] is not None and len(t["epochs"]) == 2 for t in tried)
    from mesocosm.reports.page.html import render_report

    html = render_report("pond", {"datasets": {}, "models": {"judge": version}})
    assert (
        "Hyperparameter trials" in html and "Loss by epoch" in html and html.count("<tr><td>") > 10
    )
    for svg in re.findall(r"<svg.*?</svg>", html):
        ElementTree.fromstring(svg)
    assert len(re.findall(r"<polyline", html)) == 3  # training, held out, the lowest loss so far
