"""Exact unlearning of a kernel head: what is left equals a head fitted without the removed rows, at
the same settings.

Knows arrays and the files of a version. The inverse of the kernel matrix is kept with the head;
removing a row is one rank-one update of it, where a refit is a factorisation.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict, cast

import numpy as np

from mesocosm.core.files import write_json
from mesocosm.core.records import Json
from mesocosm.learning.arrays import Array, Floats, Ints, Mask
from mesocosm.learning.heads.kernel import KernelRidge, invert_kernel, mirror_lower

FILE = "forget.safetensors"
TOLERANCE = 1e-9  # by which updated and refitted weights may differ


class Certificate(TypedDict):
    """What was removed, and how the head compares with a refit: the greatest `difference` between
    the weights of both, and whether it is within `within`.
    """

    rows: int
    left: int
    seconds: float
    refit_seconds: float
    difference: float
    within: float
    equal: bool
    settings: dict[str, float]


def save_inverse(head: object, ids: Sequence[int], folder: Path) -> bool:
    """Write what unlearning needs into a version's folder, where its head is one kernel over few
    rows; whether it did.

    Args:
        ids: the dataset's numbers of the training rows, in their order; -1 for a row that has none.
    """
    from safetensors.numpy import save_file
    from scipy.linalg.lapack import dtrttf

    if not isinstance(head, KernelRidge) or head.inverse is None or head.middle:
        return False
    # rows past the dataset's are names of classes
    named: Ints = np.full(len(head.inverse), -1, np.int64)
    named[: len(ids)] = ids
    packed: Array = dtrttf(head.inverse, uplo="L")[0]
    tensors: dict[str, Array] = {
        "inverse": packed,
        "whole": head.whole,
        "ids": named,
        "text": head.rows_text,
        "table": head.rows_table,
    }
    save_file(
        {n: np.ascontiguousarray(x) for n, x in tensors.items()},
        folder / FILE,
        metadata=_numbers(head),
    )
    return True


def _numbers(head: KernelRidge) -> dict[str, str]:
    """The settings of a head, as the metadata of its file."""
    return {"numbers": json.dumps(_list_numbers(head))}


def _list_numbers(head: KernelRidge) -> dict[str, float]:
    return {
        "gamma_text": head.gamma_text,
        "gamma_table": head.gamma_table,
        "heat": head.heat,
        "ridge": head.ridge,
    }


def _set_numbers(head: KernelRidge, numbers: Mapping[str, float]) -> None:
    head.gamma_text, head.gamma_table = numbers["gamma_text"], numbers["gamma_table"]
    head.heat, head.ridge = numbers["heat"], numbers["ridge"]


def load_inverse(folder: Path) -> tuple[KernelRidge, Ints] | None:
    """The head of a version with its inverse, and the numbers of its rows; None where it keeps
    none.
    """
    from safetensors import safe_open
    from scipy.linalg.lapack import dtfttr

    path = folder / FILE
    if not path.is_file():
        return None
    with safe_open(path, "np") as kept:
        names: list[str] = list(kept.keys())
        tensors: dict[str, Array] = {name: kept.get_tensor(name) for name in names}
        numbers: dict[str, float] = json.loads(kept.metadata()["numbers"])
    head = KernelRidge()
    _set_numbers(head, numbers)
    unpacked: Array = dtfttr(len(tensors["whole"]), tensors["inverse"], uplo="L")[0]
    head.inverse = mirror_lower(unpacked)
    head.whole = tensors["whole"]
    head.rows_text, head.rows_table = tensors["text"], tensors["table"]
    return head, tensors["ids"].astype(np.int64)


class ExactRemoval:
    """A kernel head from which rows are removed, in place.

    Weights are the inverse times the targets less their mean, so the inverse times the targets and
    times one are kept: removing a row subtracts its share from both, and the mean is that of the
    rows still there.

    Source: the Sherman-Morrison formula; Cauwenberghs and Poggio 2000, NIPS (decremental learning).
    """

    def __init__(self, head: KernelRidge) -> None:
        assert head.inverse is not None
        self.head = head
        self.there: Mask = np.ones(len(head.whole), np.bool_)
        self.ones: Floats = head.inverse @ head.whole
        self.sums: Floats = head.inverse.sum(1)

    def take_out(self, row: int) -> None:
        """Remove one row: weights first, then the inverse, whose row and column become 0."""
        from scipy.linalg.blas import dsyr

        g = self.head.inverse
        assert g is not None and self.there[row] and self.there.sum() > 1
        across: Floats = np.concatenate([g[row, :row], g[row:, row]])
        within = np.float64(g[row, row])
        self.ones -= np.outer(across, self.ones[row] / within)
        self.sums -= across * (self.sums[row] / within)
        self.head.inverse = dsyr(
            -1 / within, across, lower=1, a=g, overwrite_a=1
        )  # the lower half is what is read
        self.there[row] = False

    def left(self) -> KernelRidge:
        """The head of the rows still there; nothing of the removed rows is in it."""
        old, stay, made = self.head, self.there, KernelRidge()
        assert old.inverse is not None
        _set_numbers(made, _list_numbers(old))
        made.whole = old.whole[stay]
        made.rows_text, made.rows_table = old.rows_text[stay], old.rows_table[stay]
        made.inverse = mirror_lower(old.inverse[np.ix_(stay, stay)])
        made.mean = made.whole.mean(0)
        made.alpha = self.ones[stay] - self.sums[stay, None] * made.mean
        return made


def refit_weights(head: KernelRidge) -> Array:
    """The weights of a head solved from scratch on its rows, at its settings."""
    mean: Array = head.whole.mean(0)
    return invert_kernel(head.within(), head.ridge) @ (head.whole - mean)


def unlearn_rows(folder: Path, aside: Path, ids: Sequence[int]) -> Certificate | None:
    """Write into `aside` a version without the rows of some numbers; its certificate, or None where
    that cannot be done exactly.

    Returns:
        `rows` removed, `left`, `seconds` for removing them, `refit_seconds` for a refit, the
        greatest `difference` between the weights of both, and whether it is within `within`.
    """
    loaded = load_inverse(folder)
    if loaded is None:
        return None
    head, named = loaded
    drop: list[int] = np.flatnonzero(np.isin(named, list(set(ids)))).tolist()
    if not drop or len(drop) == len(named):
        return None
    exact = ExactRemoval(head)
    began = time.perf_counter()
    for row in drop:
        exact.take_out(row)
    seconds = time.perf_counter() - began
    left = exact.left()
    certificate = _certify(left, len(drop), seconds)
    if not certificate["equal"]:
        return None
    _write_version(folder, aside, left, named[exact.there], len(drop))
    return certificate


def _certify(left: KernelRidge, rows: int, seconds: float) -> Certificate:
    """The certificate of a head from which `rows` were removed: it is compared with a refit."""
    began = time.perf_counter()
    refit = refit_weights(left)
    refit_seconds = time.perf_counter() - began
    difference = float(np.abs(left.alpha - refit).max())
    return {
        "rows": rows,
        "left": len(left.whole),
        "seconds": round(seconds, 6),
        "refit_seconds": round(refit_seconds, 6),
        "difference": difference,
        "within": TOLERANCE,
        "equal": difference <= TOLERANCE,
        "settings": {
            "gamma_text": left.gamma_text,
            "gamma_table": left.gamma_table,
            "ridge": left.ridge,
        },
    }


def _write_version(folder: Path, aside: Path, left: KernelRidge, named: Ints, removed: int) -> None:
    """Copy a version's files to `aside`, with the head of the rows that are left.

    Args:
        named: the dataset's numbers of the rows that are left; `removed`, how many are not.
    """
    from mesocosm.learning.export.onnx_export import export_head

    card: dict[str, Json] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    for path in folder.iterdir():
        if path.name not in (FILE, "head.onnx", "card.json") and path.is_file():
            shutil.copy(path, aside / path.name)
    save_inverse(left, named.tolist(), aside)
    left.alpha = left.alpha.astype(np.float32)
    labels = cast(Sequence[str], card["labels"])
    export_head(left.tensors(), aside / "head.onnx", len(labels))
    rows = cast(Mapping[str, int], card["rows"])
    forgot = cast(int, card.get("forgot", 0))
    counts = {"rows": {**rows, "train": rows["train"] - removed}, "forgot": forgot + removed}
    write_json(aside / "card.json", card | counts)
