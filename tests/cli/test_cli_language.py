"""The command line in Chinese: help, what `check` finds, `plan` and `status`, by `--lang zh` and by
the environment; English stays as it was, and JSON is English with ids.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, small_rows

from mesocosm.cli.views.columns import measure
from mesocosm.cli.views.plan import format_plan
from mesocosm.cli.views.report import format_dataset, format_health, format_model
from mesocosm.cli.views.status import format_status
from mesocosm.core.messages import Message
from mesocosm.core.messages.language import writing_in
from mesocosm.monitoring.alert_message import render_alert, with_message

Run = Callable[..., subprocess.CompletedProcess[str]]
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "ecosystem.yaml").write_text(SMALL)
    (tmp_path / "notes.csv").write_text(small_rows())
    return tmp_path


def fresh(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, where Typer was not imported before."""
    code = "from mesocosm.cli.app import run; run()"
    plain = {k: v for k, v in os.environ.items() if k not in ("LANGUAGE", "LC_ALL", "LC_MESSAGES")}
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        env=plain | {"COLUMNS": "100"} | env,
    )


@pytest.mark.parametrize("columns", ["80", "100"])
@pytest.mark.parametrize("words", [(), ("data",), ("test",), ("up",), ("check",)])
def test_no_help_is_cut(words: tuple[str, ...], columns: str) -> None:
    """A line of Chinese goes on below, where it is longer than a column."""
    shown = fresh(*words, "--help", "--lang", "zh", COLUMNS=columns).stdout
    assert "…" not in shown
    assert {measure(line) for line in shown.splitlines() if line} == {int(columns)}


def test_a_line_begins_with_no_closing_mark() -> None:
    for columns in range(50, 90, 4):
        shown = fresh("up", "--help", "--lang", "zh", COLUMNS=str(columns)).stdout
        assert not re.search(r"^[│ ]*[，。；：、）]", shown, re.M)


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (("plan", "--help", "--lang", "zh"), {}),
        (("--lang=zh", "plan", "--help"), {"LANG": "en_US.UTF-8"}),
        (("plan", "--help"), {"LANG": "zh_CN.UTF-8"}),
        (("plan", "--help"), {"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}),
    ],
)
def test_help_is_chinese(words: tuple[str, ...], env: dict[str, str]) -> None:
    shown = fresh(*words, **env).stdout
    for text in (
        "显示构建会做什么，以及原因。",
        "选项",
        "以 JSON 输出结果。",
        "显示本说明并退出。",
    ):
        assert text in shown
    assert "Show what" not in shown and "Options" not in shown


def test_help_lists_every_command_in_chinese() -> None:
    shown = fresh("--help", LANG="zh_CN.UTF-8").stdout
    assert "命令" in shown and "执行计划；未变化的部分保持不动。" in shown
    assert "数据集的版本、隐私与血缘。" in shown and "Apply the plan" not in shown
    assert "解密某个键对应行的 FIELD" in fresh("--lang", "zh", "data", "reveal", "--help").stdout


def test_help_stays_english() -> None:
    for env in ({"LANG": "en_US.UTF-8"}, {"LANG": "C"}, {"LANG": "fr_FR.UTF-8"}):
        shown = fresh("plan", "--help", **env).stdout
        assert "Show what a build would do, and why." in shown and not CHINESE.search(shown)
    shown = fresh("plan", "--help", "--lang", "en", LANG="zh_CN.UTF-8").stdout
    assert "Show what a build would do, and why." in shown and not CHINESE.search(shown)


def test_an_unknown_language_is_refused() -> None:
    done = fresh("plan", "--lang", "fr")
    assert done.returncode == 2
    assert done.stderr == "--lang: unknown language 'fr'; expected en or zh\n"


def test_wrong_usage_is_chinese() -> None:
    done = fresh("plam", "--lang", "zh")
    assert done.returncode == 2 and "没有名为 'plam' 的命令" in done.stderr


def test_findings_are_chinese_and_json_has_ids(home: Path, cli: Run) -> None:
    text = SMALL.replace("dataset: mail", "dataset: male").replace("window: 40", "windo: 40")
    assert text.count("male") == text.count("windo:") == 1
    (home / "ecosystem.yaml").write_text(text)
    done = cli("--lang", "zh", "check", "-f", str(home))
    assert done.returncode == 2
    assert "没有名为 'male' 的数据集。" in done.stderr and "您是否想写 'mail'？" in done.stderr
    assert "monitors.watch.drift.windo：此处没有键 'windo'。可选值：" in done.stderr
    assert not re.search(r"is missing|expected|Choices|Did you mean", done.stderr)
    english = cli("check", "-f", str(home), env=os.environ | {"LANG": "C"})
    assert "no dataset is named 'male'. Choices: mail. Did you mean 'mail'?" in english.stderr
    shown = json.loads(cli("check", "-f", str(home), "--json", "--lang", "zh").stdout)
    (finding,) = [f for f in shown["findings"] if f["id"] == "config.no_such_name"]
    assert finding["found"] == "no dataset is named 'male'" and finding["text"] in english.stderr
    assert finding["params"] == {
        "kinds": {"id": "config.section.dataset", "params": {}},
        "word": "male",
    }


def test_a_file_that_is_missing_or_no_yaml_is_said_in_chinese(home: Path, cli: Run) -> None:
    done = cli("check", "-f", str(home / "nowhere.yaml"), "--lang", "zh")
    assert (
        "文件不存在；应为：ecosystem.yaml 这样的文件，或包含它的目录（现有 ecosystem.yaml）。"
        in (done.stderr)
    )
    (home / "ecosystem.yaml").write_text("grammar: 2\n\tecosystem: x\n")
    done = cli("check", "-f", str(home), "--lang", "zh")
    assert "ecosystem.yaml:2:1  缩进使用了制表符；应为：空格。" in done.stderr


def test_a_failure_is_chinese_and_its_json_english(home: Path, cli: Run) -> None:
    done = cli("--lang", "zh", "explain", "last", "-f", str(home))
    assert done.returncode == 1
    assert done.stderr == "还没有请求，因此没有最近一次预测；可用 'mesocosm predict' 发起一次\n"
    shown = json.loads(cli("--lang", "zh", "explain", "last", "--json", "-f", str(home)).stdout)
    assert shown["id"] == "cli.no_last_prediction" and shown["params"] == {}
    assert shown["error"].startswith("no requests yet, so there is no last prediction")


def test_plan_and_status_are_chinese(home: Path, cli: Run) -> None:
    plan = cli("plan", "-f", str(home), env=os.environ | {"LANG": "zh_CN.UTF-8"}).stdout
    assert "+ datasets.mail" in plan and "创建：文件中新增（ecosystem.yaml:" in plan
    assert re.search(r"创建 \d+ 项。$", plan.strip()) and "to create" not in plan
    assert "有效：1 个数据源、1 个数据集" in cli("--lang", "zh", "check", "-f", str(home)).stdout
    status = cli("status", "--lang", "zh", "-f", str(home)).stdout
    assert "未运行" in status and "未部署，0 次请求" in status and "没有未关闭的告警" in status
    data = json.loads(cli("plan", "--json", "--lang", "zh", "-f", str(home)).stdout)
    first = data["changes"][0]
    assert first["because"] == [first["reasons"][0]["text"]]
    assert first["reasons"][0]["id"] == "lifecycle.new_in_file" and first["action"] == "create"


def test_a_setting_that_changed_is_a_reason_in_both_languages(home: Path) -> None:
    reason = Message("lifecycle.setting_changed", key="seed", old="1", new="2", place="e.yaml:3")
    assert str(reason) == "seed was 1 and is 2 (e.yaml:3)"
    change = {
        "address": "models.judge",
        "sign": "±",
        "action": "rebuild",
        "reasons": [reason.as_json() | {"text": str(reason)}, {"text": "by hand"}],
        "warnings": ["few rows"],
    }
    data = {"changes": [change], "compared_at_build": ["a", "b"], "questions": [{"text": "q"}]}
    assert format_plan(data).splitlines() == [
        "± models.judge  rebuild: seed was 1 and is 2 (e.yaml:3); by hand",
        "  warning: few rows",
        "New rows of a, b are compared with the last snapshot during the build.",
        "? q",
        "1 to rebuild.",
    ]
    with writing_in("zh"):
        assert format_plan(data).splitlines() == [
            "± models.judge  重建：seed 由 1 改为 2（e.yaml:3）；手动",
            "  警告：few rows",
            "a、b 的新数据将在构建时与上一个快照比较。",
            "? q",
            "重建 1 项。",
        ]


def state(**more: Any) -> dict[str, Any]:
    rollout = {
        "version": "judge-v2",
        "strategy": "canary",
        "step": 0,
        "why": "by hand",
        "detail": {
            "share": 10,
            "steps": 3,
            "difference": 0.01,
            "p": 0.5,
            "new": {"requests": 9, "errors": 0, "p95_ms": 4.2, "judged": 5, "right": 4},
        },
    }
    service = {"runs": "judge-v1", "answered": 1, "rollout": rollout}
    return {
        "ecosystem": "pond",
        "running": True,
        "url": "http://x",
        "services": {"desk": service},
        "watched": ["watch"],
        "monitors": {"watch": {"window": 80, "waiting": 3, "trouble": "t"}},
        "alerts": [],
        "work": [{"address": "models.judge", "lines": ["epoch 2"]}],
    } | more


def test_status_says_the_same_in_both_languages() -> None:
    drifted = Message(
        "monitoring.metric_anomaly", metric="p95_ms", service="desk", value=90.0, before=9.0
    )
    alert = {"monitor": "watch", "message": str(drifted), "id": "a-1", "text": drifted.as_json()}
    data = state(alerts=[alert, {"monitor": "watch", "message": "as stored", "id": "a-2"}])
    assert format_status(data).splitlines() == [
        "pond is up at http://x",
        "  desk: judge-v1, 1 request",
        "    canary: judge-v2 gets 10 % of the requests, step 1 of 3; 9 requests, 0 errors, p95 4"
        " ms, 4 of 5 correct (difference +0.010, p 0.5). by hand",
        "  alert of watch: anomaly: p95_ms of desk is 90 (usually 9) [a-1]",
        "  alert of watch: as stored [a-2]",
        "  watch: 3 of 80 rows of the next window collected; trouble: t",
        "  models.judge is being built: epoch 2",
    ]
    with writing_in("zh"):
        assert format_status(data).splitlines() == [
            "pond 运行于 http://x",
            "  desk：judge-v1，1 次请求",
            "    canary：judge-v2 接收 10 % 的请求，第 1 / 3 步；9 次请求，0 个错误，p95 4 ms，5 个有"
            "标签的预测中 4 个正确（差异 +0.010，p 0.5）。手动",
            "  watch 的告警：异常：desk 的 p95_ms 为 90（通常为 9） [a-1]",
            "  watch 的告警：as stored [a-2]",
            "  watch：下一窗口已收集 3 / 80 行；故障：t",
            "  正在构建 models.judge：epoch 2",
        ]
    unknown = {"detail": {"text": {"id": "monitoring.of_another_release"}}, "message": "as stored"}
    assert render_alert(unknown, "zh") == "as stored"
    kept = {"detail": with_message({"rows": 3}, drifted), "message": str(drifted)}
    assert kept["detail"]["rows"] == 3
    assert render_alert(kept, "zh") == "异常：desk 的 p95_ms 为 90（通常为 9）"


def test_the_report_is_written_in_both_languages() -> None:
    apdex = Message(
        "reports.apdex", requests=Message("reports.requests_of_days", days=30.0), goal=100.0
    )
    advice = Message("reports.no_gates", name="judge")
    health = {
        "parts": {
            "experience": {
                "score": 0.5,
                "moved": -0.1,
                "says": str(apdex),
                "message": apdex.as_json(),
            },
            "stability": {"score": None, "moved": None, "says": "as stored"},
        },
        "next": [str(advice), "as stored"],
        "recommendations": [
            {"page": "models", "text": str(advice), **advice.as_json()},
            {"page": "models", "text": "as stored"},
        ],
    }
    assert format_health(health).splitlines() == [
        "experience      0.500 (-0.100) Apdex (requests of 30 days): requests within the latency"
        " goal (100 ms where none is set), half for those within four times as long",
        "stability           -          as stored",
        "",
        "Recommendations:",
        "  1. 'judge' has no gates: 'require' in the file",
        "  2. as stored",
    ]
    with writing_in("zh"):
        shown = format_health(health).splitlines()
        assert shown[0].startswith(
            "体验            0.500 (-0.100) Apdex（30 天内的请求）：在延迟目标内"
        )
        assert shown[3:] == [
            "建议：",
            "  1. 'judge' 没有门槛：在文件中设置 'require'",
            "  2. as stored",
        ]


def test_datasets_and_models_of_a_report_in_both_languages() -> None:
    dataset = {
        "account": {"in": 9, "kept": 8, "quarantined": 1, "duplicates": 0},
        "report": {
            "quality": 0.9,
            "reasons": {},
            "before": {"age": {"missing": 2, "mean": 3.5, "sd": 1.0}},
            "after": {"age": {"missing": 0, "mean": 3.5, "sd": 1.0}},
            "treated": {},
            "left_out": ["x"],
            "mended": {"age": 2},
            "warned": {"few rows": 3},
        },
    }
    table = "  field                    missing  unreadable imputed outliers                  mean"
    assert format_dataset("people", dataset).splitlines()[1].startswith(table)
    assert format_dataset("people", dataset).splitlines()[3:] == [
        "  repaired: 2 in age",
        "  warning: few rows (3 rows)",
        "  columns left out: x",
    ]
    version = {
        "id": "judge-v1",
        "state": "champion",
        "why": "by hand",
        "snapshot": "people@0",
        "recipe": {"method": "frozen", "base": None, "head": "linear", "precision": "float32"},
        "metrics": {
            "rows": 30,
            "accuracy": 0.9,
            "interval": {"accuracy": [0.8, 0.95]},
            "baselines": {"majority": {"accuracy": 0.6}},
            "slices": [{"where": "age > 3", "accuracy": 0.5, "rows": 9}],
            "warnings": ["few rows"],
        },
    }
    assert format_model("judge", version).splitlines() == [
        "judge: judge-v1 (champion: by hand)",
        "  frozen no base model, linear head, float32; trained on people@0",
        "  warning: few rows",
        "  on 30 held-out rows (95 % intervals):",
        "    accuracy               0.9 [0.800, 0.950]     (baselines: majority 0.600)",
        "    weak where age > 3: accuracy 0.500 on 9 rows",
    ]
    with writing_in("zh"):
        assert format_dataset("people", dataset).splitlines()[3:] == [
            "  已修复：age 中 2 处",
            "  警告：few rows（3 行）",
            "  未使用的列：x",
        ]
        shown = format_model("judge", version).splitlines()
        assert shown[1] == "  无基座模型（frozen），linear 预测头，float32；训练数据 people@0"
        assert shown[3] == "  在 30 行留出数据上（95 % 置信区间）："
        assert shown[-1] == "    薄弱切片 age > 3：准确率 0.500（9 行）"
