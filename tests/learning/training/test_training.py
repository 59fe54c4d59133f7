"""Laws over every loss, optimiser, schedule, augmentation and way of adversarial training."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mesocosm.core.errors import ConfigValueError
from mesocosm.learning.augmentation import AUGMENT
from mesocosm.learning.augmentation.text import Words
from mesocosm.learning.base_models import resolve
from mesocosm.learning.features.embeddings import load_trunk
from mesocosm.learning.features.layer_cache import compute_states, top_layers
from mesocosm.learning.features.tokenizer import Tokens
from mesocosm.learning.fine_tuning import FINE_TUNING
from mesocosm.learning.training.adversarial import ADVERSARIAL
from mesocosm.learning.training.loop import trainer
from mesocosm.learning.training.losses import LOSSES
from mesocosm.learning.training.optimizers import OPTIMISERS
from mesocosm.learning.training.schedules import SCHEDULES

pytestmark = pytest.mark.slow

WAYS = [n for n, kind in AUGMENT.items() if kind.of == "texts"]  # type: ignore[attr-defined]
RATES = {"sgd": 1.0, "lion": 5e-3, "adafactor": 0.05}
GOOD, BAD = ["lovely", "kind", "happy", "bright"], ["awful", "cruel", "sad", "dark"]
TEXTS = [f"what a {(GOOD if i % 2 else BAD)[i // 2 % 4]} day in month {i % 12}" for i in range(48)]
Y = np.array([i % 2 for i in range(48)])


@pytest.fixture(scope="module")
def base() -> Any:
    return resolve("minilm", Path("."))


@pytest.fixture(scope="module")
def words(base: Any) -> Words:
    return Words(
        Tokens(base.folder, 64).tokenizer,
        load_trunk(base).net.get_input_embeddings().weight.detach().numpy(),
    )


def trained(
    base: Any, settings: dict[str, Any], words: Words | None = None, y: Any = Y
) -> tuple[trainer.TrunkWithHead, list[dict[str, Any]], float]:
    tune: Any = FINE_TUNING["bitfit"].model_validate(
        {"method": "bitfit", "epochs": 2, "batch": 12, "learning_rate": 5e-3, **settings}
    )
    torch.manual_seed(0)
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    outputs = 1 if y.dtype.kind == "f" else 2
    start = np.random.default_rng(0).normal(size=(386, outputs)).astype(np.float32) * 0.05
    net = trainer.TrunkWithHead(trunk, start, np.zeros(outputs, np.float32), 0.1)
    rows = trainer.TrainingRows(
        Tokens(base.folder, 64).ids(TEXTS), np.zeros((48, 2), np.float32), y, words
    )
    before = trainer.mean_loss(net, rows, tune.loss_of("numbers" if outputs == 1 else "classes"))
    return net, trainer.train(net, tune, rows, rows, 7, None, lambda _: None), before


NUMBERS = [n for n, kind in LOSSES.items() if kind.of == "numbers"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NUMBERS)
def test_every_loss_of_numbers_is_made_small(base: Any, name: str) -> None:
    y = np.where(Y == 1, 1.0, -1.0)
    _, history, before = trained(
        base, {"loss": name, "epochs": 4, "consistency": 0.5 if name == "mse" else 0}, y=y
    )
    assert history[-1]["held_loss"] < 0.7 * before


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_the_quantile_loss_is_least_at_the_quantile(at: float) -> None:
    y = torch.tensor(np.random.default_rng(0).exponential(size=4000), dtype=torch.float32)
    loss: Any = LOSSES["quantile"].model_validate({"method": "quantile", "at": at})
    spots = torch.linspace(0, 4, 401)
    best = min(spots, key=lambda s: float(loss.value(s.repeat(len(y), 1), y, None)))
    assert abs(float((y < best).float().mean()) - at) < 0.02


@pytest.mark.parametrize("name", list(OPTIMISERS))
def test_every_optimiser_learns(base: Any, name: str) -> None:
    _, history, before = trained(
        base,
        {
            "optimizer": name,
            "learning_rate": RATES.get(name, 5e-3),
            "epochs": 8 if name == "adafactor" else 2,
        },
    )
    assert history[-1]["held_loss"] < before - 0.05


@pytest.mark.parametrize("name", list(ADVERSARIAL))
def test_every_way_of_adversarial_training_learns_and_flattens_the_loss(
    base: Any, name: str
) -> None:
    def worst(net: trainer.TrunkWithHead) -> float:
        """The loss at a step of 0.5 along its own gradient, over the loss."""
        from mesocosm.learning.features.embeddings import pad
        from mesocosm.learning.training.adversarial.shift import Shift

        ids, mask = pad(Tokens(base.folder, 64).ids(TEXTS))
        with Shift(net.trunk.net.get_input_embeddings()) as shift:

            def now() -> Any:
                return torch.nn.functional.cross_entropy(
                    net(ids, mask, torch.zeros(48, 2)), torch.tensor(Y)
                )

            plain = now()
            (shift.delta.grad,) = torch.autograd.grad(plain, shift.delta)
            shift.climb(0.5, 0.5)
            return float(now()) - float(plain)

    plain, _, before = trained(base, {"epochs": 3})
    net, history, _ = trained(base, {"epochs": 3, "adversarial": name})
    assert history[-1]["held_loss"] < before - 0.05
    assert not any(m._forward_hooks for m in net.trunk.net.modules())
    assert worst(net) < worst(plain)


@pytest.mark.parametrize(
    "settings",
    [
        {"mixup": 0.4},
        {"consistency": 1.0},
        {"average": 0.0, "epochs": 3},
        {"accumulate": 2},
        {"checkpointing": True},
        {"loss": {"method": "focal", "weights": "balanced"}},
        {"loss": {"method": "cross_entropy", "smoothing": 0.1}},
        {"augment": WAYS},
        {"schedule": "plateau"},
    ],
    ids=lambda s: next(iter(s)),
)
def test_every_other_setting_learns(base: Any, words: Words, settings: dict[str, Any]) -> None:
    _, history, before = trained(base, settings, words)
    assert min(h["held_loss"] for h in history) < before - 0.05


def test_two_batches_added_up_step_as_one_of_twice_the_rows(base: Any) -> None:
    gentle = {
        "epochs": 1,
        "dropout": 0.0,
        "clip": 1e9,
        "optimizer": {"method": "sgd", "momentum": 0.0},
        "learning_rate": 1e-3,
    }
    tune: Any = FINE_TUNING["bitfit"].model_validate({"method": "bitfit", **gentle})
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    net = trainer.TrunkWithHead(trunk, np.zeros((386, 2), np.float32), np.zeros(2, np.float32), 0.0)
    for module in net.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    ids = Tokens(base.folder, 64).ids(TEXTS)
    start = {n: p.detach().clone() for n, p in net.named_parameters()}
    ends = []
    for batch, accumulate in ((48, 1), (12, 4)):
        with torch.no_grad():
            for n, p in net.named_parameters():
                p.copy_(start[n])
        trainer.train(
            net,
            tune.model_copy(update={"batch": batch, "accumulate": accumulate}),
            trainer.TrainingRows(ids, np.zeros((48, 2), np.float32), Y),
            trainer.TrainingRows(ids, np.zeros((48, 2), np.float32), Y),
            7,
            None,
            lambda _: None,
        )
        ends.append(net.bias.detach().clone())
    assert not torch.equal(ends[0], start["bias"]) and torch.allclose(
        ends[0], ends[1], rtol=0.05, atol=1e-6
    )


def test_mixing_rows_leaves_the_loss_as_large_as_it_is(base: Any) -> None:
    tune: Any = FINE_TUNING["bitfit"].model_validate(
        {"method": "bitfit", "epochs": 1, "batch": 4, "mixup": 1.0, "learning_rate": 1e-9}
    )
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    rows = trainer.TrainingRows(
        Tokens(base.folder, 64).ids(TEXTS), np.zeros((48, 0), np.float32), Y
    )
    told = trainer.train(
        trainer.TrunkWithHead(trunk, np.zeros((384, 2), np.float32), np.zeros(2, np.float32), 0.0),
        tune,
        rows,
        rows,
        7,
        None,
        lambda _: None,
    )
    assert told[0]["train_loss"] == pytest.approx(np.log(2), abs=1e-3)


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_every_schedule_stays_between_nothing_and_the_peak(name: str) -> None:
    schedule: Any = SCHEDULES[name].model_validate({"method": name})
    shares = [schedule.share(i, 100, [1.0, 0.5, 0.6, 0.7][: i // 25]) for i in range(100)]
    assert all(0 <= s <= 1 for s in shares) and max(shares) > 0.95 and shares[0] < 0.2
    assert shares[-1] <= shares[50] and (name == "constant" or shares[-1] < 0.35)


def test_the_loss_of_labels_falls_as_each_of_them_is_told() -> None:
    loss: Any = LOSSES["binary"].model_validate({"method": "binary", "smoothing": 0.1})
    y = torch.tensor([[1, 0, 1], [0, 0, 1]], dtype=torch.int8)
    right = (y.float() * 2 - 1) * 2
    part = right.clone()
    part[0, 0] *= -1
    assert (
        float(loss.value(right, y, None))
        < float(loss.value(part, y, None))
        < float(loss.value(-right, y, None))
    )


@pytest.mark.parametrize("name", [n for n, kind in LOSSES.items() if kind.of == "classes"])  # type: ignore[attr-defined]
def test_every_loss_falls_as_the_true_class_rises_and_weights_count(name: str) -> None:
    loss: Any = LOSSES[name].model_validate({"method": name})
    y = torch.tensor([0, 1, 1, 1])
    said = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    assert (
        float(loss.value(said * 3, y, None))
        < float(loss.value(said, y, None))
        < float(loss.value(-said, y, None))
    )
    balanced = loss.model_copy(update={"weights": "balanced"})
    weights = balanced.of_classes(y.numpy(), 2)
    assert weights.tolist() == pytest.approx([2.0, 2 / 3])
    wrong = torch.tensor([[0.0, 1.0]] * 4)
    assert float(loss.value(wrong, y, weights)) > float(loss.value(wrong, y, None))
    if name == "focal":
        plain: Any = LOSSES["cross_entropy"].model_validate({"method": "cross_entropy"})
        none = loss.model_copy(update={"gamma": 0.0})
        assert float(none.value(said, y, weights)) == pytest.approx(
            float(plain.value(said, y, weights))
        )


@pytest.mark.parametrize("name", WAYS)
def test_every_augmentation_changes_some_tokens_and_no_mark(
    base: Any, words: Words, name: str
) -> None:
    way: Any = AUGMENT[name].model_validate({"method": name, "share": 0.5})
    rows = Tokens(base.folder, 64).ids(TEXTS)
    said = [way.apply(r, words, random.Random(i)) for i, r in enumerate(rows)]
    assert said == [way.apply(r, words, random.Random(i)) for i, r in enumerate(rows)]
    assert sum(a != list(b) for a, b in zip(said, rows, strict=True)) > 24
    assert all(
        a[0] == b[0] and a[-1] == b[-1] and len(a) > 2 for a, b in zip(said, rows, strict=True)
    )


def test_near_words_mean_nearly_the_same(base: Any, words: Words) -> None:
    vocabulary = Tokens(base.folder, 64).tokenizer.get_vocab()
    by_id = {i: w for w, i in vocabulary.items()}
    assert {by_id[i] for i in words.near(vocabulary["happy"])} & {"happier", "happiness"}
    assert (
        vocabulary["unhappy"] not in words.near(vocabulary["happy"])
        and words.near(vocabulary["##ing"]) == []
    )


def test_states_kept_give_the_features_of_the_whole_base(base: Any, tmp_path: Path) -> None:
    from mesocosm.learning.features.embeddings import pad

    trunk = load_trunk(base)
    ids = Tokens(base.folder, 64).ids(TEXTS)
    kept = compute_states(base, trunk, ids, 2, 64, tmp_path)
    files = list((tmp_path / "features").iterdir())
    assert len(files) == 1 and all(
        np.array_equal(a, b)
        for a, b in zip(compute_states(base, trunk, ids, 2, 64, tmp_path), kept, strict=True)
    )
    top = top_layers(trunk, 2)
    assert top is not None and len(top.net.encoder.layer) == 2 and len(trunk.net.encoder.layer) == 6
    with torch.inference_mode():
        whole, short = trunk(*pad(ids)), top.eval()(*pad(kept))
    assert float((whole * short).sum(1).min()) > 0.995


def test_a_rate_that_is_too_high_is_a_sentence(base: Any) -> None:
    with pytest.raises(ConfigValueError, match="the loss became NaN or infinite after"):
        trained(
            base,
            {
                "optimizer": {"method": "sgd", "momentum": 0.99},
                "learning_rate": 10.0,
                "clip": 1e12,
                "weight_decay": 1e6,
                "epochs": 30,
                "patience": 30,
            },
        )


def test_two_models_of_one_process_may_have_their_own_precision(base: Any) -> None:
    losses = [
        trained(base, {"precision": p, "epochs": 1})[1][0]["held_loss"]
        for p in ("bf16", "fp64", "fp32")
    ]
    assert max(losses) - min(losses) < 0.05
