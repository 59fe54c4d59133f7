"""Heads over features: one file and one line each. `Blend` is made of two that are fitted."""

from mesocosm.learn.heads.blend import Blend, softmax
from mesocosm.learn.heads.kernel import KernelRidge
from mesocosm.learn.heads.linear import Linear

HEADS = {"kernel": KernelRidge, "linear": Linear}

__all__ = ["HEADS", "Blend", "softmax"]
