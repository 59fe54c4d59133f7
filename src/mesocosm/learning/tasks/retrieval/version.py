"""A version that finds, as a service asks it. Knows a version's folder and the trunk it names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.core.errors import Failure
from mesocosm.core.files import aside_name, write_json
from mesocosm.core.hashing import digest_folder
from mesocosm.learning.export.predictor import Reader
from mesocosm.learning.tasks.generation.prompt import asked
from mesocosm.learning.tasks.retrieval.query_projection import unit

MOST = 5


def without(folder: Path, rows: set[int]) -> int:
    """Take the answers that only erased rows gave out of a version's files; says how many went."""
    import os

    from safetensors.numpy import load_file, save_file

    path = folder / "answers.json"
    if not path.is_file():
        return 0
    whole = json.loads(path.read_text(encoding="utf-8"))
    left = [[r for r in of if r not in rows] for of in whole["rows"]]
    keep = [k for k, of in enumerate(left) if of or not whole["rows"][k]]
    if left == whole["rows"]:
        return 0
    kept = load_file(folder / "answers.safetensors")
    aside = folder / aside_name(folder / "answers.safetensors")
    save_file(
        {
            "answers": np.ascontiguousarray(kept["answers"][np.asarray(keep, dtype=int)]),
            "turn": kept["turn"],
        },
        aside,
    )
    os.replace(aside, folder / "answers.safetensors")
    write_json(
        path, {"answers": [whole["answers"][k] for k in keep], "rows": [left[k] for k in keep]}
    )
    return len(left) - len(keep)


class Finds:
    """A version that finds.

    Args:
        folder: the version's folder.
        content: the print it must have.
        open_session: makes a session of a graph's path.
        readers: trunks already open, shared between versions.

    Raises:
        Failure: a file of the version was changed or lost.
    """

    labels: Sequence[str] = ()
    scale = None
    says = "text"

    def __init__(
        self, folder: Path, content: str, open_session: Any, readers: dict[Any, Any]
    ) -> None:
        from safetensors.numpy import load_file

        if not folder.is_dir() or digest_folder(folder) != content:
            raise Failure(
                f"the files of version '{folder.name}' are not those that were made; run 'mesocosm"
                " build'"
            )
        self.card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
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
        texts = [asked(row, self.inputs) for row in rows]
        near = unit(self.reader.features(texts) @ self.turn) @ self.answers.T
        said = []
        for row in near:
            order = np.argsort(-row, kind="stable")[:MOST]
            found = [
                {"text": self.texts[int(i)], "likeness": round(float(row[i]), 4)} for i in order
            ]
            said.append({"label": found[0]["text"], **found[0], "found": found})
        return said
