"""The interface of all pretraining objectives. Knows torch's tensors, no texts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mesocosm.core.settings import Settings
from mesocosm.learning.arrays import Columns, read_number

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn


@dataclass(frozen=True)
class ClassesFact:
    """Of a category or boolean: the number of each value."""

    numbers: Mapping[str, int]

    @classmethod
    def of(cls, values: Sequence[object]) -> ClassesFact:
        """The values in their order, numbered."""
        names = sorted({str(value) for value in values})
        return cls({name: number for number, name in enumerate(names)})

    @property
    def outputs(self) -> int:
        """How many outputs a head of it has."""
        return len(self.numbers)

    def target_of(self, value: object) -> float:
        """The number of a value."""
        return float(self.numbers[str(value)])


@dataclass(frozen=True)
class NumberFact:
    """Of a number: its mean and its deviation."""

    mean: float
    sd: float

    @classmethod
    def of(cls, values: Sequence[object]) -> NumberFact:
        """Those of the values."""
        numbers = [read_number(value) for value in values]
        mean = sum(numbers) / len(numbers)
        return cls(mean, (sum((x - mean) ** 2 for x in numbers) / len(numbers)) ** 0.5)

    @property
    def outputs(self) -> int:
        """How many outputs a head of it has."""
        return 1

    def target_of(self, value: object) -> float:
        """A value in deviations from the mean."""
        return (read_number(value) - self.mean) / self.sd


Facts: TypeAlias = Mapping[str, ClassesFact | NumberFact]  # by field


class Objective(Settings):
    """What a base is trained to predict from texts.

    Attributes:
        fields: the labels that are needed besides the text; none for most.
    """

    fields: tuple[str, ...] = ()

    if TYPE_CHECKING:

        @property
        def method(self) -> str:
            """The objective's name in the file."""

    def facts(self, columns: Columns) -> Facts:
        """Facts of the fields' values that the net is built from."""
        del columns
        return {}

    def targets(self, facts: Facts, row: Sequence[object]) -> list[float]:
        """A text's values as numbers, one a field, in the order of `fields`; nan where there is
        none.
        """
        targets = []
        for value, fact in zip(row, facts.values(), strict=True):
            targets.append(float("nan") if value is None else fact.target_of(value))
        return targets

    @abstractmethod
    def net(self, encoder: nn.Module, facts: Facts) -> nn.Module:
        """The net that is trained; `encoder` is a part of it, and what is kept."""

    @abstractmethod
    def loss(
        self,
        net: nn.Module,
        ids: Tensor,
        mask: Tensor,
        words: Vocabulary,
        draw: Generator,
        targets: Tensor,
    ) -> Tensor:
        """The mean loss of a batch of token ids (rows, length) under their mask, a scalar tensor.

        Args:
            draw: a torch generator for random choices.
            targets: (rows, fields) in float32, nan for a gap.
        """


class Vocabulary:
    """What an objective needs of a tokenizer.

    Args:
        mask: the id of a masked token.
        marks: ids of special tokens (ends, padding).
        count: how many ids there are.
    """

    def __init__(self, mask: int, marks: set[int], count: int) -> None:
        self.mask, self.marks, self.count = mask, marks, count
