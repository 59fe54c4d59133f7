"""A tagging version as a service loads it. Knows a version's folder and the graph in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from mesocosm.core.prediction_form import FREE_TEXT
from mesocosm.core.records import Json
from mesocosm.learning.arrays import Floats
from mesocosm.learning.features.tokenizer import Tokens, make_batches
from mesocosm.learning.tasks.graph_session import OpenSession
from mesocosm.learning.tasks.tagging.parts import WORDS, PartTokens, find_places, find_tokens
from mesocosm.learning.tasks.tagging.tag_head.head import WIDE, read_head
from mesocosm.learning.tasks.tagging.words import (
    allowed_transitions,
    decode_viterbi,
    extract_spans,
    tag_probabilities,
    trim_marks,
)
from mesocosm.learning.tasks.version_files import read_card

if TYPE_CHECKING:
    from mesocosm.learning.tasks.tagging.card import TaggingCard


class TaggingVersion:
    """A trained tagger.

    Args:
        folder: the version's folder.
        content: the fingerprint that it must have.
        open_session: makes a session of a graph's path.

    Raises:
        MesocosmError: a file of the version was changed or lost.
    """

    labels: Sequence[str] = ()
    scale = None
    form = FREE_TEXT

    def __init__(self, folder: Path, content: str, open_session: OpenSession) -> None:
        from safetensors.numpy import load_file

        self.card = cast("TaggingCard", read_card(folder, content))
        self.inputs, self.tags = self.card["inputs"], self.card["tags"]
        self.cut = self.card.get("cut", WORDS)
        self.tokens = Tokens(folder / "trunk", self.card["max_length"])
        self.session = open_session(folder / "trunk" / "trunk.fp32.onnx")
        kept = load_file(folder / "head.safetensors")
        states = 1 if self.cut == WORDS else WIDE
        self.head = read_head(kept, self.tags, len(kept["weights"]) // states)
        self.may = allowed_transitions(self.tags)

    def predict(self, rows: Sequence[Mapping[str, object]]) -> list[dict[str, Json]]:
        """For each cleaned row the tags of its words (or parts) as `text` (and `label`), and spans
        as `spans`: `text`, `kind`, `start`, `end`, `probability` of its least probable word.
        """
        texts = [str(row.get(self.inputs[0]) or "") for row in rows]
        encodings = self.tokens.tokenizer.encode_batch(texts)
        states = self._encode([encoding.ids for encoding in encodings])
        return [
            self._tag(text, state, find_tokens(text, self.cut, encoding.offsets))
            for text, state, encoding in zip(texts, states, encodings, strict=True)
        ]

    def _encode(self, ids: Sequence[Sequence[int]]) -> list[Floats]:
        """States (length, width) of each text's tokens, padded ones included."""
        states: dict[int, Floats] = {}
        for batch in make_batches([len(row) for row in ids]):
            longest = max(len(ids[i]) for i in batch)
            feed = np.zeros((len(batch), longest), np.int64)
            mask = np.zeros((len(batch), longest), np.int64)
            for row, i in enumerate(batch):
                feed[row, : len(ids[i])] = ids[i]
                mask[row, : len(ids[i])] = 1
            outputs = self.session.run(["features"], {"input_ids": feed, "attention_mask": mask})[0]
            states |= dict(zip(batch, outputs, strict=True))
        return [states[i] for i in range(len(ids))]

    def _tag(self, text: str, states: Floats, parts: PartTokens) -> dict[str, Json]:
        words = find_places(self.cut, text)
        if not words:
            return {"label": "", "text": "", "spans": []}
        scores = self.head.score(states, parts, [text[a:b] for a, b in words])
        path = decode_viterbi(scores, self.may, self.head.transitions)
        p = tag_probabilities(scores, self.may, self.head.transitions)
        tags = [self.tags[k] for k in path]
        spans: list[dict[str, Json]] = []
        for a, b, kind in sorted(extract_spans(tags)):
            start, end = words[a][0], words[b - 1][1]
            if self.cut == WORDS:
                start, end = trim_marks(text, start, end)
            probability = min(float(p[word, path[word]]) for word in range(a, b))
            spans.append(
                {
                    "text": text[start:end],
                    "kind": kind,
                    "start": start,
                    "end": end,
                    "probability": round(probability, 4),
                }
            )
        joined = " ".join(tags)
        return {"label": joined, "text": joined, "spans": spans}
