"""Rows taken out of a kernel head exactly: what is left equals a head fitted without them, at the
same settings.

Knows arrays and the files of a version. The inverse of the kernel matrix is kept beside the head;
taking a row out is one rank-one change of it, where fitting anew is a factorisation.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.core.files import write_json
from mesocosm.learning.heads.kernel import KernelRidge, inverse_of

Array = np.ndarray[Any, Any]
FILE = "forget.safetensors"
NUMBERS = ("gamma_text", "gamma_table", "heat", "ridge")
SAME = 1e-9  # what two ways of solving may differ by


def keep(head: Any, ids: Sequence[int], folder: Path) -> bool:
    """Write what forgetting needs beside a version, where its head is one kernel over few rows;
    says whether it did.

    Args:
        ids: the dataset's numbers of the training rows, in their order; -1 for a row that has none.
    """
    from safetensors.numpy import save_file
    from scipy.linalg.lapack import dtrttf

    if not isinstance(head, KernelRidge) or head.inverse is None or head.middle:
        return False
    named = np.full(len(head.inverse), -1, np.int64)  # rows past the dataset's are names of classes
    named[: len(ids)] = ids
    packed = dtrttf(head.inverse, uplo="L")[0]
    tensors = {
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
    return {"numbers": json.dumps({name: getattr(head, name) for name in NUMBERS})}


def load(folder: Path) -> tuple[KernelRidge, Array] | None:
    """The head of a version with its inverse, and the numbers of its rows; None where it keeps
    none.
    """
    from safetensors import safe_open
    from scipy.linalg.lapack import dtfttr

    path = folder / FILE
    if not path.is_file():
        return None
    with safe_open(path, "np") as kept:
        tensors = {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118
        numbers = json.loads(kept.metadata()["numbers"])
    head = KernelRidge()
    for name, value in numbers.items():
        setattr(head, name, value)
    lower = np.tril(dtfttr(len(tensors["whole"]), tensors["inverse"], uplo="L")[0])
    lower += np.tril(lower, -1).T
    head.inverse = np.asfortranarray(lower)
    head.whole, head.rows_text, head.rows_table = (
        tensors["whole"],
        tensors["text"],
        tensors["table"],
    )
    return head, tensors["ids"]


class Exact:
    """A kernel head from which rows are taken, in place.

    Weights are the inverse times the targets less their mean, so the inverse times the targets and
    times one are kept: a row that goes takes its share out of both, and the mean is that of the
    rows still there.

    Source: the Sherman-Morrison formula; Cauwenberghs and Poggio 2000, NIPS (decremental learning).
    """

    def __init__(self, head: KernelRidge) -> None:
        assert head.inverse is not None
        self.head, self.there = head, np.ones(len(head.whole), bool)
        self.ones, self.sums = head.inverse @ head.whole, head.inverse.sum(1)

    def take_out(self, row: int) -> None:
        """Take one row out: weights first, then the inverse, whose row and column become 0."""
        from scipy.linalg.blas import dsyr

        g = self.head.inverse
        assert g is not None and self.there[row] and self.there.sum() > 1
        across, within = np.concatenate([g[row, :row], g[row:, row]]), g[row, row]
        self.ones -= np.outer(across, self.ones[row] / within)
        self.sums -= across * (self.sums[row] / within)
        self.head.inverse = dsyr(
            -1 / within, across, lower=1, a=g, overwrite_a=1
        )  # the lower half is what is read
        self.there[row] = False

    def left(self) -> KernelRidge:
        """The head of the rows still there; nothing of the others is in it."""
        old, stay, made = self.head, self.there, KernelRidge()
        assert old.inverse is not None
        for name in NUMBERS:
            setattr(made, name, getattr(old, name))
        made.whole, made.rows_text, made.rows_table = (
            old.whole[stay],
            old.rows_text[stay],
            old.rows_table[stay],
        )
        lower = np.tril(old.inverse[np.ix_(stay, stay)])
        lower += np.tril(lower, -1).T
        made.inverse = np.asfortranarray(lower)
        made.mean = made.whole.mean(0)
        made.alpha = self.ones[stay] - self.sums[stay, None] * made.mean
        return made


def anew(head: KernelRidge) -> Array:
    """The weights of a head solved from nothing on its rows, at its settings."""
    return np.asarray(inverse_of(head.within(), head.ridge) @ (head.whole - head.whole.mean(0)))


def forget(folder: Path, aside: Path, ids: Sequence[int]) -> dict[str, Any] | None:
    """Fill `aside` with a version less the rows of some numbers; its certificate, or None where
    that cannot be done exactly.

    Returns:
        `rows` taken out, `left`, `seconds` for taking out, `refit_seconds` for solving anew, the
        greatest `difference` between the weights of both, and whether it is within `within`.
    """
    from mesocosm.learning.export.onnx_export import export_head

    found = load(folder)
    card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    drop = [i for i, n in enumerate(found[1].tolist()) if n in set(ids)] if found else []
    if found is None or not drop:
        return None
    head, named = found
    if len(drop) == len(named):
        return None
    exact = Exact(head)
    began = time.perf_counter()
    for row in drop:
        exact.take_out(row)
    took = time.perf_counter() - began
    left = exact.left()
    began = time.perf_counter()
    fresh = anew(left)
    again = time.perf_counter() - began
    gap = float(np.abs(left.alpha - fresh).max())
    certificate = {
        "rows": len(drop),
        "left": len(left.whole),
        "seconds": round(took, 6),
        "refit_seconds": round(again, 6),
        "difference": gap,
        "within": SAME,
        "equal": gap <= SAME,
        "settings": {
            "gamma_text": left.gamma_text,
            "gamma_table": left.gamma_table,
            "ridge": left.ridge,
        },
    }
    if not certificate["equal"]:
        return None
    for path in folder.iterdir():
        if path.name not in (FILE, "head.onnx", "card.json") and path.is_file():
            shutil.copy(path, aside / path.name)
    keep(left, named[[i for i in range(len(named)) if i not in set(drop)]].tolist(), aside)
    left.alpha = left.alpha.astype(np.float32)
    export_head(left.tensors(), aside / "head.onnx", len(card["labels"]))
    rows: Mapping[str, int] = card["rows"]
    write_json(
        aside / "card.json",
        card
        | {
            "rows": {**rows, "train": rows["train"] - len(drop)},
            "forgot": card.get("forgot", 0) + len(drop),
        },
    )
    return certificate
