"""Self-training: rows without a label teach where the model is sure of them, as long as rows with a
label are told better for it.

Knows heads and arrays. Knows nothing of bases or files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import Field

from mesocosm.core.settings import Kind

Array = Any  # the file's grammar knows these settings, so nothing heavy is imported with them
Fit = Callable[[Array, Array, Array, Array], Any]


class SelfTraining(Kind):
    """Take the model's own answer as the label of rows that have none, where it is sure.

    Args:
        above: the probability from which on it is sure.
        rounds: how often it learns from them anew.

    Source: Yarowsky 1995, ACL; Lee 2013, Pseudo-Label, ICML workshop.
    """

    short: ClassVar[str] = "above"
    above: float = Field(0.9, gt=0.5, lt=1)
    rounds: int = Field(2, ge=1, le=20)


def self_trained(
    head: Any,
    setting: SelfTraining,
    labelled: tuple[Array, Array, Array],
    bare: tuple[Array, Array],
    held: tuple[Array, Array, Array] | None,
    fit: Fit,
    say: Callable[[str], None],
) -> tuple[Any, dict[str, Any]]:
    """The head after it taught itself, or as it was where rows with a label are told no better.

    Args:
        labelled: text features, table and classes of the rows with a label.
        bare: text features and table of those without.
        held: validation rows, whose log-loss decides; where there are none, the left-out one of the
            rows with a label does, which is kind to self-training: a row's neighbours were labelled
            with its help.
        fit: fits heads of the same kinds on such rows; it is told which of those without a label
            teach too.

    Returns:
        The head, and `bare` (rows without a label), `used`, and the log-loss that decides, `before`
        and `after`.
    """
    import numpy as np

    from mesocosm.learning.heads.blend import softmax

    text, table, y = labelled
    what = "validation" if held else "left-out"
    before = _judged(head, y, held)
    best, used, lowest = head, 0, before
    if before is None or lowest is None or not len(bare[0]):
        return head, {"bare": len(bare[0]), "used": 0, "before": before, "after": before}
    now = head
    for number in range(setting.rounds):
        p = softmax(now.logits(*bare))
        sure = p.max(1) >= setting.above
        if not sure.any():
            break
        now = fit(
            np.vstack([text, bare[0][sure]]),
            np.vstack([table, bare[1][sure]]),
            np.concatenate([y, p.argmax(1)[sure].astype(y.dtype)]),
            sure,
        )
        after = _judged(now, y, held)
        say(
            f"self-training, round {number + 1}: {int(sure.sum())} of {len(sure)} rows without a"
            f" label are sure; {what} log-loss {'not known' if after is None else f'{after:.4f}'}"
            f" ({before:.4f} before)"
        )
        if after is None or after >= lowest - 1e-6:
            break
        best, used, lowest = now, int(sure.sum()), after
    return best, {
        "bare": len(bare[0]),
        "used": used,
        "before": round(before, 4),
        "after": round(lowest, 4),
    }


def _judged(head: Any, y: Array, held: tuple[Array, Array, Array] | None) -> float | None:
    """The log-loss of validation rows, else the left-out one of the rows with a label, which come
    first; None where the head left other rows out.
    """
    import numpy as np

    from mesocosm.learning.heads.kernel import log_loss

    if held:
        return log_loss(head.logits(held[0], held[1]), held[2])
    left = getattr(head, "left_out", np.zeros((0, 1)))
    if (
        not np.isfinite(head.loss)
        or len(left) < len(y)
        or len(left) != len(head.y_left)
        or not np.array_equal(head.y_left[: len(y)], y)
    ):
        return None
    return log_loss(left[: len(y)], y)
