"""Models that were made elsewhere, imported as ONNX graphs."""
