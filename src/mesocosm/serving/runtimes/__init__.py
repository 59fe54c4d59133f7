"""Kinds of runtime: one file and one line each."""

from mesocosm.core.settings import Kind
from mesocosm.serving.runtimes.onnx import Onnx

RUNTIMES: dict[str, type[Kind]] = {"onnx": Onnx}
