"""A version's graphs, written and held against the head they come from: whether int8 says what
fp32 says, and both the same in every batch.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.core.timer import PhaseTimer
from mesocosm.learning.base_models import Base
from mesocosm.learning.evaluation.batch_invariance import GraphProbe
from mesocosm.learning.export.onnx_sessions import session
from mesocosm.learning.features.sentence_pairs import of_pairs
from mesocosm.learning.features.splits import Parts
from mesocosm.learning.heads.late_fusion import shares
from mesocosm.learning.importers.onnx import ImportedHead
from mesocosm.learning.tasks.vision.features import Sight

Array = np.ndarray[Any, Any]
AGREE = 0.99


def write_graphs(
    head: Any,
    trunk: Any,
    base: Base | None,
    parts: Parts,
    store: Path,
    folder: Path,
    feats: dict[str, Array],
    most: int,
    apart: bool,
    laps: PhaseTimer,
    sight: Sight | None = None,
) -> dict[str, Any]:
    """Write the graphs; int8 is kept only where it agrees with fp32 on validation and test rows,
    and answers a row alike in every batch.
    """
    from mesocosm.learning.export.onnx_export import export_head, shared_trunk, tuned_trunk

    if isinstance(head, ImportedHead):
        (folder / "head.onnx").write_bytes(head.model.SerializeToString())
    else:
        export_head(
            head.tensors(), folder / "head.onnx", parts.task.classes, parts.task.many, shares(head)
        )
    pick = [(p, i) for p in ("validation", "test") for i in range(len(parts.y[p]))][:400]
    table = np.stack([parts.table[p][i] for p, i in pick])
    if not base:
        seen = np.stack([feats[p][i] for p, i in pick])
        asked = GraphProbe(
            folder / "head.onnx",
            [""] * len(pick),
            lambda texts: np.zeros((len(texts), 0), np.float32),
            seen,
            table,
        )
        return {
            "trunk": None,
            "precision": "fp32",
            "served": _served(head, parts, folder, feats["test"]),
            "invariance": {"fp32": asked.measure_invariance(parts.task.agreement, seen)},
        }
    own: dict[str, float] = {}
    if trunk is None:
        where = shared_trunk(base, store)
        named = os.path.relpath(where, store / "models" / "x" / "y")
    else:
        where, named = folder / "trunk", "trunk"
        own = tuned_trunk(trunk, base, where, store)
    laps.end("export")
    from mesocosm.learning.export.predictor import Reader

    texts = [parts.texts[p][i] for p, i in pick]
    readers = {k: Reader(where, k, most, session) for k in ("fp32", "int8")}

    def words(reader: Reader, texts: Sequence[str]) -> Array:
        return of_pairs(texts, reader.features) if apart else reader.features(texts)

    def read(reader: Reader, texts: Sequence[str], where: Sequence[tuple[str, int]]) -> Array:
        told = words(reader, texts)
        return (
            np.hstack([told, np.stack([sight.features[p][i] for p, i in where])]) if sight else told
        )

    told = {k: read(r, texts, pick) for k, r in readers.items()}
    said = {k: parts.task.said(head.logits(features, table)) for k, features in told.items()}
    torch_said = parts.task.said(head.logits(np.stack([feats[p][i] for p, i in pick]), table))
    agree, exact = (
        parts.task.agreement(said["fp32"], said["int8"]),
        parts.task.agreement(said["fp32"], torch_said),
    )
    seen = (
        np.stack([sight.features[p][i] for p, i in pick])
        if sight
        else np.zeros((len(pick), 0), np.float32)
    )
    batches = {
        k: (
            GraphProbe(
                folder / "head.onnx", texts, partial(words, r), seen, table
            ).measure_invariance(parts.task.agreement, told[k])
        )
        for k, r in readers.items()
    }
    precision = "int8" if agree >= AGREE and batches["int8"]["invariant"] else "fp32"
    reader = readers[precision]
    return {
        "trunk": named,
        "own_mb": own,
        "served": _served(
            head,
            parts,
            folder,
            read(reader, parts.texts["test"], [("test", i) for i in range(len(parts.y["test"]))]),
        ),
        "precision": precision,
        "invariance": batches,
        "agreement": {"int8_agreement": round(agree, 4), "onnx_agreement": round(exact, 4)},
        "said": lambda texts, rows: parts.task.said(
            head.logits(
                read(reader, texts, [("test", int(i)) for i in rows]), parts.table["test"][rows]
            )
        ),
    }


def _served(head: Any, parts: Parts, folder: Path, features: Array) -> Array:
    """What the exported graph says of the test rows, as a task reads it."""
    if isinstance(head, ImportedHead):
        return parts.task.said(head.logits(features, parts.table["test"]))
    out = session(folder / "head.onnx")
    given = {
        "features": features.astype(np.float32),
        "table": parts.table["test"].astype(np.float32),
    }
    told = np.asarray(out.run(None, {i.name: given[i.name] for i in out.get_inputs()})[0]).astype(
        float
    )
    return told if parts.task.classes else parts.task.said(told)
