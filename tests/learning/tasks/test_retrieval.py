"""A base that reads learns to find the right text among those it knows: in closed form, by
gradient, judged by places, served.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import BANK
from little_base import little_base

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.learning.tasks.retrieval.query_projection import (
    fit_projection,
    normalize_rows,
    rank_answers,
)

pytestmark = pytest.mark.slow

FILE = """grammar: 2
ecosystem: desk
sources: {{faq: {{type: csv, path: faq.csv}}}}
datasets: {{asked: {{from: faq, fields: {{question: {{type: text}}, answer: {{type: text}}}}, split: {{test: 0.3, validation: 0.1}}}}}}
models: {{find: {{base: minilm, dataset: asked, target: answer, features: [question], track: [], {more}}}}}
services: {{desk: {{model: find}}}}
""".replace("base: minilm", f"base: {little_base()}")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Twenty questions of the bank's table, each asked in three ways."""
    with (BANK / "data" / "faq.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))[:20]
    with (tmp_path / "faq.csv").open("w", newline="") as out:
        write = csv.writer(out)
        write.writerow(("question", "answer"))
        for row in rows:
            for said in ("{}", "Hello, {}", "Please tell me: {}"):
                write.writerow((said.format(row["question"]), row["answer"]))
    return tmp_path


def test_a_row_left_out_by_its_leverage_is_left_out() -> None:
    draw = np.random.default_rng(0)
    asked, turn = normalize_rows(draw.normal(size=(40, 5))), np.eye(5) + draw.normal(size=(5, 5))
    answered = normalize_rows(asked @ turn + 0.05 * draw.normal(size=(40, 5)))
    found, chosen = fit_projection(
        asked.astype(np.float32),
        answered.astype(np.float32),
        answered.astype(np.float32),
        np.arange(40),
    )
    assert chosen["pull"] is not None
    gap, left = answered - asked, []
    for row in range(40):
        keep = np.arange(40) != row
        q = asked[keep]
        learnt = np.linalg.solve(q.T @ q + chosen["pull"] * np.eye(5), q.T @ gap[keep])
        left.append(asked[row] + asked[row] @ learnt)
    assert (
        abs(
            (1 / rank_answers(normalize_rows(np.array(left)), answered, np.arange(40))).mean()
            - chosen["left_out_mrr"]
        )
        < 2e-4
    )
    before, after = (
        float((1 / rank_answers(x, answered, np.arange(40))).mean())
        for x in (asked, normalize_rows(asked @ found))
    )
    assert after > before


def test_noise_is_not_learnt() -> None:
    draw = np.random.default_rng(1)
    asked, answered = (
        normalize_rows(draw.normal(size=(30, 20))).astype(np.float32) for _ in range(2)
    )
    found, chosen = fit_projection(asked, answered, answered, np.arange(30))
    assert chosen["left_out_mrr"] < 0.4 and (
        chosen["pull"] is not None or np.allclose(found, np.eye(20))
    )


@pytest.mark.parametrize(
    "more",
    [
        "fine_tune: frozen",
        (
            "fine_tune: {method: last, epochs: 2, batch: 8}, continual: {replay: 1, ewc: 100},"
            " max_length: 24"
        ),
    ],
)
def test_a_finder_is_built_judged_served_and_corrected(
    desk: Path, cli: Callable[..., Any], more: str
) -> None:
    file = desk / "ecosystem.yaml"
    file.write_text(FILE.format(more=more + ", require: {mrr: '>= 0.5'}"))
    done = cli("build", "-f", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    report = cli("report", "-f", str(file)).stdout
    assert "recall_at_1" in report and "baselines: base" in report
    out = json.loads(
        cli(
            "predict",
            "desk",
            "--input",
            '{"question": "I lost my card, what now?"}',
            "-f",
            str(file),
            "--json",
        ).stdout
    )
    assert (
        "Block it at once" in out["text"]
        and len(out["found"]) == 5
        and out["found"][0]["likeness"] == out["likeness"]
    )
    assert cli("service", "feedback", out["id"], "Call us.", "-f", str(file)).returncode == 0
    assert "Retrieves 'answer'" in cli("model", "card", "find", "-f", str(file)).stdout
    if "last" in more:
        assert "loss" in done.stdout + done.stderr and list(
            (desk / ".mesocosm" / "models" / "find").glob("*/trunk/trunk.fp32.onnx")
        )
        _learns_on(desk, file, cli)


def _learns_on(desk: Path, file: Path, cli: Callable[..., Any]) -> None:
    """A finder begins where it ended, sees old rows again, and finds no more what only they
    answer.
    """
    with (desk / "faq.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    gone = {r["answer"] for r in rows[:12]}
    kept = [r for r in rows if r["answer"] not in gone]
    with (desk / "faq.csv").open("w", newline="") as out:
        write = csv.writer(out)
        write.writerow(("question", "answer"))
        write.writerows((r["question"], r["answer"]) for r in kept)
        write.writerows(
            (said, "The vault is open to guests on the first of May.")
            for said in (
                "when may I see the vault",
                "may guests see the vault",
                "Hello, is the vault open to us?",
                "vault visits",
            )
        )
    second = cli("build", "-f", str(file))
    said = " ".join(second.stderr.split())
    assert (
        second.returncode == 0
        and "warm start from find-v1" in said
        and "important weights are anchored (ewc 100)" in said
        and "old rows are replayed" in said
    ), said
    newest = max(
        (desk / ".mesocosm" / "models" / "find").glob("*/answers.json"),
        key=lambda p: p.stat().st_mtime,
    )
    known = set(json.loads(newest.read_text())["answers"])
    assert not known & gone and {r["answer"] for r in kept} <= known
    told = open_ecosystem(desk).catalog.versions("find")[-1]["metrics"]["known"]
    assert (
        told["what"] == "mean reciprocal rank"
        and told["rows"] >= 10
        and told["now"] > told["then"] - 0.15
    )
    assert "mean reciprocal rank" in cli("model", "card", "find", "-f", str(file)).stdout


def test_what_a_forgotten_row_alone_answered_is_found_no_more(
    desk: Path, cli: Callable[..., Any]
) -> None:
    with (desk / "faq.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))[:24]
    rows.append({"question": "who is the director", "answer": "Ms Zabriskie Quellhorn, room four"})
    with (desk / "faq.csv").open("w", newline="") as out:
        write = csv.writer(out)
        write.writerow(("id", "question", "answer"))
        write.writerows((i, r["question"], r["answer"]) for i, r in enumerate(rows))
    file = desk / "ecosystem.yaml"
    file.write_text(
        FILE.format(more="fine_tune: frozen").replace(
            "from: faq, fields: {", "from: faq, key: id, fields: {id: {type: integer}, "
        )
    )
    assert cli("build", "-f", str(file)).returncode == 0
    kept = next((desk / ".mesocosm" / "models" / "find").glob("*/answers.json"))
    assert "Quellhorn" in kept.read_text()
    done = cli("data", "forget", "--dataset", "asked", "--key", str(len(rows) - 1), "-f", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Quellhorn" not in kept.read_text()
    out = json.loads(
        cli(
            "predict",
            "desk",
            "--input",
            '{"question": "who is the director"}',
            "-f",
            str(file),
            "--json",
        ).stdout
    )
    assert "Quellhorn" not in json.dumps(out) and len(out["found"]) == 5


def test_what_mattered_to_a_finder_is_told_and_held() -> None:
    import torch

    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features.embeddings import load_trunk
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.fine_tuning import FINE_TUNING
    from mesocosm.learning.strategies.continual import Anchor
    from mesocosm.learning.tasks.retrieval.continual import estimate_importance
    from mesocosm.learning.tasks.retrieval.net import PairEncoder
    from mesocosm.learning.training.loop.trainer import TrainingRows

    base = resolve(str(little_base()), Path("/"))
    tune: Any = FINE_TUNING["bitfit"].model_validate({"method": "bitfit"})
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    tokens = Tokens(base.folder, 64)
    asked, told = (
        tokens.ids(["where is my card", "hi", "what is the fee", "hello"]),
        tokens.ids(["It comes by post.", "Hello there.", "Nothing.", "Hello there."]),
    )
    rows = TrainingRows(
        [[*q, *a] for q, a in zip(asked, told, strict=True)],
        np.array([[len(q)] for q in asked], np.float32),
        np.array([0, 1, 2, 1]),
    )
    net = PairEncoder(trunk)
    matter = estimate_importance(net, rows)
    assert (
        set(matter) == {n for n, p in net.named_parameters() if p.requires_grad}
        and all((m >= 0).all() for m in matter.values())
        and sum(float(m.sum()) for m in matter.values()) > 0
    )
    at = {n: p.detach().clone() for n, p in net.named_parameters() if n in matter}
    net.anchor = Anchor({n: (at[n], matter[n]) for n in matter}, 10.0)
    assert float(net.anchor.penalty(net)) == 0
    with torch.no_grad():
        max((p for n, p in net.named_parameters() if n in matter), key=lambda p: p.numel()).add_(
            0.1
        )
    assert float(net.anchor.penalty(net)) > 0 and all(
        torch.equal(
            estimate_importance(net, rows)[n] >= matter[n], torch.ones_like(m, dtype=torch.bool)
        )
        for n, m in matter.items()
    )  # what mattered before matters on


def test_in_a_batch_the_same_answer_in_another_row_is_no_mistake() -> None:
    import torch

    from mesocosm.learning.tasks.retrieval.net import InBatchLoss

    sides = torch.nn.functional.normalize(
        torch.tensor(
            [[[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.1], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]]
        ),
        dim=-1,
    )
    alike = InBatchLoss(0.05).value(sides, torch.tensor([0, 0, 1]), None)
    apart = InBatchLoss(0.05).value(sides, torch.tensor([0, 1, 2]), None)
    assert float(alike) < 0.01 < 0.3 < float(apart)


def test_both_sides_of_a_batch_are_read_as_they_are_alone() -> None:
    import torch

    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features.embeddings import encode, load_trunk, pad
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.tasks.retrieval.net import PairEncoder

    base = resolve(str(little_base()), Path("/"))
    trunk, tokens = load_trunk(base), Tokens(base.folder, 64)
    asked, told = (
        ["where is my card", "hi", "what does a transfer to another country cost me"],
        ["It comes by post within a week.", "Hello there, how can we help?", "Nothing."],
    )
    q, a = tokens.ids(asked), tokens.ids(told)
    ids, mask = pad([[*x, *y] for x, y in zip(q, a, strict=True)])
    with torch.inference_mode():
        out = PairEncoder(trunk)(ids, mask, torch.tensor([[float(len(x))] for x in q])).numpy()
    with torch.autocast("cpu", enabled=False):
        wanted = [encode(trunk, tokens, side) for side in (asked, told)]
    for k in (0, 1):
        assert (
            np.abs(out[:, k] - wanted[k]).max() < 0.03
        )  # the features of encode are in bfloat16 where the processor has it
