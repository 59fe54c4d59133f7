"""A retrieval version as a service loads it. Knows a version's folder and the trunk it names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.core.files import aside_name, write_json
from mesocosm.core.prediction_form import FREE_TEXT
from mesocosm.learning.export.predictor import Reader
from mesocosm.learning.tasks.generation.prompt import format_inputs
from mesocosm.learning.tasks.retrieval.query_projection import normalize_rows
from mesocosm.learning.tasks.version_files import read_card

TOP = 5


def remove_answers(folder: Path, rows: set[int]) -> int:
    """Remove the answers that only erased rows gave from a version's files.

    Returns:
        How many answers were removed.
    """
    import os

    from safetensors.numpy import load_file, save_file

    path = folder / "answers.json"
    if not path.is_file():
        return 0
    stored = json.loads(path.read_text(encoding="utf-8"))
    left = [[row for row in of if row not in rows] for of in stored["rows"]]
    if left == stored["rows"]:
        return 0
    keep = [k for k, of in enumerate(left) if of or not stored["rows"][k]]
    tensors = load_file(folder / "answers.safetensors")
    aside = folder / aside_name(folder / "answers.safetensors")
    answers = tensors["answers"][np.asarray(keep, dtype=int)]
    save_file({"answers": np.ascontiguousarray(answers), "turn": tensors["turn"]}, aside)
    os.replace(aside, folder / "answers.safetensors")
    texts = [stored["answers"][k] for k in keep]
    write_json(path, {"answers": texts, "rows": [left[k] for k in keep]})
    return len(left) - len(keep)


class RetrievalVersion:
    """A trained retriever.

    Args:
        folder: the version's folder.
        content: the fingerprint that it must have.
        open_session: makes a session of a graph's path.
        readers: trunks already open, shared between versions.

    Raises:
        MesocosmError: a file of the version was changed or lost.
    """

    labels: Sequence[str] = ()
    scale = None
    form = FREE_TEXT

    def __init__(
        self, folder: Path, content: str, open_session: Any, readers: dict[Any, Any]
    ) -> None:
        from safetensors.numpy import load_file

        self.card = read_card(folder, content)
        self.inputs: list[str] = self.card["inputs"]
        kept = load_file(folder / "answers.safetensors")
        self.answers, self.turn = kept["answers"], kept["turn"]
        self.texts: list[str] = json.loads((folder / "answers.json").read_text(encoding="utf-8"))[
            "answers"
        ]
        trunk = (folder / self.card["trunk"]).resolve()
        key = (trunk, "fp32", self.card["max_length"])
        if key not in readers:
            readers[key] = Reader(trunk, "fp32", self.card["max_length"], open_session)
        self.reader = readers[key]

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The nearest answer of each cleaned row as `text` (and `label`), its `likeness` (cosine),
        and the nearest five as `found`.
        """
        texts = [format_inputs(row, self.inputs) for row in rows]
        near = normalize_rows(self.reader.features(texts) @ self.turn) @ self.answers.T
        predictions = []
        for row in near:
            order = np.argsort(-row, kind="stable")[:TOP]
            found = [
                {"text": self.texts[int(i)], "likeness": round(float(row[i]), 4)} for i in order
            ]
            predictions.append({"label": found[0]["text"], **found[0], "found": found})
        return predictions
