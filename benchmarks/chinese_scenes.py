"""The two scenes in Chinese, built as anybody builds them and measured on their own test sentences:
`python benchmarks/chinese_scenes.py`.

No test sentence trains anything (tests/scenes/test_chinese_data.py holds it). The table's threshold
is the scene's own; it was chosen on its `held-questions.csv` and the table's rows, never on the
questions that are measured here.
"""

from __future__ import annotations

import csv
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data import ROOT, command
from parts import SMALL, Line, Parts, run_parts

Row = Mapping[str, str]
SURGE = ("2026-09-13", "2026-09-17")


def read_rows(home: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table of a scene."""
    with (home / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def build(scene: str, home: Path) -> tuple[Any, float]:
    """A built scene (at the smallest size with a part of its rows) and the seconds that it took."""
    if SMALL:
        sys.path.insert(0, str(ROOT / "tests"))
        import small_scenes as small

        (small.small_support if scene == "support-zh" else small.small_newsroom)(home)
    else:
        shutil.copytree(ROOT / "examples" / scene, home, ignore=shutil.ignore_patterns(".mesocosm"))
    began = time.perf_counter()
    done = command("build", "-f", str(home))
    if done.returncode:
        raise RuntimeError(done.stderr[-800:])
    from mesocosm.api.ecosystem import open_ecosystem

    return open_ecosystem(home), time.perf_counter() - began


def serve(eco: Any, name: str) -> Any:
    """A service of a built scene, in this process."""
    from mesocosm.app.loader import load_locally

    return load_locally(eco.spec, eco.catalog, name)


def share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits)


def predict(served: Any, rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The labels of rows, in batches that a service takes."""
    found: list[str] = []
    for at in range(0, len(rows), 200):
        found += [str(one["label"]) for one in served.predict(list(rows[at : at + 200]))]
    return found


def line(name: str, figure: float, least: float) -> Line:
    return (name, figure, f">= {least:g}", figure >= least)


def support() -> list[Line]:
    """The help desk: intents, answers, refusals, and both languages."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        eco, took = build("support-zh", home)
        print(f"  support-zh is built in {took:.0f} s")
        served = serve(eco, "support-desk")
        return [
            *measure_intents(served, home),
            *measure_answers(served, home),
            *measure_languages(served, home),
        ]


def measure_intents(served: Any, home: Path) -> list[Line]:
    """Accuracy on the test sentences, also by how they are written."""
    rows = read_rows(home, "messages-test")
    labels = predict(served, [{"消息": row["message"]} for row in rows])
    hits = [label == row["intent"] for label, row in zip(labels, rows, strict=True)]
    for style in dict.fromkeys(row["style"] for row in rows):
        some = [hit for hit, row in zip(hits, rows, strict=True) if row["style"] == style]
        print(f"  {style}: {share(some):.3f} of {len(some)} sentences")
    return [line(f"support-zh: accuracy on {len(rows)} test sentences", share(hits), 0.9)]


def measure_answers(served: Any, home: Path) -> list[Line]:
    """Of questions in other words than the table's the share whose first row is right, and is given
    at the scene's threshold; of questions without an answer the share that is refused.
    """
    table = read_rows(home, "answers")
    topic = {row["question"]: row["topic"] for row in table}
    asked = [row for row in read_rows(home, "answers-test") if row["topic"] in topic.values()]
    speaker = served.now.speaker
    threshold = speaker.settings.threshold
    speaker.settings = speaker.settings.model_copy(update={"threshold": 0.0})
    found = [speaker.ask(row["asked"]) for row in asked]
    refused = [
        speaker.ask(row["asked"])["likeness"] < threshold for row in read_rows(home, "unanswerable")
    ]
    speaker.settings = speaker.settings.model_copy(update={"threshold": threshold})
    right = [
        topic[one["source"]["question"]] == row["topic"]
        for one, row in zip(found, asked, strict=True)
    ]
    given = [hit and one["likeness"] >= threshold for hit, one in zip(right, found, strict=True)]
    wrong = [
        not hit and one["likeness"] >= threshold for hit, one in zip(right, found, strict=True)
    ]
    print(f"  {len(asked)} questions: {share(given):.3f} answered right, {share(wrong):.3f} wrong")
    return [
        line(f"support-zh: right row first, {len(asked)} questions", share(right), 0.9),
        line("support-zh: answered right at the threshold", share(given), 0.85),
        line(f"support-zh: refused of {len(refused)} without an answer", share(refused), 0.9),
    ]


def measure_languages(served: Any, home: Path) -> list[Line]:
    """The same sentences in Chinese and English."""
    rows = read_rows(home, "parallel")
    labels = served.now.labels
    rows = [row for row in rows if row["intent_zh"] in labels]
    accuracy = {}
    for language in ("zh", "en"):
        found = predict(served, [{"消息": row[language]} for row in rows])
        accuracy[language] = share(
            [label == row["intent_zh"] for label, row in zip(found, rows, strict=True)]
        )
    print(f"  {len(rows)} sentences: Chinese {accuracy['zh']:.3f}, English {accuracy['en']:.3f}")
    gap = round(abs(accuracy["zh"] - accuracy["en"]), 6)
    return [
        line("support-zh: accuracy in Chinese, sentences in two languages", accuracy["zh"], 0.9),
        ("support-zh: Chinese and English apart", gap, "<= 0.03", gap <= 0.03),
    ]


def newsroom() -> list[Line]:
    """The newsroom: topics and moods of headlines about companies that it has not seen, and the
    sixty days as they came.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        eco, took = build("newsroom-zh", home)
        print(f"  newsroom-zh is built in {took:.0f} s")
        lines = []
        rows = read_rows(home, "headlines-test")
        for service, least in (("topic-desk", 0.9), ("mood-desk", 0.85)):
            field = {"topic-desk": "topic", "mood-desk": "mood"}[service]
            labels = predict(
                serve(eco, service),
                [{"标题": row["headline"], "题材": row["topic"]} for row in rows],
            )
            hits = [label == row[field] for label, row in zip(labels, rows, strict=True)]
            name = f"newsroom-zh: {field} of {len(rows)} headlines of new companies"
            lines.append(line(name, share(hits), least))
        return [*lines, *measure_surge(eco, home)]


def measure_surge(eco: Any, home: Path) -> list[Line]:
    """The sixty days, four headlines at a time: which alerts come before, in and after the surge."""
    from mesocosm.monitoring.monitor import ServiceMonitor

    served = serve(eco, "mood-desk")
    watch = ServiceMonitor(
        "surge-watch",
        eco.spec.eco.monitors["surge-watch"],
        served,
        eco.catalog,
        lambda *_: None,
        lambda *_: None,
    )
    raised: list[tuple[str, str]] = []
    rows = read_rows(home, "headlines")
    for at in range(0, len(rows), 4):
        some = rows[at : at + 4]
        served.predict(
            [{"标题": r["headline"], "题材": r["topic"], "媒体": r["outlet"]} for r in some]
        )
        new = set(watch.look())
        for alert in eco.catalog.alerts(open_only=False):
            if alert["id"] in new:
                raised.append((some[-1]["published_at"], str(alert["detail"]["group"])))
    print(f"  alerts: {raised or 'none'}")
    meant = [one for one in raised if SURGE[0] <= one[0] < SURGE[1] and one[1] == "地产"]
    return [
        ("newsroom-zh: surge alerts on property", len(meant), "= 1", len(meant) == 1),
        ("newsroom-zh: other surge alerts", len(raised) - len(meant), "= 0", raised == meant),
    ]


PARTS: Parts = {"support-zh": support, "newsroom-zh": newsroom}


def main() -> int:
    """Print each line with its target; 1 where one is missed."""
    return run_parts(PARTS)


if __name__ == "__main__":
    sys.exit(main())
