"""Alerts and diagnoses in both languages: stored in English with their ids, the values of rows
withheld in either.
"""

from __future__ import annotations

import json

from mesocosm.core.confidential.row_values import plain, plain_all, withheld
from mesocosm.monitoring.alert_closing import Evidence as Since
from mesocosm.monitoring.alert_closing import next_state
from mesocosm.monitoring.alert_message import alert_text, render_alert, with_message
from mesocosm.monitoring.diagnosis import Evidence, diagnose
from mesocosm.monitoring.drift.category_changes import find_unseen
from mesocosm.monitoring.drift.sentences import describe_drift
from mesocosm.monitoring.drift.source_changes import find_missing
from mesocosm.monitoring.labels.accuracy_test import Labelled
from mesocosm.monitoring.request_stream import RequestStream

FOUND = [{"feature": "age", "p": 1e-9, "median_before": 40.0, "median_now": 52.5}]
TRAINING = {
    "city": {"counts": {"Bonn": 300, "Mainz": 200}, "missing": 0.01, "rows": 500},
    "age": {"numbers": list(range(100)), "missing": 0.0, "rows": 500},
}


def test_a_drift_is_described_in_both_languages() -> None:
    change = find_missing("age", TRAINING["age"], [None] * 30 + [1] * 70, 1e-4)
    unseen = find_unseen("city", TRAINING, ["Trier"] * 50 + ["Bonn"] * 50, 1e-4)
    assert change and unseen
    diagnosis = diagnose(Evidence(found=FOUND, changes=[change, unseen]))
    part = {"field": "branch", "value": "Ulm", "rows": 40, "of": 100}
    stream = RequestStream("drill", 0.0)
    message = describe_drift("desk", stream.prefix, FOUND, [change, unseen], 100, part, diagnosis)
    assert plain(str(message)) == (
        "drill: inputs of desk drifted in age, city (p "
        f"{min(change.p, unseen.p, 1e-9):.1e} over 100 rows, median 40 -> 52.5), only where branch"
        " is 'Ulm' (40 of 100 rows): age is missing in 30 of 100 rows (0.0% in training); also city"
        " has values unseen in training, in 50 of 100 rows: 'Trier' (50); 'Mainz' no longer occur;"
        " remedy: fix the source"
    )
    assert plain(message.render("zh")).endswith(
        "，仅限 branch 为 'Ulm' 的行（100 行中的 40 行）：age 在 100 行中有 30 行缺失（训练时为"
        " 0.0%）；此外，city 在 100 行中的 50 行取训练时未出现的值：'Trier' (50)；'Mainz' 不再出现；"
        "补救：修复数据源"
    )
    for language in ("en", "zh"):
        shown = withheld(message.render(language))
        assert "Ulm" not in shown and "Trier" not in shown and "Mainz" not in shown
    kept = json.loads(json.dumps(with_message({"rows": 100}, message)))
    alert = {"message": str(message), "detail": kept}
    assert render_alert(alert, "en") == str(message)
    assert render_alert(alert, "zh") == message.render("zh")
    shown = plain_all(alert)
    assert render_alert(shown, "zh") == plain(message.render("zh"))
    assert str(alert_text(alert)) == str(message)
    assert alert_text({"message": "as stored", "detail": None}) == "as stored"


def test_a_diagnosis_is_kept_in_english() -> None:
    unit = diagnose(Evidence(found=FOUND, lost=0.05, tolerance=0.02))
    assert unit.to_json()["why"] == (
        "covariate shift (age); estimated accuracy loss 0.050, from the predicted probabilities"
    )
    assert str(unit.remedy_name) == unit.remedy == "label rows"
    labels = diagnose(Evidence(weights={"good": 0.5, "bad": 2.0}, lost=0.0))
    assert str(labels.why) == (
        "label shift: class frequencies changed (good 0.50, bad 2.00 times the training frequency),"
        " and rows of each class look as before"
    )
    labelled = Labelled(rows=40, right=20, expected=36.4, p=1e-6, of=100, near=2.5)
    worse = diagnose(Evidence(labelled=labelled))
    assert str(worse.why) == (
        "concept drift: 20 of the newest 40 (of 100) labelled predictions were within 2.5 of the"
        " label (36 expected)"
    )
    assert worse.kind == "concept" and json.dumps(worse.to_json())


def test_why_an_alert_stays_or_closes_is_a_message() -> None:
    detail = {"by": "refusals", "rows": 60, "share": 0.5}
    state = next_state(detail, Since(refused=(0, 60)))
    assert not state.open
    assert str(state.why) == "0 of the last 60 rows were rejected, 50% when it was raised"
    replaced = next_state({"by": "labels", "version": "v1"}, Since(version="v2"))
    assert not replaced.open and str(replaced.why) == "v2 replaced v1"
    waiting = next_state(detail, Since(refused=(1, 9)))
    assert waiting.open and str(waiting.why) == "9 of 60 rows received since"
