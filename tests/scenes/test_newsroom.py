"""The newsroom: a quiet day raises nothing, copies and one loud outlet raise nothing, and a topic that turns is told once, with its headlines."""

from __future__ import annotations

import importlib.util
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SMALL, follow, rounds, said_of

from mesocosm.build.serving import Loader
from mesocosm.ecosystem import open_ecosystem
from mesocosm.operate.served import Served
from mesocosm.operate.surge import Surge, Surges, threshold
from mesocosm.operate.watch import Watch

HERE = ROOT / "examples" / "newsroom"
spec = importlib.util.spec_from_file_location("headlines", HERE / "make_data.py")
assert spec and spec.loader
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory, cli: Any) -> Path:
    """The newsroom example, built once."""
    home = tmp_path_factory.mktemp("newsroom") / "newsroom"
    shutil.copytree(HERE, home, ignore=shutil.ignore_patterns(".mesocosm"))
    done = cli("build", "-f", str(home))
    assert done.returncode == 0, done.stdout + done.stderr
    return home


@pytest.fixture
def desk(newsroom: Path, tmp_path: Path) -> tuple[Any, Served, Watch]:
    home = tmp_path / "home"
    shutil.copytree(newsroom, home)
    eco = open_ecosystem(home)
    served = Served("mood-desk", eco.spec.eco.services["mood-desk"], eco.catalog, Loader(eco.spec, eco.catalog).load)
    served.refresh()
    return eco, served, Watch("surge-watch", eco.spec.eco.monitors["surge-watch"], served, eco.catalog, lambda *_: None, lambda *_: None)


class Wire:
    """Headlines as they come: each differs in a word from every other."""

    def __init__(self, seed: int) -> None:
        self.draw, self.count = random.Random(seed), 0

    def one(self, topic: str | None = None, negative: float | None = None, outlet: str | None = None) -> dict[str, str]:
        topic = topic or self.draw.choice(list(made.COMPANIES))
        bad = self.draw.random() < negative if negative is not None else None
        mood = "negative" if bad else self.draw.choice(["positive", "neutral"] if bad is False else list(made.NEWS))
        said = self.draw.choice([*made.NEWS[mood][""], *made.NEWS[mood][topic]]).format(c=self.draw.choice(made.COMPANIES[topic]))
        self.count += 1
        return {"headline": f"{said[0].upper()}{said[1:]} ({self.count})", "topic": topic, "outlet": outlet or self.draw.choice(made.OUTLETS)}


def look(served: Served, watch: Watch, rows: list[dict[str, str]]) -> list[str]:
    served.predict(rows)
    return watch.look()


def test_a_topic_that_turns_is_told_once_with_its_headlines(desk: tuple[Any, Served, Watch]) -> None:
    eco, served, watch = desk
    wire = Wire(1)
    assert look(served, watch, [wire.one() for _ in range(300)]) == []
    raised: list[str] = []
    items = 0
    while not raised and items < 60:
        items += 5
        raised = look(served, watch, [wire.one(topic="banks", negative=0.9) for _ in range(5)])
    (alert,) = [a for a in eco.catalog.alerts(open_only=True) if a["id"] in raised]
    assert items <= 50 and alert["what"] == "surge" and alert["detail"]["group"] == "banks", (items, alert)
    assert len(alert["detail"]["items"]) == alert["detail"]["count"] and all("headline" in one and "outlet" in one for one in alert["detail"]["items"])
    assert look(served, watch, [wire.one(topic="banks", negative=0.9) for _ in range(60)]) == [], "it is told once"
    again = Watch("surge-watch", watch.monitor, served, eco.catalog, lambda *_: None, lambda *_: None)  # as after a restart
    assert look(served, again, [wire.one(topic="banks", negative=0.9) for _ in range(60)]) == [] and len(eco.catalog.alerts(open_only=True)) == 1
    assert look(served, again, [wire.one() for _ in range(300)]) == [] and eco.catalog.alerts(open_only=True) == [], "it is over"
    assert len(look(served, again, [wire.one(topic="banks", negative=0.9) for _ in range(60)])) == 1, "and another one is another one"
    past = eco.catalog.prediction(alert["detail"]["items"][0]["id"])
    assert past and past["output"]["label"] == "negative" and past["input"]["clean"]["topic"] == "banks"


def test_copies_and_a_loud_outlet_are_no_surge(desk: tuple[Any, Served, Watch]) -> None:
    eco, served, watch = desk
    wire = Wire(2)
    look(served, watch, [wire.one() for _ in range(150)])
    copied = wire.one(topic="chips", negative=1.0)
    copies = [copied | {"outlet": f"outlet {n}", "headline": copied["headline"].upper() if n % 2 else copied["headline"] + " !"} for n in range(40)]
    assert look(served, watch, copies) == [] and watch.last["surge"]["left_out"]["copies"] >= 39
    assert look(served, watch, [wire.one(topic="shops", negative=1.0, outlet="Ticker") for _ in range(60)]) == []
    assert watch.last["surge"]["left_out"]["of one sender"] >= 20 and eco.catalog.alerts(open_only=True) == []


def test_its_tutorial_holds(newsroom: Path, tmp_path: Path) -> None:
    assert follow(ROOT / "docs" / "tutorials" / "newsroom.md", newsroom, tmp_path) >= 7


def test_its_story_goes_as_told(newsroom: Path, cli: Any) -> None:
    done = cli("story", "-f", str(newsroom))
    assert done.returncode == 0, done.stdout + done.stderr


def test_false_alarms_are_as_rare_as_stated_and_a_surge_is_found() -> None:
    """Items of five topics: at most the stated alarms over a long quiet time, and three times the share is mostly seen within fifty items."""

    def stream(usual: float, seed: int) -> tuple[Surges, random.Random]:
        draw = random.Random(seed)
        before = [{"label": "bad" if draw.random() < usual else "good", "topic": str(draw.randrange(5))} for _ in range(300)]
        return Surges(Surge(label="bad", by="topic", quiet=5000), before), draw

    false, items, took = 0, rounds(5_000, 40_000), []
    for seed, usual in enumerate((0.1, 0.2, 0.4)):
        surges, draw = stream(usual, seed)
        false += sum("over" not in (surges.see({"label": "bad" if draw.random() < usual else "good", "topic": str(draw.randrange(5))}) or {"over": True}) for _ in range(items))
        for again in range(10):
            surges, draw = stream(usual, 100 + again)
            risen = surges.setting.risen(usual)
            took.append(next((n for n in range(400) if surges.see({"label": "bad" if draw.random() < risen else "good", "topic": "1"})), 400))
    assert false <= 3 * items / 5000 + 3 * (3 * items / 5000) ** 0.5, false
    assert sorted(took)[len(took) // 2] <= 50, sorted(took)


def test_the_sum_lasts_as_long_as_its_threshold_says() -> None:
    """Run lengths drawn by chance are those that the chain told, or longer by its rounding."""
    draw = random.Random(4)
    setting = Surge(label="bad", quiet=300)
    height = threshold(0.2, setting.risen(0.2), 300)
    lengths = []
    for _ in range(400):
        surges = Surges(setting, [])
        surges.usual = lambda _: 0.2  # type: ignore[method-assign]
        lengths.append(next(n for n in range(1, 20_000) if surges.see({"label": "bad" if draw.random() < 0.2 else "good"})))
    mean = sum(lengths) / len(lengths)
    assert 0.9 * 300 < mean < 1.6 * 300 and height > 2, mean


@pytest.mark.parametrize(
    ("surge", "sentence"),
    [
        ("{label: yes please, by: colour}", "monitors.watch.surge.by: 'desk' takes no field 'colour'"),
        ("{label: perhaps}", "monitors.watch.surge.label: 'judge' never says 'perhaps'"),
        ("{label: yes please, times: 0.5}", "monitors.watch.surge.times"),
        ("{unsure: true}", "monitors.watch.surge.unsure: 'desk' never says that it is not sure"),
        ("{times: 2}", "'label' with the answer that is counted, or 'unsure: true'"),
        ("{label: yes please, unsure: true}", "'label' with the answer that is counted, or 'unsure: true'"),
    ],
)
def test_what_cannot_surge_is_said(pond: Path, surge: str, sentence: str) -> None:
    (pond / "ecosystem.yaml").write_text(SMALL.replace("drift: {window: 40}", f"surge: {surge}"))
    assert any(sentence in said for said in said_of(pond)), said_of(pond)
