"""A batch shared by two processes (PyTorch's DDP over gloo) beside one process: losses and weights
where nothing is left to chance. Called by `learn.py`.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from data import BASE
from parts import size

Line = tuple[str, float, str, bool]
MANY = size(40, 14)


def processes() -> list[Line]:
    """MiniLM without dropout in fp64, what BitFit moves of it, two epochs of 40 texts."""
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features.embeddings import load_trunk
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.fine_tuning import FINE_TUNING
    from mesocosm.learning.training.loop import trainer
    from mesocosm.learning.training.loop.distributed import DistributedJob, train_distributed

    texts = [
        f"what a {['lovely', 'awful'][i % 2]} day number {i} " + "indeed " * (i % 7)
        for i in range(MANY)
    ]
    nets, losses = [], []
    with tempfile.TemporaryDirectory() as home:
        base_of_all = resolve(*BASE)
        still = load_trunk(base_of_all).net
        still.config.attention_probs_dropout_prob = still.config.hidden_dropout_prob = 0.0
        still.save_pretrained(home)
        shutil.copy(base_of_all.folder / "tokenizer.json", home)
        base = resolve(home, Path("/"))
        for count in (1, 2):
            tune: Any = FINE_TUNING["bitfit"].model_validate(
                {
                    "method": "bitfit",
                    "epochs": size(2, 1),
                    "batch": 7,
                    "dropout": 0,
                    "precision": "fp64",
                    "processes": count,
                }
            )
            trunk = load_trunk(base)
            trunk.net = tune.attach(trunk.net)
            net = trainer.TrunkWithHead(
                trunk,
                np.random.default_rng(0).normal(size=(384, 2)).astype(np.float32) * 0.05,
                np.zeros(2, np.float32),
                0.0,
            )
            rows = trainer.TrainingRows(
                Tokens(base.folder, 64).ids(texts),
                np.zeros((MANY, 0), np.float32),
                np.array([i % 2 for i in range(MANY)]),
            )
            history = (
                trainer.train(net, tune, rows, rows, 7, None, lambda _: None)
                if count == 1
                else train_distributed(
                    net, DistributedJob(tune, base, 7, 64), rows, rows, lambda _: None
                )
            )
            nets.append(
                {n: p.detach().double() for n, p in net.named_parameters() if p.requires_grad}
            )
            losses.append([r["train_loss"] for r in history])
    gap = max(float((nets[0][n] - nets[1][n]).abs().max()) for n in nets[0])
    print(
        f"  two processes beside one: losses {losses[1]} and {losses[0]}, weights at most {gap:.1e}"
        " apart"
    )
    return [
        (
            "two processes beside one: weights apart",
            gap,
            "<= 1e-9",
            gap <= 1e-9 and losses[0] == losses[1],
        )
    ]
