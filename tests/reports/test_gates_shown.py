"""The metric that a gate bounds leads the report, with the bound and whether it is passed."""

from typing import Any, cast

import pytest

from mesocosm.cli.views.report import format_model
from mesocosm.core.messages.language import writing_in
from mesocosm.learning.evaluation.metrics import list_gates
from mesocosm.learning.tasks.registry import shown_metrics
from mesocosm.reports.page.model_section import render_model
from mesocosm.reports.report_data import ModelData

METRICS: dict[str, Any] = {
    "rows": 186,
    "accuracy": 0.72,
    "macro_f1": 0.62,
    "auc": 0.7588,
    "interval": {"auc": [0.682, 0.819]},
    "baselines": {"majority": {"auc": 0.5}},
    "classes": {},
}


def report(**require: str) -> ModelData:
    recipe = {"method": "frozen", "base": None, "head": "linear", "precision": "fp32"}
    return cast(
        "ModelData",
        {
            "id": "risk-v1",
            "state": "refused",
            "why": "auc is 0.7588, required: >= 0.95",
            "metrics": METRICS,
            "recipe": recipe | {"rows": {"train": 700}, "settings": {}, "inputs": [], "labels": []},
            "snapshot": "credit@1",
            "at": 0.0,
            "gates": list_gates(require, METRICS),
        },
    )


def test_gates_are_listed_as_passed_missed_or_not_measured() -> None:
    gates = list_gates({"auc": ">= 0.95", "accuracy": ">= 0.7", "r2": ">= 0"}, METRICS)
    assert [(g["metric"], g["value"], g["passed"]) for g in gates] == [
        ("auc", 0.7588, False),
        ("accuracy", 0.72, True),
        ("r2", None, False),
    ]


@pytest.mark.parametrize(
    ("language", "missed"), [("en", "gate >= 0.95: missed"), ("zh", "门槛 >= 0.95：未达到")]
)
def test_the_metric_of_the_gate_comes_first_in_text(language: str, missed: str) -> None:
    with writing_in(language):
        lines = format_model("risk", report(auc=">= 0.95")).splitlines()
    figures = [line for line in lines if line.startswith("    ")]
    assert figures[0].split()[0] == "auc" and missed in figures[0]
    assert figures[1].split()[0] == "accuracy" and ">=" not in figures[1]
    assert shown_metrics(METRICS) == ["accuracy", "macro_f1", "auc"]


def test_the_page_leads_with_the_gate_or_else_with_the_leading_metric() -> None:
    assert "auc (gate &gt;= 0.95 missed)" in render_model("risk", report(auc=">= 0.95"))
    assert "auc (gate &gt;= 0.7 passed)" in render_model("risk", report(auc=">= 0.7"))
    assert "(gate" not in render_model("risk", report())
