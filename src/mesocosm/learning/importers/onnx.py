"""A model that was trained elsewhere, imported as an ONNX graph: checked before it runs, evaluated
and served as our own.

Knows ONNX graphs. Only operators of the standard are taken, and no file beside the graph is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import inside
from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    from onnx import ModelProto

    from mesocosm.learning.arrays import Array, Floats, Mask
    from mesocosm.learning.features.tabular import Fact
    from mesocosm.learning.heads.head import Groups, Head, HeadSettings, Tensors
    from mesocosm.learning.tasks.graph_session import GraphSession

FLOAT = 1  # onnx.TensorProto.FLOAT
FAR = 1e30  # beyond every number of a row
MAX_BYTES = 2_000_000_000


class ImportedModel(Settings):
    """A model of numbers in one row each, trained elsewhere.

    Args:
        onnx: the file, inside the project. Its one input takes (rows, inputs) in float32 in the
            order of `inputs`; an output gives probabilities (rows, classes), or values (rows, 1)
            where a number is predicted.
        keras: a `.keras` file in its place, of Keras 3; needs the extra `keras`.
        tensorflow: a SavedModel's folder in its place, of TensorFlow 2; needs the extra
            `tensorflow`.
        labels: the classes in the order of its output; the alphabet's where it is not given.

    Source: https://onnx.ai/onnx/repo-docs/IR.html

    >>> ImportedModel(onnx="models/old.onnx").labels
    ()
    """

    short: ClassVar[str] = "onnx"
    onnx: str | None = None
    keras: str | None = None
    tensorflow: str | None = None
    labels: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one(self) -> ImportedModel:
        if sum(one is not None for one in (self.onnx, self.keras, self.tensorflow)) != 1:
            raise ValueError(Message("config.one_imported_format"))
        return self

    @property
    def extras(self) -> tuple[str, ...]:
        """The extra that reads it."""
        if self.keras:
            return ("keras",)
        if self.tensorflow:
            return ("tensorflow",)
        return ()

    @property
    def file(self) -> str:
        """The file's name, or the folder's."""
        return self.onnx or self.keras or self.tensorflow or ""

    @property
    def key(self) -> str:
        """Its key in the file, for messages."""
        if self.onnx:
            return "base.onnx"
        if self.keras:
            return "base.keras"
        return "base.tensorflow"

    def path(self, root: Path) -> Path:
        """The path of the file or folder.

        Raises:
            ConfigValueError: it leaves the project, or is not there.
        """
        found = inside(root, self.file, self.key)
        if self.tensorflow:
            if not found.is_dir():
                raise ConfigValueError(
                    self.key,
                    Message("learning.no_folder", file=self.file),
                    Message("learning.a_saved_model"),
                )
        elif not found.is_file():
            expected = Message("learning.a_keras_file")
            if self.onnx:
                expected = Message("learning.an_onnx_file")
            raise ConfigValueError(self.key, Message("learning.no_file", file=self.file), expected)
        return found

    def content(self, root: Path) -> str:
        """The fingerprint of its bytes.

        Raises:
            ConfigValueError: as `path`.
        """
        from mesocosm.core.hashing import digest_file, digest_folder

        found = self.path(root)
        if self.tensorflow:
            return digest_folder(found)
        return digest_file(found)


def plain_facts(inputs: Sequence[str]) -> dict[str, Fact]:
    """Facts of table features that are the numbers as they are; a missing one is 0."""
    return {
        n: {"kind": "number", "mean": 0.0, "sd": 1.0, "low": -FAR, "high": FAR, "gaps": False}
        for n in inputs
    }


def load_head(
    setting: ImportedModel,
    root: Path,
    inputs: int,
    labels: Sequence[str],
    scale: tuple[float, float] | None,
) -> ImportedHead:
    """The graph as a head that is fitted already.

    Args:
        inputs: how many numbers a row has.
        labels: our classes in their order; none for a number.
        scale: as in `wrap_as_head`.

    Raises:
        ConfigValueError: its classes are not those of the training rows, or the graph is refused
            (`wrap_as_head`).
    """
    from mesocosm.learning.importers.onnx_graph import wrap_as_head

    theirs = list(setting.labels or labels)
    for label in labels:
        if label not in theirs:
            raise ConfigValueError(
                "base.labels",
                Message("learning.class_not_listed", label=label),
                Message("learning.classes_in_order"),
                theirs,
                label,
            )
    order = [theirs.index(label) for label in labels] or [0]
    return ImportedHead(wrap_as_head(setting, root, inputs, order, scale), len(labels))


class ImportedHead:
    """A graph of probabilities, or of standardized values, as our heads are."""

    name = "brought"
    loss = float("nan")

    def __init__(self, model: ModelProto, classes: int) -> None:
        import numpy as np
        import onnxruntime

        self.model, self.classes = model, classes
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # errors are reported as a message of ours
        try:
            self.session: GraphSession = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ConfigValueError(
                "base.onnx",
                Message("learning.graph_fails", reason=str(error).splitlines()[0][:160]),
                Message("learning.onnx_runtime_graph"),
            ) from error
        self.settings: HeadSettings = {"producer": model.producer_name}
        self.left_out: Array = np.zeros((0, max(1, classes)))
        self.y_left: Array = np.zeros(0)

    def logits(self, text: Array, table: Array) -> Array:
        """Logarithms of its probabilities (rows, classes), or its values (rows, 1).

        Raises:
            ConfigValueError: the graph cannot be run on the rows, or its output is no
                probabilities.
        """
        import numpy as np

        try:
            out: Floats = np.asarray(self.session.run(None, {"features": text, "table": table})[0])
        except Exception as error:
            raise ConfigValueError(
                "base.onnx",
                Message("learning.graph_fails_on_rows", reason=str(error).splitlines()[0][:160]),
                Message("learning.graph_of_rows"),
            ) from error
        if not self.classes:
            return out
        if not _are_probabilities(out):
            raise ConfigValueError(
                "base.onnx",
                Message("learning.not_probabilities"),
                Message("learning.probabilities"),
            )
        return np.asarray(np.log(np.maximum(out, 1e-13)))

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Head:
        """Itself: an imported model is not fitted."""
        return self

    def tensors(self) -> list[Tensors]:
        """None: its graph is written as it is."""
        return []


def _are_probabilities(out: Floats) -> bool:
    """Whether rows are finite, not negative, and add up to about 1."""
    import numpy as np

    totals: Floats = out.sum(1)
    sums_to_one: Mask = np.abs(totals - 1) <= 0.02
    negative: Mask = out < -1e-4
    return bool(np.isfinite(out).all() and not negative.any() and sums_to_one.all())
