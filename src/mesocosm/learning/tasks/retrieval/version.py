"""A retrieval version as a service loads it. Knows a version's folder and the trunk it names."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict, cast

import numpy as np

from mesocosm.core.files import aside_name, write_json
from mesocosm.core.prediction_form import FREE_TEXT
from mesocosm.core.records import Json
from mesocosm.learning.arrays import Floats
from mesocosm.learning.export.predictor import Reader
from mesocosm.learning.tasks.generation.prompt import format_inputs
from mesocosm.learning.tasks.graph_session import OpenSession
from mesocosm.learning.tasks.retrieval.query_projection import normalize_rows
from mesocosm.learning.tasks.version_files import TaskCard, read_card

TOP = 5


class StoredAnswers(TypedDict):
    """The answers of a version, and the dataset's rows that gave each."""

    answers: list[str]
    rows: list[list[int]]


def remove_answers(folder: Path, rows: set[int]) -> int:
    """Remove the answers that only erased rows gave from a version's files.

    Returns:
        How many answers were removed.
    """
    path = folder / "answers.json"
    if not path.is_file():
        return 0
    stored: StoredAnswers = json.loads(path.read_text(encoding="utf-8"))
    left = [_without(of, rows) for of in stored["rows"]]
    if left == stored["rows"]:
        return 0
    keep = _answers_to_keep(stored["rows"], left)
    _keep_vectors(folder, keep)
    texts = [stored["answers"][k] for k in keep]
    write_json(path, {"answers": texts, "rows": [left[k] for k in keep]})
    return len(left) - len(keep)


def _answers_to_keep(before: Sequence[list[int]], left: Sequence[list[int]]) -> list[int]:
    """The numbers of the answers that still have a row, or never had one."""
    return [k for k, rows in enumerate(left) if rows or not before[k]]


def _without(rows: Sequence[int], erased: set[int]) -> list[int]:
    return [row for row in rows if row not in erased]


def _keep_vectors(folder: Path, keep: Sequence[int]) -> None:
    """Write the vectors of some answers in place of those of all."""
    from safetensors.numpy import load_file, save_file

    path = folder / "answers.safetensors"
    tensors = load_file(path)
    answers = tensors["answers"][np.asarray(keep, dtype=int)]
    aside = folder / aside_name(path)
    save_file({"answers": np.ascontiguousarray(answers), "turn": tensors["turn"]}, aside)
    os.replace(aside, path)


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
        self, folder: Path, content: str, open_session: OpenSession, readers: dict[object, object]
    ) -> None:
        from safetensors.numpy import load_file

        self.card = cast(TaskCard, read_card(folder, content))
        self.inputs = self.card["inputs"]
        tensors = load_file(folder / "answers.safetensors")
        self.answers: Floats = tensors["answers"]
        self.turn: Floats = tensors["turn"]
        stored: StoredAnswers = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
        self.texts = stored["answers"]
        trunk = (folder / str(self.card["trunk"])).resolve()
        key = (trunk, "fp32", self.card["max_length"])
        if key not in readers:
            readers[key] = Reader(trunk, "fp32", self.card["max_length"], open_session)
        reader = readers[key]
        assert isinstance(reader, Reader)
        self.reader = reader

    def predict(self, rows: Sequence[Mapping[str, object]]) -> list[dict[str, Json]]:
        """The nearest answer of each cleaned row as `text` (and `label`), its `likeness` (cosine),
        and the nearest five as `found`.
        """
        texts = [format_inputs(row, self.inputs) for row in rows]
        near: Floats = normalize_rows(self.reader.features(texts) @ self.turn) @ self.answers.T
        return [self._present(likeness) for likeness in near]

    def _present(self, likeness: Floats) -> dict[str, Json]:
        """The nearest answers of a row, by their similarity (answers,)."""
        found: list[dict[str, Json]] = []
        for i in np.argsort(-likeness, kind="stable")[:TOP].tolist():
            found.append({"text": self.texts[i], "likeness": round(float(likeness[i]), 4)})
        return {"label": found[0]["text"], **found[0], "found": found}
