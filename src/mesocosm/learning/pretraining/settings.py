"""Settings of pretraining: which texts, which objective, how long. Knows settings only."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from mesocosm.core.settings import Settings, one_of
from mesocosm.learning.pretraining import OBJECTIVES, Objective
from mesocosm.learning.pretraining.masked import Masked

if TYPE_CHECKING:
    ObjectiveSetting = Objective
else:
    ObjectiveSetting = one_of(OBJECTIVES, "method")


class Scratch(Settings):
    """A base trained from scratch: its own tokenizer, its own layers.

    Args:
        layers: how many transformer layers.
        width: the size of a token's state; a multiple of 32.
        vocab_size: how many pieces of words its tokenizer has.

    Source: Devlin et al. 2019, arXiv 1810.04805 (the architecture); Schuster and Nakajima 2012,
    ICASSP (WordPiece).

    >>> Scratch().width
    128
    """

    layers: int = Field(4, ge=1, le=48)
    width: int = Field(128, ge=32, le=4096, multiple_of=32)
    vocab_size: int = Field(8000, ge=200, le=200_000)


class Pretrain(Settings):
    """Pretrain the base on texts without labels before it is fine-tuned.

    Args:
        fields: the text fields to read, of `dataset`, or of the model's own dataset.
        dataset: another dataset; of the model's own, test rows are not read.
        method: the pretraining objective.
        epochs: passes over the texts.
        learning_rate: the peak of AdamW's learning rate.
        batch: texts in a batch.
        from_scratch: train a new base instead of starting from `base`.

    Source: Gururangan et al. 2020, arXiv 2004.10964 (Don't Stop Pretraining).

    >>> Pretrain(fields=["note"]).epochs
    1
    """

    short: ClassVar[str] = "fields"
    fields: tuple[str, ...] = Field(min_length=1)
    dataset: str | None = None
    method: ObjectiveSetting = Masked()
    epochs: int = Field(1, ge=1, le=1000)
    learning_rate: float = Field(5e-5, gt=0, le=1)
    batch: int = Field(32, ge=2, le=4096)
    from_scratch: Scratch | None = None
