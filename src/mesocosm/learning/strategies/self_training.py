"""Self-training: unlabelled rows are trained on with the model's own predictions where it is
confident, as long as the loss of labelled rows falls.

Knows heads and arrays. Knows nothing of bases or files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import Field

from mesocosm.core.settings import Settings

Array = Any  # the file's grammar knows these settings, so nothing heavy is imported with them
Fit = Callable[[Array, Array, Array, Array], Any]


class SelfTraining(Settings):
    """Pseudo-label rows without a label where the model is confident.

    Args:
        above: the least probability of a pseudo-label.
        rounds: how often it is retrained with them.

    Source: Yarowsky 1995, ACL; Lee 2013, Pseudo-Label, ICML workshop.
    """

    short: ClassVar[str] = "above"
    above: float = Field(0.9, gt=0.5, lt=1)
    rounds: int = Field(2, ge=1, le=20)


def self_train(
    head: Any,
    setting: SelfTraining,
    labelled: tuple[Array, Array, Array],
    bare: tuple[Array, Array],
    held: tuple[Array, Array, Array] | None,
    fit: Fit,
    say: Callable[[str], None],
) -> tuple[Any, dict[str, Any]]:
    """The head after self-training, or the given one where the loss of labelled rows is no lower.

    Args:
        labelled: text features, table and classes of the labelled rows.
        bare: text features and table of the unlabelled rows.
        held: validation rows, whose log-loss decides; where there are none, the cross-validated one
            of the labelled rows does, which is biased toward self-training: a row's neighbours were
            labelled with its help.
        fit: fits heads of the same kinds on such rows; its last argument says which of the
            unlabelled rows are among them.

    Returns:
        The head, and `bare` (unlabelled rows), `used`, and the log-loss that decides, `before` and
        `after`.
    """
    import numpy as np

    from mesocosm.learning.heads.blend import softmax

    text, table, y = labelled
    count = len(bare[0])
    before = _evaluate_loss(head, y, held)
    if before is None or not count:
        return head, {"bare": count, "used": 0, "before": before, "after": before}
    best, used, lowest, current = head, 0, before, head
    for number in range(setting.rounds):
        p = softmax(current.logits(*bare))
        confident = p.max(1) >= setting.above
        if not confident.any():
            break
        current = fit(
            np.vstack([text, bare[0][confident]]),
            np.vstack([table, bare[1][confident]]),
            np.concatenate([y, p.argmax(1)[confident].astype(y.dtype)]),
            confident,
        )
        after = _evaluate_loss(current, y, held)
        what = "validation" if held else "cross-validated"
        loss = "unknown" if after is None else f"{after:.4f}"
        say(
            f"self-training, round {number + 1}: confident on {int(confident.sum())} of {count}"
            f" unlabelled rows; {what} log-loss {loss} ({before:.4f} before)"
        )
        if after is None or after >= lowest - 1e-6:
            break
        best, used, lowest = current, int(confident.sum()), after
    figures = {"before": round(before, 4), "after": round(lowest, 4)}
    return best, {"bare": count, "used": used} | figures


def _evaluate_loss(head: Any, y: Array, held: tuple[Array, Array, Array] | None) -> float | None:
    """The log-loss of validation rows, else the cross-validated one of the labelled rows, which
    come first; None where the head left other rows out.
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
