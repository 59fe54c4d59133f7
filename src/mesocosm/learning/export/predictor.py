"""A model version as one thing: facts, preparation and net, run by ONNX Runtime.

Knows files of a version's folder and the trunk it names. Knows nothing of requests or services.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.core.errors import Failure
from mesocosm.core.hashing import digest_folder
from mesocosm.learning.evaluation.interval_widths import interval_ends
from mesocosm.learning.features import tabular
from mesocosm.learning.features.sentence_pairs import of_pairs
from mesocosm.learning.features.tokenizer import Tokens, batches
from mesocosm.learning.tasks.ordinal import middle
from mesocosm.learning.tasks.vision.pixels import Eye

Array = np.ndarray[Any, Any]
NONE = "(none)"  # said where no label is there


class Reader:
    """Texts to features through an exported trunk.

    Args:
        open_session: makes a session of a graph's path (a runtime's).
    """

    def __init__(self, folder: Path, precision: str, most: int, open_session: Any) -> None:
        self.tokens = Tokens(folder, most)
        self.session = open_session(folder / f"trunk.{precision}.onnx")

    def features(self, texts: Sequence[str]) -> Array:
        """Unit vectors (rows, width) of texts; rows of like length run together."""
        ids = self.tokens.ids(texts)
        found: list[Any] = [None] * len(ids)
        for pick in batches([len(r) for r in ids]):
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
        content: the print it must have.
        open_session: makes a session of a graph's path.
        precision: `auto`, `int8` or `fp32`.
        readers: trunks already open, shared between versions.

    Raises:
        Failure: a file of the version was changed or lost.
    """

    def __init__(
        self,
        folder: Path,
        content: str,
        open_session: Any,
        precision: str = "auto",
        readers: dict[Any, Reader] | None = None,
    ) -> None:
        if not folder.is_dir() or digest_folder(folder) != content:
            raise Failure(
                f"the files of version '{folder.name}' are not those that were made; run 'mesocosm"
                " build'"
            )
        self.card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        self.labels: list[str] = self.card["labels"]
        self.inputs: list[str] = self.card["inputs"]
        self.scale: dict[str, Any] | None = self.card.get("scale")
        self.precision = self.card["precision"] if precision == "auto" else precision
        self.alone = not self._invariant()
        self.head = open_session(folder / "head.onnx")
        self.reader: Reader | None = None
        if self.card["trunk"]:
            trunk = (folder / self.card["trunk"]).resolve()
            key = (trunk, self.precision, self.card["max_length"])
            shared = readers if readers is not None else {}
            if key not in shared:
                shared[key] = Reader(trunk, self.precision, self.card["max_length"], open_session)
            self.reader = shared[key]
        self.eye: Eye | None = None
        if self.card.get("images"):
            sight = (folder / self.card["sight"]).resolve()
            seen: Any = readers if readers is not None else {}
            if (sight, "sight") not in seen:
                seen[sight, "sight"] = Eye(sight, self.card["sees"], open_session)
            self.eye = seen[sight, "sight"]

    def _invariant(self) -> bool:
        """Whether its export proved that an answer does not depend on the rows beside it; versions
        of before the proof did in int8.
        """
        proven = self.card.get("invariance")
        return (
            self.precision != "int8"
            if proven is None
            else bool(proven.get(self.precision, {}).get("invariant"))
        )

    def outputs(self, rows: Mapping[str, Sequence[Any]], count: int) -> Array:
        """Probabilities (rows, labels), or values (rows, 1), of cleaned rows given as columns; row
        by row where a batch would change the answers.
        """
        if self.alone and count > 1:
            return np.vstack(
                [
                    self.outputs({name: [values[i]] for name, values in rows.items()}, 1)
                    for i in range(count)
                ]
            )
        features, table = self.features(rows, count)
        out = np.asarray(self.head.run(None, {"features": features, "table": table})[0])
        return (
            out if self.scale is None else out.astype(float) * self.scale["sd"] + self.scale["mean"]
        )

    def features(self, rows: Mapping[str, Sequence[Any]], count: int) -> tuple[Array, Array]:
        """Features of the texts and images (rows, width), and the table block (rows, width), of
        cleaned rows given as columns.
        """
        found = (
            [
                self._read(rows, count),
                *(self.eye.features(list(rows[n])) for n in self.card["images"]),
            ]
            if self.eye
            else [self._read(rows, count)]
        )
        return np.hstack(found), tabular.build(rows, self.card["block"], count)

    def _read(self, rows: Mapping[str, Sequence[Any]], count: int) -> Array:
        if not self.reader:
            return np.zeros((count, 0), np.float32)
        apart = bool(self.card.get("pair"))
        texts = tabular.text_of(rows, self.card["texts"], count, apart)
        distinct = {t: i for i, t in enumerate(dict.fromkeys(texts))}
        found = (
            of_pairs(list(distinct), self.reader.features)
            if apart
            else self.reader.features(list(distinct))
        )
        return found[[distinct[t] for t in texts]]

    @property
    def says(self) -> str:
        """What comes out: `classes`, `labels` (several may be there) or `number`."""
        return "number" if self.scale else "labels" if self.card.get("many") else "classes"

    def column(self, label: str) -> int:
        """Which output speaks of a label; of a number there is one."""
        return 0 if self.scale else self.labels.index(label)

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The label (or `labels`) and probabilities of each cleaned row; of a number, `value` and
        the `interval` that holds it at `level`.
        """
        columns = {name: [row.get(name) for row in rows] for name in self.inputs}
        found: list[dict[str, Any]] = []
        if self.scale:
            said = self.outputs(columns, len(rows))[:, 0]
            both = interval_ends(
                self.scale,
                (
                    tabular.build(columns, self.card["block"], len(rows))
                    if self.scale.get("widths")
                    else np.zeros((len(rows), 0))
                ),
                said,
            )
            for i, value in enumerate(said.tolist()):
                more = (
                    {
                        "interval": [_digits(float(both[0][i])), _digits(float(both[1][i]))],
                        "level": self.scale["level"],
                    }
                    if both
                    else {}
                )
                found.append({"label": f"{_digits(value):g}", "value": _digits(value), **more})
            return found
        if self.says == "labels":
            return [self._labels(p) for p in self.outputs(columns, len(rows))]
        for p in self.outputs(columns, len(rows)):
            order = np.argsort(-p)[:5]
            first = int(middle(p[None])[0]) if self.card.get("ordered") else int(order[0])
            found.append(
                {
                    "label": self.labels[first],
                    "probability": round(float(p[first]), 6),
                    "probabilities": {self.labels[int(i)]: round(float(p[i]), 6) for i in order},
                }
            )
        return found

    def _labels(self, p: Array) -> dict[str, Any]:
        """The labels that are likelier there than not, also as one text, and the probabilities of
        the ten likeliest.
        """
        there = [self.labels[i] for i in np.flatnonzero(p >= 0.5)]
        likeliest = np.argsort(-p)[:10]
        return {
            "label": tabular.BETWEEN.join(there) or NONE,
            "labels": there,
            "probabilities": {self.labels[int(i)]: round(float(p[i]), 6) for i in likeliest},
        }


def _digits(value: float) -> float:
    return float(f"{value:.6g}")
