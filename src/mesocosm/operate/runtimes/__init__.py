"""Kinds of runtime: one file and one line each."""

from mesocosm.base.kinds import Kind
from mesocosm.operate.runtimes.onnx import Onnx

RUNTIMES: dict[str, type[Kind]] = {"onnx": Onnx}
