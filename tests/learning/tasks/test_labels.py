"""Several labels a row: read, learnt in closed form and by gradient, judged, served and told what
was right.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import said_of
from little_base import little_base

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.learning.heads.blend import Blend, sigmoid
from mesocosm.learning.heads.kernel import KernelRidge, multi_label_loss
from mesocosm.learning.heads.linear import Linear
from mesocosm.learning.tasks.multi_label.outcome import score_f1

pytestmark = pytest.mark.slow

WORDS = {"card": ["card", "chip"], "loan": ["loan", "credit"], "fee": ["fee", "charge"]}
FILE = """grammar: 2
ecosystem: desk
sources: {asked: {type: csv, path: asked.csv}}
datasets:
  mail:
    from: asked
    key: id
    fields:
      id: {type: integer}
      text: {type: text}
      seen: {type: list, separator: "|"}
      topics: {type: list, separator: ",", values: [card, loan, fee], aliases: {charges: fee}, missing: quarantine}
    split: {test: 0.25, validation: 0.1}
models:
  topics: {base: minilm, dataset: mail, target: topics, features: [text, seen], track: [], require: {micro_f1: ">= 0.8"}}
services: {desk: {model: topics}}
""".replace("base: minilm", f"base: {little_base()}")


def rows(count: int) -> list[tuple[str, ...]]:
    draw, found = random.Random(2), []
    for i in range(count):
        topics = draw.sample(list(WORDS), draw.choice([1, 1, 2, 3]))
        text = " and ".join(
            f"a {draw.choice(WORDS[t])} that is {draw.choice(['lost', 'late', 'new'])}"
            for t in topics
        )
        told = [
            "charges" if t == "fee" and i % 3 == 0 else t.upper() if i % 5 == 0 else t
            for t in topics
        ]
        found.append(
            (
                str(i),
                text,
                "|".join(draw.sample(["app", "branch", "phone"], draw.randint(1, 3))),
                ", ".join(told),
            )
        )
    return found


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    with (tmp_path / "asked.csv").open("w", newline="") as out:
        csv.writer(out).writerows(
            [
                ("id", "text", "seen", "topics"),
                *rows(160),
                ("900", "odd", "app", "card, moon"),
                ("901", "odd", "app", " , "),
            ]
        )
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    return tmp_path


def test_lists_are_read_each_value_once_and_sorted(desk: Path) -> None:
    from mesocosm.lifecycle.access.data_access import read_columns

    eco = open_ecosystem(desk)
    (desk / "ecosystem.yaml").write_text(FILE.split("models:")[0])
    eco = open_ecosystem(desk)
    assert not eco.build().failed
    snapshot = eco.catalog.snapshot(dataset="mail")
    assert snapshot is not None and snapshot["account"]["quarantined"] == 2
    columns, _ = read_columns(eco.spec, snapshot, ["id", "topics", "seen"])
    want = {
        int(r[0]): "; ".join(
            sorted(
                {"fee" if v.strip() == "charges" else v.strip().lower() for v in r[3].split(",")}
            )
        )
        for r in rows(160)
    }
    assert dict(zip(columns["id"], columns["topics"], strict=True)) == want
    assert all(v == "; ".join(sorted(set(v.split("; ")))) for v in columns["seen"])


def data(rows: int = 240) -> tuple[Any, Any, Any]:
    draw = np.random.default_rng(1)
    text, table = (
        draw.normal(size=(rows, 4)).astype(np.float32),
        draw.normal(size=(rows, 2)).astype(np.float32),
    )
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    y = (
        np.stack([text[:, 0] + table[:, 0], text[:, 1] - table[:, 1], text[:, 2]], 1)
        + 0.1 * draw.normal(size=(rows, 3))
        > 0
    ).astype(np.int8)
    return text, table, y


def test_the_left_out_scores_are_those_of_fits_without_the_row() -> None:
    text, table, y = data(60)
    head = KernelRidge().fit(text, table, y, 3, 7)
    kernel = np.exp(-head.gamma_text * _far(text) - head.gamma_table * _far(table))
    for row in (0, 7, 31):
        keep = np.arange(60) != row
        alpha = np.linalg.solve(
            kernel[np.ix_(keep, keep)] + head.settings["strength"] * np.eye(59), y[keep] - y.mean(0)
        )
        assert np.allclose(
            (kernel[row, keep] @ alpha + y.mean(0) - 0.5) * head.heat, head.left_out[row], atol=2e-3
        )


def _far(x: Any) -> Any:
    return ((x[:, None].astype(float) - x[None]) ** 2).sum(2)


def test_every_head_and_their_mean_beat_the_shares_and_their_graph_says_the_same(
    tmp_path: Path,
) -> None:
    import onnxruntime

    from mesocosm.learning.export.onnx_export import export_head

    text, table, y = data()
    heads = [
        KernelRidge().fit(text[:200], table[:200], y[:200], 3, 7),
        Linear().fit(text[:200], table[:200], y[:200], 3, 7),
    ]
    heads.append(Blend(*heads, classes=3))
    for head in heads:
        p = sigmoid(head.logits(text[200:], table[200:]))
        assert score_f1((p >= 0.5).astype(np.int8), y[200:]) > 0.8
        share = np.tile(np.log(y[:200].mean(0) / (1 - y[:200].mean(0))), (40, 1))
        assert head.loss < multi_label_loss(share, y[200:])
        export_head(head.tensors(), tmp_path / "head.onnx", 3, True)
        (out,) = onnxruntime.InferenceSession(str(tmp_path / "head.onnx")).run(
            None, {"features": text[200:], "table": table[200:]}
        )
        assert np.allclose(out, p, atol=1e-4)


def test_a_label_that_all_rows_or_none_have_is_learnt_with_the_others() -> None:
    text, table, y = data(40)
    y[:, 0], y[:, 1] = 1, 0
    for head in (KernelRidge().fit(text, table, y, 3, 7), Linear().fit(text, table, y, 3, 7)):
        p = sigmoid(head.logits(text, table))
        assert (p[:, 0] > 0.5).all() and (p[:, 1] < 0.5).all() and np.isfinite(p).all()


@pytest.mark.parametrize("tune", ["frozen", "{method: full, epochs: 2, batch: 16}"])
def test_a_model_of_labels_is_built_judged_served_and_corrected(
    desk: Path, cli: Callable[..., Any], tune: str
) -> None:
    file = desk / "ecosystem.yaml"
    file.write_text(FILE.replace("track: []", f"track: [], fine_tune: {tune}"))
    done = cli("build", "-f", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    out = json.loads(
        cli(
            "predict",
            "desk",
            "--input",
            '{"text": "a card that is lost and a loan that is new", "seen": "app | phone"}',
            "-f",
            str(file),
            "--json",
        ).stdout
    )
    assert (
        out["label"] == "card; loan"
        and out["labels"] == ["card", "loan"]
        and set(out["probabilities"]) == set(WORDS)
    )
    report = json.loads(cli("report", "topics", "-f", str(file), "--json").stdout)
    m = report["models"]["topics"]["metrics"] if "models" in report else report["metrics"]
    assert (
        m["micro_f1"] > 0.8
        and set(m["baselines"]) == {"majority", "linear"}
        and m["interval"]["micro_f1"][0] <= m["micro_f1"] <= m["interval"]["micro_f1"][1]
    )
    assert cli("service", "feedback", out["id"], "loan; card", "-f", str(file)).returncode == 0
    wrong = cli("service", "feedback", out["id"], "loan; moon", "-f", str(file))
    assert wrong.returncode != 0 and "'moon' is not a label" in wrong.stderr + wrong.stdout
    if tune == "frozen":
        told = cli("explain", out["id"], "-f", str(file))
        assert told.returncode == 0 and "card" in told.stdout, told.stdout + told.stderr
        assert "micro_f1" in cli("model", "card", "topics", "-f", str(file)).stdout
        refused = cli("model", "labels", "topics", "--next", "-f", str(file))
        assert refused.returncode != 0 and "several labels" in refused.stderr + refused.stdout


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("micro_f1", "perplexity", "a text metric"),
        (
            "track: []",
            "track: [], fairness: {groups: [id], positive: card}",
            "fairness gaps are of classes",
        ),
        ("track: []", "track: [], fine_tune: {method: full, loss: focal}", "a loss of classes"),
        ("values: [card, loan, fee]", "values: ['card,loan', fee]", "values without ','"),
    ],
)
def test_what_labels_cannot_have_is_said(desk: Path, old: str, new: str, said: str) -> None:
    (desk / "ecosystem.yaml").write_text(FILE.replace(old, new))
    assert any(said in line for line in said_of(desk))
