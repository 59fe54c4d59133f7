"""A version that tags, as a service asks it. Knows a version's folder and the graph in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.core.errors import Failure
from mesocosm.core.hashing import digest_folder
from mesocosm.learning.features.tokenizer import Tokens, batches
from mesocosm.learning.heads.blend import softmax
from mesocosm.learning.tasks.tagging.train import logits_of
from mesocosm.learning.tasks.tagging.words import allowed, bare, best, firsts, spans, words_of

Array = np.ndarray[Any, Any]


class Tagged:
    """A version that tags.

    Args:
        folder: the version's folder.
        content: the print it must have.
        open_session: makes a session of a graph's path.

    Raises:
        Failure: a file of the version was changed or lost.
    """

    labels: Sequence[str] = ()
    scale = None
    says = "tags"

    def __init__(self, folder: Path, content: str, open_session: Any) -> None:
        from safetensors.numpy import load_file

        if not folder.is_dir() or digest_folder(folder) != content:
            raise Failure(
                f"the files of version '{folder.name}' are not those that were made; run 'mesocosm"
                " build'"
            )
        self.card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        self.inputs: list[str] = self.card["inputs"]
        self.tags: list[str] = self.card["tags"]
        self.tokens = Tokens(folder / "trunk", self.card["max_length"])
        self.session = open_session(folder / "trunk" / "trunk.fp32.onnx")
        kept = load_file(folder / "head.safetensors")
        self.weights, self.bias = kept["weights"], kept["bias"]
        self.may = allowed(self.tags)

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """For each cleaned row the tags of its words as `text` (and `label`), and named things as
        `spans`: `text`, `kind`, `start`, `end`, `probability` of its least sure word.
        """
        texts = [str(row.get(self.inputs[0]) or "") for row in rows]
        each = self.tokens.tokenizer.encode_batch(texts)
        seen: list[Any] = [None] * len(texts)
        for pick in batches([len(e.ids) for e in each]):
            longest = max(len(each[i].ids) for i in pick)
            feed, mask = (
                np.zeros((len(pick), longest), np.int64),
                np.zeros((len(pick), longest), np.int64),
            )
            for row, i in enumerate(pick):
                feed[row, : len(each[i].ids)], mask[row, : len(each[i].ids)] = each[i].ids, 1
            for i, out in zip(
                pick,
                self.session.run(["features"], {"input_ids": feed, "attention_mask": mask})[0],
                strict=True,
            ):
                seen[i] = out
        return [
            self._told(t, s, firsts(t, e.offsets))
            for t, s, e in zip(texts, seen, each, strict=True)
        ]

    def _told(self, text: str, seen: Array, first: list[int]) -> dict[str, Any]:
        words = words_of(text)
        if not words:
            return {"label": "", "text": "", "spans": []}
        logits = logits_of(seen, first, self.weights, self.bias)
        path, p = best(logits, self.may), softmax(logits)
        tags = [self.tags[k] for k in path]
        found = []
        for a, b, kind in sorted(spans(tags)):
            start, end = bare(text, words[a][0], words[b - 1][1])
            sure = min(float(p[w, path[w]]) for w in range(a, b))
            found.append(
                {
                    "text": text[start:end],
                    "kind": kind,
                    "start": start,
                    "end": end,
                    "probability": round(sure, 4),
                }
            )
        said = " ".join(tags)
        return {"label": said, "text": said, "spans": found}
