"""A loaded model version: card, trunk and head, run by ONNX Runtime.

Knows files of a version's folder and the trunk it names. Knows nothing of requests or services.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.learning.features import tabular
from mesocosm.learning.features.sentence_pairs import encode_pairs
from mesocosm.learning.features.tokenizer import Tokens, make_batches
from mesocosm.learning.tasks.registry import recorded_task
from mesocosm.learning.tasks.row_task import RowTask
from mesocosm.learning.tasks.version_files import Scale, read_card
from mesocosm.learning.tasks.vision.pixels import ImageEncoder

Array = np.ndarray[Any, Any]


class Reader:
    """Texts to features through an exported trunk.

    Args:
        folder: holds the trunk's graphs and its tokenizer.
        most: tokens of a text that are read.
        open_session: opens a session of a graph's path (a runtime's).
    """

    def __init__(self, folder: Path, precision: str, most: int, open_session: Any) -> None:
        self.tokens = Tokens(folder, most)
        self.session = open_session(folder / f"trunk.{precision}.onnx")

    def features(self, texts: Sequence[str]) -> Array:
        """Unit vectors (rows, width) of texts; rows of similar length run together."""
        ids = self.tokens.ids(texts)
        found: list[Any] = [None] * len(ids)
        for pick in make_batches([len(r) for r in ids]):
            longest = max(len(ids[i]) for i in pick)
            feed = np.zeros((len(pick), longest), np.int64)
            mask = np.zeros_like(feed)
            for row, i in enumerate(pick):
                feed[row, : len(ids[i])] = ids[i]
                mask[row, : len(ids[i])] = 1
            out = self.session.run(["features"], {"input_ids": feed, "attention_mask": mask})[0]
            for row, i in enumerate(pick):
                found[i] = out[row]
        return np.stack(found)


class Version:
    """A model version, loaded.

    Args:
        folder: the version's folder.
        content: the fingerprint it must have.
        open_session: opens a session of a graph's path.
        precision: `auto`, `int8` or `fp32`.
        readers: trunks already open, shared between versions.

    Raises:
        MesocosmError: a file of the version was changed or lost.
    """

    def __init__(
        self,
        folder: Path,
        content: str,
        open_session: Any,
        precision: str = "auto",
        readers: dict[Any, Any] | None = None,
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
        shared: dict[Any, Any] = {} if readers is None else readers
        self.reader = self._open_reader(folder, open_session, shared)
        self.eye = self._open_eye(folder, open_session, shared)

    def _open_reader(
        self, folder: Path, open_session: Any, shared: dict[Any, Any]
    ) -> Reader | None:
        """The trunk, opened once for all versions that share it."""
        if not self.card["trunk"]:
            return None
        trunk, most = (folder / self.card["trunk"]).resolve(), self.card["max_length"]
        key = (trunk, self.precision, most)
        if key not in shared:
            shared[key] = Reader(trunk, self.precision, most, open_session)
        reader: Reader = shared[key]
        return reader

    def _open_eye(
        self, folder: Path, open_session: Any, shared: dict[Any, Any]
    ) -> ImageEncoder | None:
        """The image net, opened once for all versions that share it."""
        if not self.card.get("images"):
            return None
        sight = (folder / self.card["sight"]).resolve()
        if (sight, "sight") not in shared:
            shared[sight, "sight"] = ImageEncoder(sight, self.card["sees"], open_session)
        eye: ImageEncoder = shared[sight, "sight"]
        return eye

    def _is_batch_invariant(self) -> bool:
        """Whether its export proved that a prediction does not depend on the other rows of the
        batch; versions from before that proof did in int8.
        """
        proven = self.card.get("invariance")
        if proven is None:
            return bool(self.precision != "int8")
        return bool(proven.get(self.precision, {}).get("invariant"))

    def outputs(self, rows: Mapping[str, Sequence[Any]], count: int) -> Array:
        """Probabilities (rows, labels), or values (rows, 1), of cleaned rows given as columns; row
        by row where a batch would change the predictions.
        """
        if self.alone and count > 1:
            each = [{name: [values[i]] for name, values in rows.items()} for i in range(count)]
            return np.vstack([self.outputs(row, 1) for row in each])
        features, table = self.features(rows, count)
        out = np.asarray(self.head.run(None, {"features": features, "table": table})[0])
        if self.scale is None:
            return out
        return np.asarray(out.astype(float) * self.scale["sd"] + self.scale["mean"])

    def features(self, rows: Mapping[str, Sequence[Any]], count: int) -> tuple[Array, Array]:
        """Features of the texts and images (rows, width), and the table features (rows, width), of
        cleaned rows given as columns.
        """
        found = [self._text_features(rows, count)]
        if self.eye:
            found += [self.eye.features(list(rows[n])) for n in self.card["images"]]
        return np.hstack(found), tabular.build_block(rows, self.card["block"], count)

    def _text_features(self, rows: Mapping[str, Sequence[Any]], count: int) -> Array:
        if not self.reader:
            return np.zeros((count, 0), np.float32)
        pairs = bool(self.card.get("pair"))
        texts = tabular.join_texts(rows, self.card["texts"], count, pairs)
        distinct = {t: i for i, t in enumerate(dict.fromkeys(texts))}
        if pairs:
            found = encode_pairs(list(distinct), self.reader.features)
        else:
            found = self.reader.features(list(distinct))
        return found[[distinct[t] for t in texts]]

    def column(self, label: str) -> int:
        """The output of a label; 0 for a number."""
        return 0 if self.scale else self.labels.index(label)

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The prediction of each cleaned row, as the version's task has it."""
        columns = {name: [row.get(name) for row in rows] for name in self.inputs}
        return self.task.present(self, columns, self.outputs(columns, len(rows)))
