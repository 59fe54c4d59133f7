"""Heads over features: one file and one line each. `Blend` is made of two that are fitted."""

from typing import Any

from mesocosm.learn.heads.attention import Attention
from mesocosm.learn.heads.blend import Blend, softmax
from mesocosm.learn.heads.boost import Boost
from mesocosm.learn.heads.kernel import KernelRidge
from mesocosm.learn.heads.linear import Linear
from mesocosm.learn.heads.mlp import Mlp

HEADS: dict[str, Any] = {
    "kernel": KernelRidge,
    "linear": Linear,
    "boost": Boost,
    "mlp": Mlp,
    "attention": Attention,
}

__all__ = ["HEADS", "Blend", "softmax"]
