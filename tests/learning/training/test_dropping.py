"""Dropout from random bits: as often as it should be, the same by seed, through checkpointing, and
gone after training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mesocosm.learning.base_models import resolve
from mesocosm.learning.features.embeddings import Trunk, load_trunk, pad
from mesocosm.learning.training.loop import fast_dropout

IDS, MASK = pad([[101, 2026, 4003, 102], [101, 7592, 102], [101, 2129, 2079, 1045, 2424, 102]])


@pytest.fixture
def trunk() -> Trunk:
    trunk: Trunk = load_trunk(resolve("minilm", Path(".")))
    return trunk


@pytest.mark.parametrize("chance", [0.0001, 0.1, 0.5, 0.9])
def test_as_many_are_dropped_as_the_chance_says_and_the_mean_stays(chance: float) -> None:
    torch.manual_seed(3)
    found = fast_dropout.drop(torch.ones(1_000_003), chance)  # a size that no word of bits divides
    share = float((found == 0).float().mean())
    assert abs(share - chance) < 5 * (chance * (1 - chance) / 1e6) ** 0.5 + 1 / fast_dropout.PARTS
    assert abs(float(found.mean()) - 1) < 0.01 / (1 - chance)
    assert len(found.unique()) == 2


def test_one_seed_drops_the_same_and_each_call_others() -> None:
    torch.manual_seed(3)
    first, second = (fast_dropout.drop(torch.ones(1000), 0.5) for _ in range(2))
    torch.manual_seed(3)
    assert torch.equal(fast_dropout.drop(torch.ones(1000), 0.5), first) and not torch.equal(
        first, second
    )


def test_what_is_dropped_has_no_gradient() -> None:
    x = torch.ones(1000, requires_grad=True)
    found = fast_dropout.drop(x, 0.3)
    found.sum().backward()
    assert torch.equal(x.grad, found.detach())


def test_attention_is_transformers_own_but_for_what_is_dropped(
    trunk: Trunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With masks that drop nothing, states are those of the base as it came; with what is drawn,
    they are not.
    """
    calls: list[float] = []

    def nothing(x: torch.Tensor, chance: float) -> torch.Tensor:
        calls.append(chance)
        return x

    with torch.no_grad():
        theirs = trunk(IDS, MASK)
        with fast_dropout.fast_dropout_in(trunk):
            trunk.train()
            apart = trunk(IDS, MASK)
            monkeypatch.setattr(fast_dropout, "drop", nothing)
            ours = trunk(IDS, MASK)
    assert torch.allclose(ours, theirs, atol=1e-5) and not torch.allclose(apart, theirs, atol=1e-2)
    assert len(calls) == 1 + 6 * 3, "the words' vectors, and three of each layer"


def test_the_net_is_as_it_was_afterwards_whatever_happens(trunk: Trunk) -> None:
    before = [(n, type(m)) for n, m in trunk.named_modules()]
    with pytest.raises(RuntimeError, match="enough"), fast_dropout.fast_dropout_in(trunk):
        assert trunk.net.config._attn_implementation == fast_dropout.NAME and not any(
            type(m) is nn.Dropout for m in trunk.modules()
        )
        trunk.train()
        raise RuntimeError("enough")
    assert [
        (n, type(m)) for n, m in trunk.named_modules()
    ] == before and trunk.net.config._attn_implementation == "sdpa"
    assert all(m.training for m in trunk.modules() if isinstance(m, nn.Dropout)), (
        "in training, as the rest of the net"
    )


def test_gradients_are_the_same_with_checkpointing(trunk: Trunk) -> None:
    def gradient() -> Any:
        torch.manual_seed(5)
        trunk.zero_grad()
        (trunk(IDS, MASK) * torch.arange(384.0)).sum().backward()
        return trunk.net.encoder.layer[0].output.dense.weight.grad.clone()

    with fast_dropout.fast_dropout_in(trunk):
        trunk.train()
        plain = gradient()
        trunk.net.gradient_checkpointing_enable(
            gradient_checkpointing_kwargs={"use_reentrant": False}
        )
        assert torch.allclose(gradient(), plain, atol=1e-6) and float(plain.abs().max()) > 0
