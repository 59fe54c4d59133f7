"""Versions exported as ONNX graphs, and run."""
