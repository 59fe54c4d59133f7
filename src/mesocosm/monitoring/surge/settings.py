"""Settings of surges: one label predicted far more often than before. `detector.py` counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings
from mesocosm.core.values.numbers import to_float


class Surge(Settings):
    """When a label is predicted far more often than before.

    Args:
        label: the label that is counted.
        unsure: count predictions marked `unsure` instead, as when many requests belong to no class.
        by: a field of the rows whose values are counted apart, such as a topic.
        times: how many times its usual share is a surge; at most half of what is left to one.
        quiet: items between two false alarms, on average, where nothing happens.
        once: a field whose equal texts count once, such as a headline that many copy.
        sender: a field that says who sent an item.
        each: items that one sender may add to a surge at most; those of less confident predictions
            count for less.

    Source: Page 1954, Biometrika 41 (cumulative sums); Reynolds and Stoumbos 1999, Journal of
    Quality Technology 31 (of proportions).
    """

    short: ClassVar[str] = "label"
    label: str | None = None
    unsure: bool = False
    by: str | None = None
    times: float = Field(3.0, gt=1, le=100)
    quiet: int = Field(10_000, ge=100, le=10_000_000)
    once: str | None = None
    sender: str | None = None
    each: int = Field(3, ge=1, le=1000)

    @model_validator(mode="after")
    def _check_counted(self) -> Surge:
        if (self.label is None) != self.unsure:
            raise ValueError(Message("config.label_or_unsure"))
        return self

    @property
    def counted(self) -> str:
        """What is counted, in a word."""
        if self.label is None:
            return "unsure"
        return self.label

    def read_label(self, output: Mapping[str, object]) -> str:
        """What a prediction counts as.

        >>> Surge(unsure=True).read_label({"label": "late", "unsure": True})
        'unsure'
        >>> Surge(label="late").read_label({"label": "late", "unsure": True})
        'late'
        """
        if self.label is not None:
            return str(output.get("label"))
        return "unsure" if output.get("unsure") else "sure"

    def read_probability(self, output: Mapping[str, object]) -> float | None:
        """The probability of the label that is counted; None where a prediction has none, or is of
        several labels at once.

        >>> output = {"label": "lost", "probabilities": {"lost": 0.6, "late": 0.3, "card": 0.06}}
        >>> Surge(label="late").read_probability(output)
        0.3
        >>> round(Surge(label="fee").read_probability(output), 3)
        0.04
        """
        listed = output.get("probabilities")
        if self.label is None or not isinstance(listed, Mapping) or "labels" in output:
            return None
        if not listed:
            return None
        shares = {str(label): to_float(share) for label, share in listed.items()}
        unlisted = min(*shares.values(), max(0.0, 1 - sum(shares.values())))
        return shares.get(self.label, unlisted)

    def risen(self, usual: float) -> float:
        """The share that is looked for.

        >>> Surge(label="bad").risen(0.1), Surge(label="bad").risen(0.6)
        (0.30000000000000004, 0.8)
        """
        return min(self.times * usual, (1 + usual) / 2)
