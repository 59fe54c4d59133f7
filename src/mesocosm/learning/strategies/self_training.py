"""Self-training: unlabelled rows are trained on with the model's own predictions where it is
confident, as long as the loss of labelled rows falls.

Knows heads and arrays. Knows nothing of bases or files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.core.settings import Settings

if TYPE_CHECKING:  # the file's grammar knows these settings: nothing heavy is imported with them
    from mesocosm.core.records import Json
    from mesocosm.learning.arrays import Array, Floats, Ints, Mask
    from mesocosm.learning.heads.head import Head

    Labelled = tuple[Array, Array, Array]  # text features, table and classes of rows
    Fit = Callable[[Array, Array, Array, Mask], Head]


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
    head: Head,
    setting: SelfTraining,
    labelled: Labelled,
    bare: tuple[Array, Array],
    held: Labelled | None,
    fit: Fit,
    say: Say,
) -> tuple[Head, dict[str, Json]]:
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
    count, y = len(bare[0]), labelled[2]
    before = _evaluate_loss(head, y, held)
    if before is None or not count:
        return head, {"bare": count, "used": 0, "before": before, "after": before}
    best, used, lowest, current = head, 0, before, head
    for number in range(setting.rounds):
        added = _pseudo_label(current, setting, labelled, bare, fit)
        if added is None:
            break
        current, confident = added
        after = _evaluate_loss(current, y, held)
        say(_describe_round(number + 1, (confident, count), (before, after), held))
        if after is None or after >= lowest - 1e-6:
            break
        best, used, lowest = current, confident, after
    figures: dict[str, Json] = {"before": round(before, 4), "after": round(lowest, 4)}
    return best, {"bare": count, "used": used} | figures


def _pseudo_label(
    head: Head, setting: SelfTraining, labelled: Labelled, bare: tuple[Array, Array], fit: Fit
) -> tuple[Head, int] | None:
    """A head fitted on the unlabelled rows that another is confident of, too, and how many they
    are; None where there are none.
    """
    import numpy as np

    from mesocosm.learning.heads.blend import softmax

    text, table, y = labelled
    p = softmax(head.logits(*bare))
    greatest: Floats = p.max(1)
    classes: Ints = p.argmax(1)
    confident: Mask = greatest >= setting.above
    if not confident.any():
        return None
    fitted = fit(
        np.vstack([text, bare[0][confident]]),
        np.vstack([table, bare[1][confident]]),
        np.concatenate([y, classes[confident].astype(y.dtype)]),
        confident,
    )
    return fitted, int(confident.sum())


def _describe_round(
    number: int,
    rows: tuple[int, int],
    losses: tuple[float, float | None],
    held: Labelled | None,
) -> Message:
    """A round's confident rows of all unlabelled ones, and the log-loss that decides, before it and
    after.
    """
    part, loss = Message("progress.part_cross_validated"), Message("progress.unknown")
    if held:
        part = Message("progress.part_validation")
    (confident, count), (before, after) = rows, losses
    return Message(
        "progress.self_training",
        round=number,
        confident=confident,
        count=count,
        part=part,
        loss=loss if after is None else f"{after:.4f}",
        before=before,
    )


def _evaluate_loss(head: Head, y: Array, held: Labelled | None) -> float | None:
    """The log-loss of validation rows, else the cross-validated one of the labelled rows, which
    come first; None where the head left other rows out.
    """
    from mesocosm.learning.heads.kernel import log_loss

    if held:
        return log_loss(head.logits(held[0], held[1]), held[2])
    left = _left_out_scores(head, y)
    if left is None:
        return None
    return log_loss(left, y)


def _left_out_scores(head: Head, y: Array) -> Array | None:
    """The held-out scores of labelled rows; None where the head left other rows out."""
    import numpy as np

    left: Array = getattr(head, "left_out", np.zeros((0, 1)))
    if not np.isfinite(head.loss) or len(left) < len(y) or len(left) != len(head.y_left):
        return None
    if not np.array_equal(head.y_left[: len(y)], y):
        return None
    return left[: len(y)]
