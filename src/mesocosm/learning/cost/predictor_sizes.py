"""Sizes of a predictor and of its dataset, which its work is counted from. Fits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.learning.base_models.base import feature_cache_path
from mesocosm.learning.cost.workload import Net, count_tokens
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.heads.selection import candidate_heads

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.features.splits import Splits
    from mesocosm.learning.model import Model

FILTERED = 512  # features of an image by filters that are learnt from the training images


@dataclass(frozen=True)
class PredictorSizes:
    """What the work of a predictor is counted from."""

    model: Model
    parts: Splits
    base: Base | None
    store: Path
    image_base: Base | None
    corpus: Sequence[str] | None

    @cached_property
    def net(self) -> Net:
        """The net of the texts."""
        pretrain = self.model.pretrain
        if pretrain and pretrain.from_scratch and self.base is None:
            new = pretrain.from_scratch
            return Net.new(new.layers, new.width, new.vocab_size)
        return Net.of(self.base)

    @cached_property
    def image_net(self) -> Net:
        """The net of the images; of no size where filters are fitted."""
        return Net.of(self.image_base)

    @property
    def rows(self) -> int:
        """Training rows."""
        return len(self.parts.y["train"])

    @property
    def test_rows(self) -> int:
        """Test rows."""
        return len(self.parts.y["test"])

    @property
    def outputs(self) -> int:
        """Classes; 0 for a number."""
        return self.parts.outcome.classes

    @property
    def table_width(self) -> int:
        """Columns of the table features."""
        return int(self.parts.table["train"].shape[1])

    @cached_property
    def images(self) -> dict[str, float]:
        """Images by part."""
        return {p: float(sum(map(len, f.values()))) for p, f in self.parts.images.items()}

    @property
    def feature_width(self) -> int:
        """Width of the features of texts and images that the head takes."""
        width = self.net.width
        if self.model.apart:
            width *= 4
        if self.images["train"]:
            width += len(self.parts.images["train"]) * (self.image_net.width or FILTERED)
        return width

    @cached_property
    def heads(self) -> list[str]:
        """The heads that are fitted."""
        model, parts = self.model, self.parts
        if model.fusion == "attention":
            return ["attention"]
        head = "linear"
        if isinstance(model.fine_tune, Frozen):
            head = model.fine_tune.head
        if head != "auto":
            return [head]
        text = np.zeros((1, min(1, len(parts.text_names))), np.float32)
        return candidate_heads(text, parts.table["train"], parts.y["train"], parts.outcome.classes)

    @property
    def fine_tunes(self) -> bool:
        """Whether a base is trained."""
        return self.model.fine_tune.method != "frozen"

    @property
    def scopes(self) -> tuple[str, ...]:
        """The bases that are fine-tuned: of `text`, of `image`."""
        tune = self.model.fine_tune
        if isinstance(tune, Frozen):
            return ()
        if not self.parts.images["train"]:
            return ("text",)
        if tune.trainable == "both":
            return ("text", "image")
        return (tune.trainable,)

    @cached_property
    def tokens(self) -> dict[str, float]:
        """Tokens by part; 0 without a base of texts."""
        texts = self.parts.texts
        if not self.net.weights:
            return dict.fromkeys(texts, 0.0)
        return {p: count_tokens(texts[p]) for p in texts}

    @property
    def all_tokens(self) -> float:
        """Tokens of all parts."""
        return sum(self.tokens.values())

    @property
    def mean_tokens(self) -> float:
        """Tokens of a text."""
        return self.all_tokens / max(1, sum(map(len, self.parts.texts.values())))

    @cached_property
    def is_cached(self) -> bool:
        """Whether the features of the texts lie in the store."""
        if self.base is None or self.corpus is not None or self.model.apart:
            return False
        texts: list[str] = []
        for part in self.parts.where:
            texts += self.parts.texts[part]
        return feature_cache_path(self.base, texts, self.model.max_length, self.store).is_file()

    @property
    def variant(self) -> str:
        """What tells the pace of this kind of job from others, besides sizes."""
        model, strategy, inputs = self.model, "", "table"
        if model.init_from:
            strategy = "adapted "
        elif model.federated:
            strategy = "federated "
        if self.parts.images["train"]:
            inputs = "image"
        elif self.parts.text_names:
            inputs = "text"
        return f"{model.fine_tune.method} {strategy}{'+'.join(self.heads)} {inputs}"
