"""Kinds of runtime: one file and one line each."""

from mesocosm.core.settings import Settings
from mesocosm.serving.runtimes.onnx import Onnx

RUNTIMES: dict[str, type[Settings]] = {"onnx": Onnx}
