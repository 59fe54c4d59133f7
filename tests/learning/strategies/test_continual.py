"""A version that learns on begins where the last one ended and keeps what that one knew; its graphs
take from the base what it left as it was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import SMALL, said_of
from little_base import little_base

from mesocosm.core.progress import say_as_text
from mesocosm.learning.base_models import resolve
from mesocosm.learning.features.embeddings import load_trunk
from mesocosm.learning.features.tokenizer import Tokens
from mesocosm.learning.fine_tuning import FINE_TUNING
from mesocosm.learning.strategies.continual import (
    Anchor,
    Continual,
    PreviousVersion,
    estimate_importance,
)
from mesocosm.learning.tasks.classification.outcome import ClassOutcome
from mesocosm.learning.training.loop import trainer

pytestmark = pytest.mark.slow

FIRST = [
    f"what a {(('lovely', 'kind') if i % 2 else ('awful', 'cruel'))[i // 2 % 2]} day in month"
    f" {i % 12}"
    for i in range(32)
]
THEN = [
    f"the {(('red', 'blue') if i % 2 else ('green', 'black'))[i // 2 % 2]} box weighs {i} kilos"
    for i in range(32)
]
Y = np.array([i % 2 for i in range(32)])


def rows(base: Any, texts: list[str]) -> trainer.TrainingRows:
    return trainer.TrainingRows(
        Tokens(base.folder, 64).ids(texts), np.zeros((len(texts), 0), np.float32), Y[: len(texts)]
    )


def taught(
    base: Any, tune: Any, texts: list[str], before: trainer.TrunkWithHead | None = None
) -> trainer.TrunkWithHead:
    torch.manual_seed(0)
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    net = trainer.TrunkWithHead(trunk, np.zeros((384, 2), np.float32), np.zeros(2, np.float32), 0.0)
    if before is not None:
        net.load_state_dict(before.state_dict())
        net.anchor = before.anchor
    trainer.train(net, tune, rows(base, texts), rows(base, texts), 7, None, lambda _: None)
    return net


def test_what_mattered_is_held_and_known_still() -> None:
    base = resolve("minilm", Path("/"))
    tune: Any = FINE_TUNING["bitfit"].model_validate(
        {
            "method": "bitfit",
            "epochs": 10,
            "batch": 8,
            "learning_rate": 5e-3,
            "dropout": 0,
            "patience": 5,
        }
    )
    first = taught(base, tune, FIRST)
    measure = tune.loss_of("classes")
    was = trainer.mean_loss(first, rows(base, FIRST), measure)
    matter = estimate_importance(first, rows(base, FIRST))
    assert (
        all((m >= 0).all() for m in matter.values())
        and sum(float(m.sum()) for m in matter.values()) > 0
    )
    at = {n: p.detach().clone() for n, p in first.named_parameters() if p.requires_grad}
    losses, moved = {}, {}
    for strength in (0.0, 1e5):
        first.anchor = (
            Anchor({n: (at[n], matter[n]) for n in matter}, strength) if strength else None
        )
        assert first.anchor is None or float(first.anchor.penalty(first)) == 0
        then = taught(base, tune, THEN, first)
        losses[strength] = trainer.mean_loss(then, rows(base, FIRST), measure)
        moved[strength] = float(
            sum(
                (matter[n] * (p - at[n]) ** 2).sum()
                for n, p in then.named_parameters()
                if n in matter
            )
        )
        assert (
            trainer.mean_loss(then, rows(base, THEN), measure) < 0.6
        )  # the new is learnt either way
    assert was < losses[1e5] < 0.92 * losses[0.0] and moved[1e5] < moved[0.0]


def test_weights_of_another_kind_are_not_taken(tmp_path: Path) -> None:
    base = resolve(str(little_base()), Path("/"))
    tune: Any = FINE_TUNING["bitfit"].model_validate({"method": "bitfit", "epochs": 1, "batch": 16})
    outcome = ClassOutcome()
    outcome.fit("x", ["a", "b"])
    net, said = taught(base, tune, FIRST[:8]), list[str]()
    past = PreviousVersion(Continual(ewc=1), "judge-v1", tmp_path)
    assert (
        not past.begin(net, base, "bitfit", outcome, say_as_text(said.append)) and not said
    )  # nothing was there
    past.end(
        net,
        base,
        "bitfit",
        outcome,
        lambda: estimate_importance(net, rows(base, FIRST[:8])),
        tmp_path,
    )
    with torch.no_grad():
        net.bias += 1
    assert (
        past.begin(net, base, "bitfit", outcome, say_as_text(said.append))
        and "warm start from judge-v1; important weights" in said[-1]
    )
    assert float(net.bias.detach().abs().max()) < 0.9 and net.anchor is not None
    assert (
        not past.begin(net, base, "lora", outcome, say_as_text(said.append))
        and "restarting from scratch" in said[-1]
    )


def test_a_model_learns_on_and_its_graphs_are_lean(pond: Path, cli: Callable[..., Any]) -> None:
    file = pond / "ecosystem.yaml"
    file.write_text(
        SMALL.replace(
            "fine_tune: {method: frozen, head: kernel}",
            "fine_tune: {method: lora, epochs: 2}, continual: {replay: 0.5, ewc: 10}",
        ).replace("base: minilm", f"base: {little_base()}")
    )
    first = cli("build", "-f", str(file))
    assert first.returncode == 0 and "warm start" not in first.stderr, first.stdout + first.stderr
    folder = next((pond / ".mesocosm" / "models" / "judge").iterdir())
    base = next((pond / ".mesocosm" / "trunks").iterdir())
    for precision in ("fp32", "int8"):
        ours, whole = (
            folder / "trunk" / f"trunk.{precision}.weights",
            base / f"trunk.{precision}.weights",
        )
        assert os.path.samefile(ours, whole) and ours.stat().st_size > 3e6
    own = sum(p.stat().st_size for p in folder.rglob("*") if p.stat().st_nlink == 1)
    assert own < 4e6, own  # the whole graphs of this base are 35 MB
    lines = ["id,text,amount,label"]
    for i in range(60):
        good = i % 2
        lines.append(
            f'{i + 500},"{"we welcome" if good else "we refuse"} offer {i}",{200 + i}'
            f" EUR,{'Yes please' if good else 'no thanks'}"
        )
    (pond / "notes.csv").write_text("\n".join(lines) + "\n")
    second = cli("build", "-f", str(file), "--accept", "mail.text")  # texts of another kind
    said = " ".join(second.stderr.split())
    assert (
        second.returncode == 0
        and "warm start from judge-v1" in said
        and "important weights are anchored" in said
        and "old rows are replayed" in said
    ), said
    card = cli("model", "card", "judge", "-f", str(file)).stdout
    assert "rows)" in card and "Retention on the previous test set" in card
    out = json.loads(
        cli(
            "predict",
            "desk",
            "--input",
            '{"text": "please send more, lovely", "amount": "150 EUR"}',
            "-f",
            str(file),
            "--json",
        ).stdout
    )
    assert out["label"] == "yes please" and out["version"].startswith("judge-v2")


def test_what_has_no_weights_to_begin_from_is_said(pond: Path) -> None:
    file = pond / "ecosystem.yaml"
    file.write_text(SMALL.replace("fine_tune: {method: frozen, head: kernel}", "continual: 0.5"))
    assert any("forgets none" in line for line in said_of(pond))
    file.write_text(
        SMALL.replace(
            "fine_tune: {method: frozen, head: kernel}",
            "fine_tune: {method: lora, processes: 2}, continual: {ewc: 1}",
        )
    )
    assert any("elastic weight consolidation runs in one process" in line for line in said_of(pond))
