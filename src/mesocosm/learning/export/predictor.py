"""A loaded model version: card, trunk and head, run by ONNX Runtime.

Knows files of a version's folder and the trunk it names. Knows nothing of requests or services.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from mesocosm.core.records import Json
from mesocosm.learning.arrays import Array, Columns, Floats, collect_columns, take_rows
from mesocosm.learning.features import tabular
from mesocosm.learning.features.sentence_pairs import encode_pairs
from mesocosm.learning.features.tokenizer import Tokens, make_batches
from mesocosm.learning.tasks.graph_session import OpenSession
from mesocosm.learning.tasks.registry import recorded_task
from mesocosm.learning.tasks.row_task import RowTask
from mesocosm.learning.tasks.version_files import Scale, read_card
from mesocosm.learning.tasks.vision.pixels import ImageEncoder


class Reader:
    """Texts to features through an exported trunk.

    Args:
        folder: holds the trunk's graphs and its tokenizer.
        most: tokens of a text that are read.
        open_session: opens a session of a graph's path (a runtime's).
    """

    def __init__(self, folder: Path, precision: str, most: int, open_session: OpenSession) -> None:
        self.tokens = Tokens(folder, most)
        self.session = open_session(folder / f"trunk.{precision}.onnx")

    def features(self, texts: Sequence[str]) -> Floats:
        """Unit vectors (rows, width) of texts; rows of similar length run together."""
        ids = self.tokens.ids(texts)
        found: dict[int, Floats] = {}
        for pick in make_batches([len(r) for r in ids]):
            outputs: Iterable[Floats] = self._run([ids[i] for i in pick])
            found |= dict(zip(pick, outputs, strict=True))
        return np.stack([found[i] for i in range(len(ids))])

    def _run(self, ids: Sequence[Sequence[int]]) -> Array:
        """The features of texts of given tokens, padded together."""
        longest = max(map(len, ids))
        feed = np.zeros((len(ids), longest), np.int64)
        mask = np.zeros_like(feed)
        for row, tokens in enumerate(ids):
            feed[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        return self.session.run(["features"], {"input_ids": feed, "attention_mask": mask})[0]


class Version:
    """A model version, loaded.

    Args:
        folder: the version's folder.
        content: the fingerprint it must have.
        open_session: opens a session of a graph's path.
        precision: `auto`, `int8` or `fp32`.
        shared: trunks and image nets already open, shared between versions.

    Raises:
        MesocosmError: a file of the version was changed or lost.
    """

    def __init__(
        self,
        folder: Path,
        content: str,
        open_session: OpenSession,
        precision: str = "auto",
        shared: dict[object, object] | None = None,
    ) -> None:
        self.card = read_card(folder, content)
        task = recorded_task(self.card)
        assert isinstance(task, RowTask)
        self.task, self.form = task, task.form
        self.labels: list[str] = self.card["labels"]
        self.inputs: list[str] = self.card["inputs"]
        self.scale: Scale | None = self.card.get("scale")
        self.precision = self.card["precision"] if precision == "auto" else precision
        self.alone = not self._is_batch_invariant()
        self.head = open_session(folder / "head.onnx")
        opened: dict[object, object] = {}
        if shared is not None:
            opened = shared
        self.reader = self._open_reader(folder, open_session, opened)
        self.eye = self._open_eye(folder, open_session, opened)

    def _open_reader(
        self, folder: Path, open_session: OpenSession, shared: dict[object, object]
    ) -> Reader | None:
        """The trunk, opened once for all versions that share it."""
        trunk_name: str | None = self.card["trunk"]
        if not trunk_name:
            return None
        trunk, most = (folder / trunk_name).resolve(), self.card["max_length"]
        key = (trunk, self.precision, most)
        if key not in shared:
            shared[key] = Reader(trunk, self.precision, most, open_session)
        reader = shared[key]
        assert isinstance(reader, Reader)
        return reader

    def _open_eye(
        self, folder: Path, open_session: OpenSession, shared: dict[object, object]
    ) -> ImageEncoder | None:
        """The image net, opened once for all versions that share it."""
        if not self.card.get("images"):
            return None
        sight = (folder / self.card["sight"]).resolve()
        if (sight, "sight") not in shared:
            shared[sight, "sight"] = ImageEncoder(sight, self.card["sees"], open_session)
        eye = shared[sight, "sight"]
        assert isinstance(eye, ImageEncoder)
        return eye

    def _is_batch_invariant(self) -> bool:
        """Whether its export proved that a prediction does not depend on the other rows of the
        batch; versions from before that proof did in int8.
        """
        proven = self.card.get("invariance")
        if proven is None:
            return self.precision != "int8"
        return bool(proven.get(self.precision, {}).get("invariant"))

    def outputs(self, rows: Columns, count: int) -> Array:
        """Probabilities (rows, labels), or values (rows, 1), of cleaned rows given as columns; row
        by row where a batch would change the predictions.
        """
        if self.alone and count > 1:
            each = [self.outputs(take_rows(rows, rows, [i]), 1) for i in range(count)]
            return np.vstack(each)
        features, table = self.features(rows, count)
        out: Array = np.asarray(self.head.run(None, {"features": features, "table": table})[0])
        if self.scale is None:
            return out
        mean, deviation = float(self.scale["mean"]), float(self.scale["sd"])
        return out.astype(np.float64) * deviation + mean

    def features(self, rows: Columns, count: int) -> tuple[Array, Array]:
        """Features of the texts and images (rows, width), and the table features (rows, width), of
        cleaned rows given as columns.
        """
        found: list[Array] = [self._text_features(rows, count)]
        if self.eye:
            for name in self.card["images"]:
                found.append(self._image_features(self.eye, rows[name]))
        return np.hstack(found), tabular.build_block(
            rows, cast("dict[str, tabular.Fact]", self.card["block"]), count
        )

    def _image_features(self, eye: ImageEncoder, values: Sequence[object]) -> Array:
        """Features of the images of one field."""
        return eye.features(cast(Sequence[str | None], values))

    def _text_features(self, rows: Columns, count: int) -> Floats:
        """Features of the joined texts; equal ones are read once."""
        if not self.reader:
            return np.zeros((count, 0), np.float32)
        pairs = bool(self.card.get("pair"))
        texts = tabular.join_texts(rows, self.card["texts"], count, pairs)
        distinct = {t: i for i, t in enumerate(dict.fromkeys(texts))}
        if pairs:
            found: Floats = encode_pairs(list(distinct), self.reader.features)
        else:
            found = self.reader.features(list(distinct))
        return found[[distinct[t] for t in texts]]

    def column(self, label: str) -> int:
        """The output of a label; 0 for a number."""
        if self.scale:
            return 0
        return self.labels.index(label)

    def predict(self, rows: Sequence[Mapping[str, object]]) -> list[dict[str, Json]]:
        """The prediction of each cleaned row, as the version's task has it."""
        columns = collect_columns(self.inputs, rows)
        return self.task.present(self, columns, self.outputs(columns, len(rows)))
