"""The answers of services: a snapshot's questions embedded, and where they are stored.

Knows the store's folder of answers and the base that embeds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.files import aside_name, folder_appears, write_json
from mesocosm.core.hashing import digest, digest_file
from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.core.records import Json
from mesocosm.core.values.json_shapes import list_objects
from mesocosm.serving.settings import Service

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def index_answers(
    spec: Spec, catalog: Catalog, service: Service, snapshot_id: str, say: Say
) -> Path:
    """Embed the questions of a snapshot once; returns the folder with vectors and rows."""
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.export.onnx_export import shared_trunk
    from mesocosm.learning.features.embeddings import embed_texts
    from mesocosm.lifecycle.access.integrity import Integrity

    store = spec.root / ".mesocosm"
    base = resolve("minilm", spec.root)
    trunk = shared_trunk(base, store)
    folder = locate_answers(store, service, snapshot_id)
    if folder.is_dir() and not Integrity(store).check_answers(folder):
        return folder
    rows = _read_answered(catalog, store, service, snapshot_id)
    vectors = embed_texts(base, [str(row["question"]) for row in rows], 128, store)
    index = {"snapshot": snapshot_id, "trunk": os.path.relpath(trunk, store), "rows": rows}
    _write_index(folder, index, vectors)
    say(Message("progress.questions_embedded", questions=len(rows)))
    return folder


def _read_answered(
    catalog: Catalog, store: Path, service: Service, snapshot_id: str
) -> list[dict[str, object]]:
    """The rows of a snapshot that a service can answer from.

    Raises:
        MesocosmError: the snapshot is not listed, or has no such row.
    """
    from mesocosm.data.snapshots.delta_tables import read_table

    assert service.answers is not None
    snapshot = catalog.snapshot(snapshot_id)
    if snapshot is None:
        raise MesocosmError(Message("lifecycle.snapshot_unlisted", snapshot=snapshot_id))
    table = read_table(store / snapshot["path"] / "rows", snapshot["delta"])
    rows = _answered_rows(table.to_pylist(), service.answers.question, service.answers.answer)
    if not rows:
        raise MesocosmError(Message("lifecycle.no_answers", dataset=service.answers.dataset))
    return rows


def _write_index(
    folder: Path, index: Mapping[str, object], vectors: npt.NDArray[np.floating]
) -> None:
    """Write the vectors and the rows of an answer index, and the fingerprints of both."""
    import numpy as np
    from safetensors.numpy import save_file

    with folder_appears(folder) as aside:
        save_file({"vectors": vectors.astype(np.float32)}, aside / "vectors.safetensors")
        path = aside / "rows.json"
        part = path.with_name(aside_name(path))
        part.write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
        os.replace(part, path)
        names = ("vectors.safetensors", "rows.json")
        write_json(aside / "contents.json", {name: digest_file(aside / name) for name in names})


def _answered_rows(
    rows: Sequence[Mapping[str, object]], question: str, answer: str
) -> list[dict[str, object]]:
    """The rows that have both a question and an answer, with where each is from."""
    return [
        {
            "question": row[question],
            "answer": row[answer],
            "row": row["_row"],
            "file": row["_file"],
            "line": row["_line"],
        }
        for row in rows
        if row[question] and row[answer]
    ]


def locate_answers(store: Path, service: Service, snapshot_id: str) -> Path:
    """The folder of a service's answer index."""
    assert service.answers is not None
    settings = service.answers
    return store / "answers" / digest(snapshot_id, settings.question, settings.answer, size=8)


def erase_answers(store: Path, rows: set[int], dataset: str, snapshot: str) -> None:
    """Take erased rows out of the indexes that services answer from.

    Args:
        store: the folder `.mesocosm`.
        rows: the numbers of the erased rows.
        dataset: the dataset that they were in.
        snapshot: the snapshot that they were in.
    """
    for path in (store / "answers").glob("*/rows.json"):
        index = json.loads(path.read_text(encoding="utf-8"))
        if str(index["snapshot"]).startswith(f"{dataset}@"):
            _erase_from_index(path, index, rows)


def _erase_from_index(path: Path, index: dict[str, Json], rows: set[int]) -> None:
    """Take erased rows out of one index, and their vectors."""
    import numpy as np
    from safetensors.numpy import load_file, save_file

    listed = list_objects(index["rows"])
    remaining = [i for i, row in enumerate(listed) if row["row"] not in rows]
    if len(remaining) == len(listed):
        return
    file = path.with_name("vectors.safetensors")
    vectors = load_file(file)["vectors"][np.asarray(remaining, dtype=int)]
    save_file({"vectors": vectors}, file)
    write_json(path, index | {"rows": [listed[i] for i in remaining]})
