"""The architect: a goal in words, English or Chinese, becomes a file that passes `check` and
builds, with its reasons and its doubts.
"""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.assistant.architect import architect
from mesocosm.assistant.draft_text import format_draft
from mesocosm.config.loader import read_text
from mesocosm.data.profiling.goal.spelling import name_source

pytestmark = pytest.mark.slow


def write(path: Path, head: list[str], rows: list[list[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([head, *rows])
    return path


def loans(home: Path, rows: int = 160) -> Path:
    draw = random.Random(6)
    found = []
    for i in range(rows):
        income, age = draw.randrange(900, 6000), draw.randrange(19, 80)
        bad = draw.random() < (0.75 if income < 2000 else 0.08)
        found.append(
            [
                f"L-{i:05d}",
                f"mail{i}@example.org",
                income,
                age,
                draw.choice(["m", "f"]),
                draw.choice(["car", "kitchen", "travel"]),
                "EU",
                "written off" if bad else "settled",
                "late" if bad else "on time",
            ]
        )
    return write(
        home / "loans.csv",
        ["loan", "email", "income", "age", "sex", "purpose", "region", "closing", "repaid"],
        found,
    )


def test_a_goal_becomes_a_file_that_builds(tmp_path: Path, cli: Any) -> None:
    loans(tmp_path)
    done = cli(
        "draft",
        "loans.csv",
        "--goal",
        "predict which loans are repaid late",
        "-o",
        "ecosystem.yaml",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    text = (tmp_path / "ecosystem.yaml").read_text()
    spec = read_text(text, tmp_path / "ecosystem.yaml", {}).eco
    model = spec.models["loans-model"]
    assert model.target == "repaid" and set(model.features) == {
        "income",
        "age",
        "sex",
        "purpose",
    }, "no key, no mail, nothing that is the same everywhere, nothing known only afterwards"
    assert (
        spec.datasets["loans-data"].fields["email"].private
        and model.fairness
        and set(model.fairness.groups) == {"sex", "age"}
    )
    assert (
        "'closing' is left out: it tells 'repaid' by itself" in text.replace("\n    # ", " ")
        and "# CHOOSE: 'closing' tells" in text
        and "# CHOOSE: 'fairness.positive'" in text
    )
    done = cli("build", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    version = open_ecosystem(tmp_path).catalog.versions("loans-model")[0]
    assert version["state"] == "champion" and version["metrics"]["auc"] > 0.7


@pytest.mark.parametrize(
    ("goal", "target", "kind"),
    [
        ("predict which loans are repaid late", "repaid", "classes"),
        ("how much does somebody earn: estimate the income", "income", "number"),
        ("what is the loan for, its purpose", "purpose", "classes"),
        ("预测 income 多少", "income", "number"),
    ],
)
def test_the_goal_picks_the_field(tmp_path: Path, goal: str, target: str, kind: str) -> None:
    said = architect(tmp_path, [loans(tmp_path)], goal)
    assert (said["aim"]["target"], said["aim"]["kind"]) == (target, kind), said["aim"]["why"]
    read_text(format_draft(said), tmp_path / "ecosystem.yaml", {})


def test_chinese_goals_meet_chinese_and_english_columns(tmp_path: Path) -> None:
    draw = random.Random(2)
    rows = [
        [
            draw.random(),
            draw.choice(["是", "否"]),
            "这是一条比较长的中文评论,编号" + str(i),
            draw.choice(["正面", "负面"]),
        ]
        for i in range(80)
    ]
    said = architect(
        tmp_path,
        [write(tmp_path / "评论.csv", ["分数", "回复", "内容", "情感"], rows)],
        "判断评论的情感",
    )
    watch = f"{name_source('评论', 1)}-watch"
    assert said["aim"]["target"] == "情感"
    assert said["parts"]["monitors"][watch]["surge"] == {"label": "负面"}
    assert [m["base"] for m in said["parts"]["models"].values()] == ["e5"]
    headlines = architect(
        ROOT / "examples" / "newsroom",
        [ROOT / "examples" / "newsroom" / "data" / "headlines.csv"],
        "判断标题的情绪",
    )
    assert headlines["aim"]["target"] == "mood" and "as: market" in format_draft(headlines)


def test_a_goal_that_fits_two_fields_is_asked_and_one_that_fits_none_is_refused(
    tmp_path: Path, cli: Any
) -> None:
    draw = random.Random(1)
    path = write(
        tmp_path / "t.csv",
        ["x", "risk_now", "risk_later"],
        [[draw.random(), draw.choice("ab"), draw.choice("cd")] for _ in range(60)],
    )
    assert any(
        "'target' may also be" in one
        for one in architect(tmp_path, [path], "tell the risks")["choose"]
    )
    done = cli(
        "draft", "t.csv", "--goal", "predict the weather", "-o", "ecosystem.yaml", cwd=tmp_path
    )
    said = done.stdout + done.stderr
    assert (
        done.returncode != 0
        and "no column fits the goal; the nearest are" in said
        and "risk_later" in said
        and "Traceback" not in said
        and not (tmp_path / "ecosystem.yaml").exists()
    )
    assert (
        architect(tmp_path, [path], "predict the weather", target="risk_now")["aim"]["target"]
        == "risk_now"
    )


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([["a"], ["a"], ["a"]], "no column of the file can be predicted"),
        ([["a"], ["b"], ["a"], ["b"], ["a"], ["b"]], "nothing is left to predict"),
    ],
)
def test_what_cannot_be_predicted_is_said_and_nothing_is_written(
    tmp_path: Path, cli: Any, rows: list[list[str]], sentence: str
) -> None:
    write(tmp_path / "t.csv", ["only"], rows)
    done = cli("draft", "t.csv", "--goal", "predict only", "-o", "ecosystem.yaml", cwd=tmp_path)
    assert (
        done.returncode != 0
        and sentence in done.stdout + done.stderr
        and "Traceback" not in done.stderr
    )
    assert not (tmp_path / "ecosystem.yaml").exists()


def test_the_draft_as_json_has_its_reasons(tmp_path: Path, cli: Any) -> None:
    loans(tmp_path)
    said = json.loads(
        cli(
            "draft",
            "loans.csv",
            "--goal",
            "predict which loans are repaid late",
            "--json",
            cwd=tmp_path,
        ).stdout
    )
    assert (
        said["parts"]["models"]["loans-model"]["target"] == "repaid"
        and "fine_tune" in said["reasons"]
        and said["choose"]
    )


def three_tables(home: Path) -> list[Path]:
    """Loans with their borrowers' table and the bureau's, a table of many rows a borrower, and one
    that has nothing to do with them.
    """
    draw = random.Random(8)
    people = [[f"P{i:03d}", draw.randrange(19, 80), draw.choice(["m", "f"])] for i in range(150)]
    income = {p[0]: draw.randrange(900, 6000) for p in people}
    bureau = [[p[0], income[p[0]], draw.choice(["none", "one", "some"])] for p in people[:140]]
    of = [draw.choice(people)[0] for _ in range(600)]
    late = [draw.random() < (0.8 if income[p] < 2000 else 0.05) for p in of]
    return [
        write(home / "people.csv", ["person", "age", "sex"], people),
        write(home / "bureau.csv", ["person", "income", "debts"], bureau),
        write(
            home / "loans.csv",
            ["loan", "person", "months", "repaid"],
            [
                [f"L{i:04d}", p, draw.randrange(6, 60), "late" if bad else "on time"]
                for i, (p, bad) in enumerate(zip(of, late, strict=True))
            ],
        ),
        write(
            home / "payments.csv",
            ["person", "paid"],
            [[p[0], draw.randrange(10, 99)] for p in people for _ in range(3)],
        ),
        write(home / "weather.csv", ["town", "rain"], [["Ulm", 3], ["Bonn", 4]]),
    ]


def test_several_files_are_joined_around_the_one_that_the_goal_means(
    tmp_path: Path, cli: Any
) -> None:
    names = [path.name for path in three_tables(tmp_path)]
    done = cli(
        "draft",
        *names,
        "--goal",
        "predict which loans are repaid late",
        "-o",
        "ecosystem.yaml",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    text = (tmp_path / "ecosystem.yaml").read_text()
    spec = read_text(text, tmp_path / "ecosystem.yaml", {}).eco
    assert (
        spec.datasets["loans-data"].source.join
        == ("loans-source", "people-source", "bureau-source")
        and spec.datasets["loans-data"].source.on == "person"
    )
    assert set(spec.sources) == {"loans-source", "people-source", "bureau-source"} and {
        "income",
        "debts",
        "age",
        "sex",
        "months",
    } <= set(spec.models["loans-model"].features)
    flat = " ".join(line.strip().lstrip("# ") for line in text.splitlines())
    assert (
        "payments is left out: it has 3.0 rows for each 'person'" in flat
        and "weather is left out: it shares no column" in flat
        and "is in bureau-source, where each row has its own" in flat
    )
    done = cli("build", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    version = open_ecosystem(tmp_path).catalog.versions("loans-model")[0]
    assert version["metrics"]["auc"] > 0.75, (
        "the bureau's income tells"
    )  # of 240 loans ten late ones were held out: too few to tell


def test_files_of_the_same_columns_stand_below_each_other(tmp_path: Path) -> None:
    loans(tmp_path)
    (tmp_path / "more.csv").write_bytes((tmp_path / "loans.csv").read_bytes())
    said = architect(
        tmp_path,
        [tmp_path / "loans.csv", tmp_path / "more.csv"],
        "predict which loans are repaid late",
    )
    assert said["from"] == {"union": ["loans-source", "more-source"]} and said["aim"]["rows"] == 320


def test_one_file_is_drafted_as_itself_and_its_answer_is_not_made_from_what_tells_it(
    tmp_path: Path,
) -> None:
    draw = random.Random(5)
    table = [
        [
            k,
            f"town {k % 12}",
            f"post {k % 12}",
            f"note {draw.random():.6f}",
            "late" if k % 12 < 4 else "on time",
        ]
        for k in range(240)
    ]
    write(tmp_path / "loans.csv", ["loan", "town", "post", "note", "repaid"], table)
    said = architect(tmp_path, [tmp_path / "loans.csv"], "predict which loans are repaid late")
    assert said["from"] == "loans-source" and "from" not in said["evidence"]
    assert "repairs" not in said["dataset"] and not any(
        "repaid" in p["line"] for p in said["proposals"]
    ), "nothing is mended unasked, and never what is predicted"


def test_fields_are_drafted_of_a_join(tmp_path: Path, cli: Any) -> None:
    three_tables(tmp_path)
    (tmp_path / "ecosystem.yaml").write_text(
        "grammar: 1\necosystem: two\nsources:\n  loans: {type: csv, path: loans.csv}\n  people:"
        " {type: csv, path: people.csv}\ndatasets:\n  both: {from: {join: [loans, people], on:"
        " person}, fields: auto}\n"
    )
    done = cli("build", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    kept = open_ecosystem(tmp_path).catalog.snapshot(dataset="both")
    assert kept and {"loan", "person", "months", "repaid", "age", "sex"} == set(
        kept["recipe"]["fields"]
    )


@pytest.mark.parametrize(
    ("change", "became"),
    [
        (
            lambda d: (
                f"Here it is:\n```yaml\n{d.replace('>= 0.55', '>= 0.65')}```\nI hope it helps."
            ),
            "tiny changed 2 lines",
        ),
        (lambda d: d, "changed nothing"),
        (lambda d: "I cannot do that.", "does not pass the check"),
        (
            lambda d: d.replace("loans-model:\n", "loans-model:\n    colour: red\n"),
            "does not pass the check",
        ),
        (lambda d: d.replace("loans.csv", "/etc/passwd"), "leaves the project's folder"),
        (
            lambda d: (
                d.replace("private: ", "private_: ", 1)
                if "private_" in d
                else d.replace(", private: pseudonymise", "").replace(", private: mask", "")
            ),
            "private",
        ),
        (lambda d: d.replace("target: repaid", "target: purpose"), "predicts"),
        (
            lambda d: (
                d.replace("features: [", "features: [closing, ")
                if "closing:" in d
                else d + "\nmodels: {}"
            ),
            "unchanged",
        ),
        (
            lambda d: d.replace("      age:", "      again: {type: text}\n      age:"),
            "it added the field 'again'",
        ),
        (
            lambda d: d.replace(
                "datasets:\n", "datasets:\n  more-data:\n    from: loans-source\n    fields: auto\n"
            ),
            "it added a dataset",
        ),
        (lambda d: d + "language: {endpoint: 'http://evil.example/v1', model: m}\n", "addresses"),
    ],
)
def test_a_language_model_may_improve_a_draft_within_bounds(
    tmp_path: Path, model: Any, monkeypatch: pytest.MonkeyPatch, cli: Any, change: Any, became: str
) -> None:
    loans(tmp_path)
    monkeypatch.setenv("MESOCOSM_LANGUAGE_KEY", "sesame-9")
    model.says = lambda asked: (200, change(asked["messages"][1]["content"].split("\n\n", 1)[1]), 0)
    words = ("draft", "loans.csv", "--goal", "predict which loans are repaid late")
    plain = cli(*words, cwd=tmp_path).stdout
    done = cli(
        *words,
        "--endpoint",
        f"http://127.0.0.1:{model.server_port}/v1",
        "--language-model",
        "tiny",
        "-o",
        "ecosystem.yaml",
        "--json",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said, text = json.loads(done.stdout)["language"], (tmp_path / "ecosystem.yaml").read_text()
    assert became in said["became"], said["became"]
    assert (
        read_text(text, tmp_path / "ecosystem.yaml", {}).eco.models["loans-model"].target
        == "repaid"
    )
    assert (
        ("changed 2 lines" in became)
        == (">= 0.65" in text)
        == text.startswith("# tiny revised this draft")
    )
    if "changed 2 lines" not in became:
        assert text.split() == plain.split()
    ((_, key, asked),) = model.seen
    seen = asked["messages"][1]["content"]
    assert (
        key == "Bearer sesame-9"
        and "mail3@example.org" not in seen
        and "L-00003" not in seen
        and "sesame" not in done.stdout + text
    )


def test_an_endpoint_that_is_not_there_leaves_the_draft(tmp_path: Path, cli: Any) -> None:
    loans(tmp_path)
    done = cli(
        "draft",
        "loans.csv",
        "--goal",
        "predict which loans are repaid late",
        "--endpoint",
        "http://127.0.0.1:9/v1",
        cwd=tmp_path,
    )
    assert (
        done.returncode == 0
        and done.stdout.rstrip().endswith("does not answer (ConnectError)")
        and "loans-model:" in done.stdout
    )
    done = cli(
        "draft",
        "loans.csv",
        "--goal",
        "predict which loans are repaid late",
        "--endpoint",
        "here",
        cwd=tmp_path,
    )
    assert done.returncode == 1 and "is not an address" in done.stdout + done.stderr


def test_a_draft_takes_the_base_that_knows_the_texts_and_leaves_figures_out(tmp_path: Path) -> None:
    from mesocosm.assistant.architect import architect

    words = ("质量很好很满意", "物流太慢很失望", "服务周到味道好", "包装破损要退货")
    rows = [
        f"第{i}次买，{words[i % 4]}{'了' * (i % 5)},约{i}.5万元整,{('好评', '差评')[i % 2]}"
        for i in range(80)
    ]
    (tmp_path / "r.csv").write_text("\n".join(["评论,报价,情感", *rows]) + "\n", encoding="utf-8")
    draft = architect(tmp_path, [tmp_path / "r.csv"], "预测情感")
    (model,) = draft["parts"]["models"].values()
    assert model["base"] == "e5" and model["features"] == ["评论"]
    assert "minilm English" in draft["reasons"]["base"]
    if draft["dataset"]["fields"]["报价"]["type"] == "text":
        assert "dates or amounts" in draft["reasons"]["left.报价"]
