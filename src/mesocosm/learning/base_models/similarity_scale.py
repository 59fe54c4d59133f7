"""Cosines of one base on the scale of another: those of E5 lie between 0.7 and 1, so that no
threshold that does for MiniLM would refuse anything.

Knows vectors. What a threshold is compared with means the same for every base: 0 is the similarity
of texts that have nothing to do with each other, `BAR` what 95 of 100 such pairs stay under.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]

CROWDED = 0.5  # median cosine of unrelated texts, from which a base's cosines crowd
UNRELATED = 95  # percentile of unrelated pairs that is refused by the default threshold
BAR = 0.55  # the default threshold
HIGHEST = 0.998  # floor of a table whose questions are nearly all the same
MIN_ROWS = 8  # of a table whose own pairs tell
MOST_ROWS = 2000  # of a table whose pairs are looked at
UNRELATED_QUESTIONS = (
    "How tall is the highest mountain?",
    "Who painted this picture?",
    "Will it rain tomorrow?",
    "How do I bake bread?",
    "世界上最高的山有多高？",
    "这幅画是谁画的？",
    "明天会下雨吗？",
    "面包怎么烤才松软？",
)  # of everyday life, for tables too short to tell


@dataclass(frozen=True)
class SimilarityScale:
    """The cosine of a typical unrelated pair, and the one that 95 of 100 of them stay under."""

    floor: float
    bar: float

    def stretch(self, cosines: Vectors) -> Vectors:
        """Cosines on the common scale; their order stays.

        >>> import numpy as np
        >>> scale = SimilarityScale(0.85, 0.89)
        >>> [round(float(x), 3) for x in scale.stretch(np.array([0.85, 0.87, 0.89, 1.0]))]
        [0.0, 0.275, 0.55, 1.0]
        """
        import numpy as np

        lowest = 2 * self.floor - 1
        points = [lowest, self.floor, self.bar, 1.0]
        return np.interp(cosines, points, [-1.0, 0.0, BAR, 1.0]).astype(np.float32)

    def stretch_one(self, cosine: float) -> float:
        """One cosine on the common scale."""
        import numpy as np

        return float(self.stretch(np.array([cosine], np.float32))[0])


def measure_scale(
    questions: Vectors, rows: Vectors, others: Vectors, answers: Sequence[str] = ()
) -> SimilarityScale | None:
    """The scale of a table whose row i answers question i; None where cosines do not crowd.

    Args:
        questions: vectors of the questions (rows, width).
        rows: vectors that a question is compared with (rows, width).
        others: vectors of `UNRELATED_QUESTIONS`, which count too where the table is short.
        answers: the answer of each row, rows of one answer being related; none where all differ.
    """
    import numpy as np

    some = np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).astype(int)
    cosines = questions[some] @ rows[some].T
    given = np.array(answers or range(len(rows)))[some]
    unrelated = cosines[given[:, None] != given]
    if len(np.unique(given)) < MIN_ROWS:
        unrelated = np.concatenate([unrelated, (others @ rows.T).ravel()])
    floor = min(float(np.median(unrelated)), HIGHEST)
    if floor < CROWDED:
        return None
    bar = float(np.percentile(unrelated, UNRELATED))
    return SimilarityScale(round(floor, 6), round(min(max(bar, floor + 1e-3), 0.999), 6))
