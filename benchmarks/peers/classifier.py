"""The same int8 classifier for every server that is measured: tokenizer, trunk and head, padded
batches. Needs onnxruntime, tokenizers and numpy only.

MODEL=folder with tokenizer.json, trunk.int8.onnx, head.onnx and labels.json; WORKERS=1 or 2
processes that share the two cores
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer


class Classifier:
    """Texts to labels."""

    def __init__(self) -> None:
        folder = Path(os.environ["MODEL"])
        self.tokens = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokens.no_padding()
        self.tokens.enable_truncation(128)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2 // int(os.environ.get("WORKERS", "1"))
        self.trunk = onnxruntime.InferenceSession(
            str(folder / "trunk.int8.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self.head = onnxruntime.InferenceSession(
            str(folder / "head.onnx"), providers=["CPUExecutionProvider"]
        )
        self.labels = json.loads((folder / "labels.json").read_text())

    def predict(self, texts: list[str]) -> list[dict[str, Any]]:
        """The label and probability of each text."""
        ids = [e.ids for e in self.tokens.encode_batch(texts)]
        longest = max(map(len, ids))
        feed, mask = (
            np.zeros((len(ids), longest), np.int64),
            np.zeros((len(ids), longest), np.int64),
        )
        for n, row in enumerate(ids):
            feed[n, : len(row)], mask[n, : len(row)] = row, 1
        features = self.trunk.run(["features"], {"input_ids": feed, "attention_mask": mask})[0]
        out = self.head.run(
            None, {"features": features, "table": np.zeros((len(ids), 0), np.float32)}
        )[0]
        best = out.argmax(1)
        return [
            {"label": self.labels[b], "probability": float(out[n, b])} for n, b in enumerate(best)
        ]
