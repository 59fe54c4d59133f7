"""Heads over features: one file and one line each. `Blend` is made of two that are fitted."""

from mesocosm.learning.heads.blend import Blend, softmax
from mesocosm.learning.heads.boosted_trees import Boost
from mesocosm.learning.heads.kernel import KernelRidge
from mesocosm.learning.heads.linear import Linear
from mesocosm.learning.heads.nets.attention import Attention
from mesocosm.learning.heads.nets.mlp import Mlp

HEADS: dict[str, type[KernelRidge | Linear | Boost | Mlp | Attention]] = {
    "kernel": KernelRidge,
    "linear": Linear,
    "boost": Boost,
    "mlp": Mlp,
    "attention": Attention,
}

__all__ = ["HEADS", "Blend", "softmax"]
