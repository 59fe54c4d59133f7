"""What every test of one feature has: which features it is for, and its p-value; and what a test of
several dimensions together has.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from mesocosm.catalog.contents import TrainingColumn


class FeatureTest(ABC):
    """Whether live values of a feature are distributed as the training rows' are.

    `of` names what it compares: `numbers`, or `counts` of categories.
    """

    of: ClassVar[Literal["numbers", "counts"]]

    @abstractmethod
    def p_value(self, training: TrainingColumn, live: Sequence[object]) -> float:
        """The p-value of the live values where nothing changed, 0 to 1.

        Args:
            training: what is known of the training rows: 200 quantiles as `numbers` with the count
                of `rows`, or `counts` by value.
            live: cleaned values, none missing.
        """


class JointTest(Protocol):
    """Whether live rows are distributed as the held-out ones are, in all dimensions together."""

    def p_value(self, before: ArrayLike, now: ArrayLike) -> float: ...
