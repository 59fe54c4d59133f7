"""A batch shared by several processes gives the steps of one: losses and weights agree to 1e-9
where nothing is left to chance.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.learning.base_models import Base, resolve
from mesocosm.learning.features.embeddings import load_trunk
from mesocosm.learning.features.tokenizer import Tokens
from mesocosm.learning.fine_tuning import FINE_TUNING
from mesocosm.learning.training.loop import trainer
from mesocosm.learning.training.loop.distributed import (
    DistributedJob,
    read_rows,
    train_distributed,
    write_rows,
)

pytestmark = pytest.mark.slow

TEXTS = [
    f"what a {['lovely', 'awful'][i % 2]} day number {i} " + "indeed " * (i % 7) for i in range(37)
]
Y = np.array([i % 2 if i % 5 else 0 for i in range(37)])


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """A small base without dropout."""
    from transformers import BertConfig, BertModel

    home = tmp_path_factory.mktemp("still")
    torch.manual_seed(0)
    BertModel(
        BertConfig(
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        ),
        add_pooling_layer=False,
    ).save_pretrained(home)
    shutil.copy(resolve("minilm", Path(".")).folder / "tokenizer.json", home / "tokenizer.json")
    return resolve(str(home), Path("/"))


def parts(
    base: Base, settings: dict[str, Any]
) -> tuple[trainer.TrunkWithHead, Any, trainer.TrainingRows]:
    tune: Any = FINE_TUNING["full"].model_validate(
        {
            "method": "full",
            "epochs": 2,
            "batch": 5,
            "dropout": 0,
            "learning_rate": 1e-3,
            "precision": "fp64",
            **settings,
        }
    )
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    start = np.random.default_rng(0).normal(size=(34, 2)).astype(np.float32) * 0.05
    table = np.random.default_rng(1).normal(size=(37, 2)).astype(np.float32)
    return (
        trainer.TrunkWithHead(trunk, start, np.zeros(2, np.float32), 0.0),
        tune,
        trainer.TrainingRows(Tokens(base.folder, 64).ids(TEXTS), table, Y),
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"processes": 2},
        {
            "processes": 3,
            "accumulate": 2,
            "loss": {"method": "cross_entropy", "weights": "balanced"},
        },
    ],
)
def test_several_processes_take_the_steps_of_one(still: Base, settings: dict[str, Any]) -> None:
    one, tune, rows = parts(still, settings | {"processes": 1})
    alone = trainer.train(one, tune, rows, rows, 7, None, lambda _: None)
    several, tune, rows = parts(still, settings)
    said: list[dict[str, Any]] = []
    together = train_distributed(
        several, DistributedJob(tune, still, 7, 64), rows, rows, said.append
    )
    assert (
        [r["train_loss"] for r in together]
        == [r["train_loss"] for r in alone]
        == [r["train_loss"] for r in said if "train_loss" in r]
    )
    measure = tune.loss_of("classes")
    assert (
        abs(trainer.mean_loss(several, rows, measure) - trainer.mean_loss(one, rows, measure))
        < 1e-9
    )
    for (name, a), b in zip(one.state_dict().items(), several.state_dict().values(), strict=True):
        assert "pooler" in name or float((a - b).abs().max()) < 1e-9, (
            name
        )  # the base has no pooler of its own
    start, _, _ = parts(still, settings)
    assert float((start.weights.double() - one.weights).abs().max()) > 1e-3  # they did train


def test_a_worker_that_finds_the_rate_wrong_says_so_and_one_that_dies_is_named(
    still: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, tune, rows = parts(
        still,
        {
            "processes": 2,
            "learning_rate": 10,
            "optimizer": {"method": "sgd"},
            "clip": 1e12,
            "precision": "fp32",
        },
    )
    net.weights.data[:] = float("nan")
    with pytest.raises(ConfigValueError, match="NaN or infinite"):
        train_distributed(net, DistributedJob(tune, still, 7, 64), rows, rows, lambda _: None)
    gone = Base("gone", Path("/nowhere"), "", "x")
    with pytest.raises(MesocosmError, match="a training process ended"):
        train_distributed(net, DistributedJob(tune, gone, 7, 64), rows, rows, lambda _: None)


def test_rows_go_through_a_file_and_come_back(tmp_path: Path) -> None:
    states = [np.random.default_rng(i).normal(size=(i + 1, 4)).astype(np.float16) for i in range(3)]
    for ids in ([[1, 2, 3], [4], [5, 6]], states):
        rows = trainer.TrainingRows(ids, np.ones((3, 2), np.float32), np.array([0, 1, 1]))
        write_rows(rows, tmp_path / "rows.safetensors")
        back = read_rows(tmp_path / "rows.safetensors")
        assert (
            all(np.array_equal(a, b) for a, b in zip(back.ids, ids, strict=True))
            and (back.y == rows.y).all()
        )


def test_a_build_shares_its_batches(pond: Path) -> None:
    file = pond / "ecosystem.yaml"
    file.write_text(
        file.read_text().replace(
            "fine_tune: {method: frozen, head: kernel}",
            "fine_tune: {method: lora, epochs: 2, processes: 2, augment: [mask]}",
        )
    )
    eco = open_ecosystem(pond)
    eco.build()
    (version,) = eco.catalog.versions("judge")
    assert len(version["recipe"]["history"]) == 2 and version["metrics"]["accuracy"] > 0.9
