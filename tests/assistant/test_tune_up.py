"""A tune-up proposes what was measured speaks for, writes a file that passes the check, and leaves
every other line as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, small_rows

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.assistant.suggestions import apply_changes, suggest_changes
from mesocosm.catalog.database import schema as t
from mesocosm.config.editor import set_value
from mesocosm.config.loader import read_text
from mesocosm.config.source_map import load_tree, to_plain_data
from mesocosm.lifecycle.jobs.challenger_comparison import lower_bound


def named(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {one["at"]: one["would"] for one in found}


def test_what_was_measured_becomes_changes_with_evidence(
    pond: Path, cli: Callable[..., Any]
) -> None:
    rows = small_rows(160).splitlines()
    (pond / "notes.csv").write_text(
        "\n".join(
            [
                rows[0] + ",sex,contact",
                *(
                    f"{line},{'mf'[i % 2]},person{i}@mail.example"
                    for i, line in enumerate(rows[1:])
                ),
            ]
        )
        + "\n"
    )
    text = SMALL[: SMALL.index("monitors:")].replace(
        "      label: {type",
        "      sex: {type: category}  # of the writer\n      contact: {type: text}\n      label:"
        " {type",
    )
    (pond / "ecosystem.yaml").write_text(text)
    eco = open_ecosystem(pond)
    assert not any(
        one["at"].startswith("models.") for one in suggest_changes(eco.spec, eco.catalog)
    ), "nothing was measured yet"
    eco.build()
    version, now = eco.catalog.versions("judge")[-1], eco.catalog.clock()
    said = [
        ("a" if i < 150 else "b", 0.9 if i < 150 else 0.4) for i in range(160)
    ]  # the least sure are the wrong ones
    eco.catalog.log(
        [
            {
                "id": f"p{i}",
                "service": "desk",
                "version": version["id"],
                "input": {},
                "output": {"label": label, "probability": sure},
                "ms": 1.0,
                "at": now - 60,
            }
            for i, (label, sure) in enumerate(said)
        ]
    )
    eco.catalog.add(
        t.FEEDBACK,
        [
            {
                "prediction": f"p{i}",
                "service": "desk",
                "label": "a",
                "at": now - 30,
                "who": "somebody",
            }
            for i in range(160)
        ],
    )
    found = suggest_changes(eco.spec, eco.catalog)
    told, why = named(found), {one["at"]: one["because"] for one in found}
    assert (
        told["datasets.mail.fields.contact.private"] == "pseudonymise"
        and "form of an e-mail" in why["datasets.mail.fields.contact.private"]
    )
    m = version["metrics"]
    low = min(
        m["interval"]["accuracy"][0], lower_bound(round(m["accuracy"] * m["rows"]), m["rows"])
    )
    assert (
        told["models.judge.require.accuracy"] == f">= {int(low * 100) / 100:.2f}"
        and f"lower confidence limit {low:.3f}" in why["models.judge.require.accuracy"]
    )
    assert (
        told["models.judge.fairness.groups"] == ["sex"]
        and told["services.desk.abstain"] == 0.1
        and "accuracy 38%" in why["services.desk.abstain"]
    )
    assert (
        told["monitors.desk-watch"]["service"] == "desk"
        and told["monitors.desk-watch"]["drift"]["window"] == 160
    )

    done = cli("model", "suggest", "-f", str(pond), "-o", str(pond / "better.yaml"))
    assert (
        done.returncode == 0
        and "better.yaml has them all" in done.stdout
        and "1. datasets.mail.fields.contact.private: pseudonymise" in done.stdout
    ), done.stdout + done.stderr
    better = (pond / "better.yaml").read_text()
    assert (
        "      sex: {type: category}  # of the writer\n" in better
        and "      contact: {type: text, private: pseudonymise}\n" in better
    )
    assert set(text.splitlines()) - set(better.splitlines()) == {
        line
        for line in text.splitlines()
        if "contact:" in line or line.startswith(("  judge:", "  desk:"))
    }
    spec = read_text(better, pond / "better.yaml", {}).eco
    assert (
        spec.monitors["desk-watch"].on_drift == ("alert", "retrain")
        and spec.services["desk"].abstain == 0.1
    )
    again = cli("model", "suggest", "-f", str(pond / "better.yaml"), "--json")
    assert not set(told) & set(named(json.loads(again.stdout)["proposals"])), (
        "what is done is not proposed again"
    )
    refused = cli("model", "suggest", "-f", str(pond), "-o", str(pond / "better.yaml"))
    assert refused.returncode == 1 and "exists already" in refused.stderr


def test_a_monitor_that_looks_at_too_much_or_does_too_little_is_told(pond: Path) -> None:
    eco = open_ecosystem(pond)
    now = eco.catalog.clock()
    eco.catalog.log(
        [
            {
                "id": f"p{i}",
                "service": "desk",
                "version": "judge-v1",
                "input": {},
                "output": {"label": "a"},
                "ms": 1.0,
                "at": now - 86400 * (6 - i / 7),
            }
            for i in range(35)
        ]
    )
    for remedy in ("nothing", "nothing", "nothing", "retrain"):
        eco.catalog.alert(
            "watch", "desk", "drift", "inputs drifted", {"verdict": {"remedy": remedy}}
        )
        eco.catalog.clear("watch", "over")
    told = named(suggest_changes(eco.spec, eco.catalog))
    assert (
        told["monitors.watch.drift.window"] == 35
        and told["monitors.watch.drift.false_alarms"] == "1/year"
        and told["monitors.watch.on_drift"] == ["alert", "retrain"]
    )


LAYOUT = """grammar: 2   # first
ecosystem: pond

models:
  # the judge
  judge:
    base: minilm    # small
    fine_tune: frozen
    require:
      auc: ">= 0.5"

    features:
      - text
      - amount
  other: {base: x, features: ["yes", b]}

world: {places: {}}
"""


@pytest.mark.parametrize(
    ("path", "value", "lines"),
    [
        ("models.judge.base", "bert", ["    base: bert    # small"]),
        ("models.judge.fine_tune.method", "lora", ["    fine_tune: {method: lora}"]),
        ("models.judge.require.auc", ">= 0.8", ['      auc: ">= 0.8"']),
        ("models.judge.require.accuracy", ">= 0.9", ['      accuracy: ">= 0.9"']),
        ("models.judge.features", ["text"], ["    features: [text]"]),
        ("models.judge.fairness.groups", ["sex"], ["    fairness: {groups: [sex]}"]),
        (
            "models.other.require.auc",
            ">= 0.8",
            ['  other: {base: x, features: ["yes", b], require: {auc: ">= 0.8"}}'],
        ),
        ("models.third", {"base": "x"}, ["  third: {base: x}"]),
        ("monitors.w.service", "desk", ["monitors: {w: {service: desk}}"]),
        ("world.style", "an alpine valley", ['world: {places: {}, style: "an alpine valley"}']),
    ],
)
def test_one_setting_is_put_and_nothing_else_moves(path: str, value: Any, lines: list[str]) -> None:
    made = set_value(LAYOUT, "f.yaml", tuple(path.split(".")), value)
    assert [line for line in made.splitlines() if line not in LAYOUT.splitlines()] == lines
    here: Any = to_plain_data(load_tree(made, "f.yaml"))
    for step in path.split("."):
        here = here[step]
    assert here == value


def test_changes_one_upon_another(pond: Path) -> None:
    text = apply_changes(
        SMALL,
        "f.yaml",
        [
            {"at": "services.desk.abstain", "would": 0.1},
            {"at": "services.desk.rollout", "would": {"strategy": "canary"}},
            {"at": "monitors.watch.drift.window", "would": 50},
        ],
    )
    spec = read_text(text, pond / "ecosystem.yaml", {}).eco
    assert (
        spec.services["desk"].abstain == 0.1
        and spec.services["desk"].rollout.method == "canary"
        and spec.monitors["watch"].drift
        and spec.monitors["watch"].drift.window == 50
    )
