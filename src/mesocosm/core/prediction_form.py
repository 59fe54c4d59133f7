"""The form of a prediction: what a service, a worker and a protocol need to know of it.

Knows words. Knows no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

LabelForm = Literal["one", "many", "number", "free"]


@dataclass(frozen=True)
class PredictionForm:
    """What a prediction holds besides its label, and what a true label looks like.

    Args:
        label: `one` of the model's labels, `many` of them with ';' between, a `number`, or a `free`
            text.
        numbers: keys of numbers that every prediction has, such as `probability`.
    """

    label: LabelForm = "one"
    numbers: tuple[str, ...] = ()

    @property
    def has_probability(self) -> bool:
        """Whether a prediction has the probability of its label, so that a service can abstain."""
        return "probability" in self.numbers

    def as_json(self) -> dict[str, object]:
        """The form as JSON-ready data."""
        return asdict(self) | {"numbers": list(self.numbers)}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> PredictionForm:
        """The form that `as_json` wrote.

        >>> PredictionForm.from_json(PredictionForm("number", ("value",)).as_json())
        PredictionForm(label='number', numbers=('value',))
        """
        label, numbers = data["label"], data["numbers"]
        assert label in ("one", "many", "number", "free") and isinstance(numbers, list)
        return cls(label, tuple(str(name) for name in numbers))


CLASSES = PredictionForm(numbers=("probability",))
LABELS = PredictionForm("many")
NUMBER = PredictionForm("number", ("value",))
FREE_TEXT = PredictionForm("free")
