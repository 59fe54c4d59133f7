"""Heads over features: one file and one line each."""

from mesocosm.learn.heads.kernel import KernelRidge
from mesocosm.learn.heads.linear import Linear

HEADS = {"kernel": KernelRidge, "linear": Linear}
