"""A version's graphs: written, and compared with the head that they come from. The int8 graph
serves where it agrees with the fp32 one and does not depend on the batch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.core.records import Json
from mesocosm.core.timer import PhaseTimer
from mesocosm.learning.arrays import Array, Ints
from mesocosm.learning.base_models import Base
from mesocosm.learning.evaluation.batch_invariance import GraphProbe
from mesocosm.learning.export.onnx_sessions import session
from mesocosm.learning.features.sentence_pairs import encode_pairs
from mesocosm.learning.features.splits import Splits
from mesocosm.learning.heads.late_fusion import output_weights
from mesocosm.learning.importers.onnx import ImportedHead
from mesocosm.learning.training.fit_request import FitRequest, FitResult

if TYPE_CHECKING:
    from mesocosm.learning.export.predictor import Reader
    from mesocosm.learning.features.embeddings import Trunk
    from mesocosm.learning.heads.head import Head

Place = tuple[str, int]  # a row: its part of the split, and its number there
MIN_AGREEMENT = 0.99  # of int8 with fp32, in the share of rows decided alike
MAX_ROWS = 400  # rows on which graphs are compared
PRECISIONS = ("fp32", "int8")


@dataclass(frozen=True)
class ExportedGraphs:
    """Graphs in the version's folder.

    Args:
        card: what the version's card says of them.
        predictions: of the test rows, by the graph that serves.
        agreement: `int8_agreement` and `onnx_agreement`, the shares of rows decided alike; nothing
            where there is no text base.
        predict_texts: predictions for test rows of given numbers with other texts in their place;
            None where there is no text base.
    """

    card: dict[str, Json]
    predictions: Array
    agreement: dict[str, float] = field(default_factory=dict)
    predict_texts: Callable[[Sequence[str], Ints], Array] | None = None


def write_graphs(request: FitRequest, fitted: FitResult, timer: PhaseTimer) -> ExportedGraphs:
    """Write the graphs of the head and, if there is a text base, of the trunk.

    Args:
        request: what was fitted; `request.folder` is where the graphs go.
        timer: records the end of the phase `export`.
    """
    assert request.folder is not None
    _write_head(fitted.head, request.parts, request.folder)
    if not request.base:
        return _export_without_trunk(request, fitted, request.folder)
    where, named, own_mb = _write_trunk(fitted.trunk, request.base, request.folder, request.store)
    timer.end("export")
    from mesocosm.learning.export.predictor import Reader

    readers = {k: Reader(where, k, request.model.max_length, session) for k in PRECISIONS}
    return _TrunkExport(request, fitted, readers).compare(named, own_mb)


def _write_head(head: Head, parts: Splits, folder: Path) -> None:
    from mesocosm.learning.export.onnx_export import export_head

    path = folder / "head.onnx"
    if isinstance(head, ImportedHead):
        path.write_bytes(head.model.SerializeToString())
    else:
        export_head(
            head.tensors(), path, parts.outcome.classes, parts.outcome.many, output_weights(head)
        )


def _write_trunk(
    trunk: Trunk | None, base: Base, folder: Path, store: Path
) -> tuple[Path, str, dict[str, float]]:
    """The trunk's folder, its name in the card, and the megabytes of its own by precision; an
    untouched trunk is shared by all versions.
    """
    from mesocosm.learning.export.onnx_export import shared_trunk, tuned_trunk

    if trunk is None:
        where = shared_trunk(base, store)
        return where, os.path.relpath(where, store / "models" / "x" / "y"), {}
    where = folder / "trunk"
    return where, "trunk", tuned_trunk(trunk, base, where, store)


def _compared_rows(parts: Splits) -> list[Place]:
    """The first validation and test rows, on which graphs are compared."""
    rows = [("validation", i) for i in range(len(parts.y["validation"]))]
    rows += [("test", i) for i in range(len(parts.y["test"]))]
    return rows[:MAX_ROWS]


def _take_places(by_part: Mapping[str, Array], places: Sequence[Place]) -> Array:
    """Some rows of arrays by part of the split."""
    return np.stack([by_part[part][i] for part, i in places])


def _export_without_trunk(request: FitRequest, fitted: FitResult, folder: Path) -> ExportedGraphs:
    """A head alone: there is nothing to quantize."""
    parts, places = request.parts, _compared_rows(request.parts)
    table, features = _take_places(parts.table, places), _take_places(fitted.features, places)
    probe = GraphProbe(
        folder / "head.onnx",
        [""] * len(places),
        lambda texts: np.zeros((len(texts), 0), np.float32),
        features,
        table,
    )
    predictions = _predict(fitted.head, parts, folder, fitted.features["test"])
    invariance = probe.measure_invariance(parts.outcome.agreement, features)
    return ExportedGraphs(
        {"trunk": None, "precision": "fp32", "invariance": {"fp32": invariance}}, predictions
    )


class _TrunkExport:
    """The graphs of a trunk in both precisions, beside the head that they feed."""

    def __init__(self, request: FitRequest, fitted: FitResult, readers: dict[str, Reader]) -> None:
        self.request, self.fitted, self.readers = request, fitted, readers
        self.parts = request.parts
        self.places = _compared_rows(self.parts)
        self.table = _take_places(self.parts.table, self.places)

    def compare(self, named: str, own_mb: dict[str, float]) -> ExportedGraphs:
        """Choose the precision by agreement and batch invariance.

        Args:
            named: the trunk's folder, as the card names it.
            own_mb: megabytes of the version's own, by precision.
        """
        parts, agreement = self.parts, self.parts.outcome.agreement
        texts = [parts.texts[p][i] for p, i in self.places]
        features = {k: self.features(r, texts, self.places) for k, r in self.readers.items()}
        predictions = {k: self._decode(x) for k, x in features.items()}
        by_torch = _take_places(self.fitted.features, self.places)
        agree = agreement(predictions["fp32"], predictions["int8"])
        exact = agreement(predictions["fp32"], self._decode(by_torch))
        invariance = {
            k: self._probe(r, texts).measure_invariance(agreement, features[k])
            for k, r in self.readers.items()
        }
        precision = "fp32"
        if agree >= MIN_AGREEMENT and invariance["int8"]["invariant"]:
            precision = "int8"
        reader = self.readers[precision]
        card: dict[str, Json] = {
            "trunk": named,
            "own_mb": own_mb,
            "precision": precision,
            "invariance": invariance,
        }
        return ExportedGraphs(
            card,
            self._predict_test(reader),
            {"int8_agreement": round(agree, 4), "onnx_agreement": round(exact, 4)},
            partial(self.predict_texts, reader),
        )

    def _decode(self, features: Array) -> Array:
        """What the head predicts for the compared rows from some features."""
        return self.parts.outcome.decode(self.fitted.head.logits(features, self.table))

    def _predict_test(self, reader: Reader) -> Array:
        """What the exported graphs predict for the test rows."""
        assert self.request.folder is not None
        rows = [("test", i) for i in range(len(self.parts.y["test"]))]
        features = self.features(reader, self.parts.texts["test"], rows)
        return _predict(self.fitted.head, self.parts, self.request.folder, features)

    def text_features(self, reader: Reader, texts: Sequence[str]) -> Array:
        """Features of texts by one of the graphs."""
        if self.request.model.apart:
            return encode_pairs(texts, reader.features)
        return reader.features(texts)

    def image_features(self, places: Sequence[Place]) -> Array:
        """Features of the images of some rows; of no width without images."""
        sight = self.request.sight
        if not sight:
            return np.zeros((len(places), 0), np.float32)
        return _take_places(sight.features, places)

    def features(self, reader: Reader, texts: Sequence[str], places: Sequence[Place]) -> Array:
        """What the head takes: features of texts, and behind them those of the rows' images."""
        features = self.text_features(reader, texts)
        if not self.request.sight:
            return features
        return np.hstack([features, self.image_features(places)])

    def predict_texts(self, reader: Reader, texts: Sequence[str], rows: Ints) -> Array:
        """Predictions for test rows of given numbers with other texts in their place."""
        features = self.features(reader, texts, [("test", int(i)) for i in rows])
        logits = self.fitted.head.logits(features, self.parts.table["test"][rows])
        return self.parts.outcome.decode(logits)

    def _probe(self, reader: Reader, texts: Sequence[str]) -> GraphProbe:
        assert self.request.folder is not None
        return GraphProbe(
            self.request.folder / "head.onnx",
            texts,
            partial(self.text_features, reader),
            self.image_features(self.places),
            self.table,
        )


def _predict(head: Head, parts: Splits, folder: Path, features: Array) -> Array:
    """What the exported head predicts for the test rows, as the task reads it."""
    table = parts.table["test"]
    if isinstance(head, ImportedHead):
        return parts.outcome.decode(head.logits(features, table))
    graph = session(folder / "head.onnx")
    inputs = {"features": features.astype(np.float32), "table": table.astype(np.float32)}
    taken = {i.name: inputs[i.name] for i in graph.get_inputs()}
    output: Array = np.asarray(graph.run(None, taken)[0]).astype(np.float64)
    if parts.outcome.classes:
        return output
    return parts.outcome.decode(output)
