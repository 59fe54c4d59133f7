"""Multitask pretraining: one trunk is trained on several labels of its texts, so that many models
can share it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.learning.pretraining.objective import Objective, Vocabulary


class Multitask(Objective):
    """Every field has a head of its own over one trunk, and the trunk is trained on all of them at
    once.

    Models with the same `pretrain` share the trunk: it is trained and stored once, on disk and in
    memory, and each fits its own head.

    Args:
        fields: categories, booleans and numbers of the dataset that is read; a gap adds no loss.

    Source: Caruana 1997, Machine Learning 28 (hard parameter sharing); Liu et al. 2019, arXiv
    1901.11504.

    >>> Multitask(fields=["topic", "urgency"]).fields
    ('topic', 'urgency')
    """

    method: Literal["multitask"] = "multitask"
    fields: tuple[str, ...] = Field(min_length=1)

    def facts(self, columns: Mapping[str, Sequence[Any]]) -> dict[str, dict[str, Any]]:
        """Per field its classes, or the mean and deviation of its numbers."""
        result: dict[str, dict[str, Any]] = {}
        for name in self.fields:
            values = [v for v in columns[name] if v is not None]
            if len(set(values)) < 2:
                raise ConfigValueError(
                    "pretrain.method",
                    f"'{name}' holds fewer than two values",
                    "a field that distinguishes texts",
                )
            if isinstance(values[0], (bool, str)):
                result[name] = {"classes": sorted({str(v) for v in values})}
            else:
                mean = sum(values) / len(values)
                result[name] = {
                    "mean": mean,
                    "sd": (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5,
                }
        return result

    def targets(self, facts: Mapping[str, dict[str, Any]], row: Sequence[Any]) -> list[float]:
        """A row's values as numbers, in the order of `fields`; nan where there is none."""
        result = []
        for value, fact in zip(row, facts.values(), strict=True):
            if value is None:
                result.append(float("nan"))
            elif "classes" in fact:
                result.append(float(fact["classes"].index(str(value))))
            else:
                result.append((float(value) - fact["mean"]) / fact["sd"])
        return result

    def net(self, encoder: Any, facts: Mapping[str, dict[str, Any]]) -> Any:
        """The trunk with mean pooling under one linear head a field."""
        from torch import nn

        from mesocosm.learning.features.embeddings import Trunk

        class Telling(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.trunk = Trunk(encoder)
                self.heads = nn.ModuleList(
                    nn.Linear(encoder.config.hidden_size, len(f.get("classes", [0])))
                    for f in facts.values()
                )

            def forward(self, ids: Any, mask: Any) -> list[Any]:
                features = self.trunk(ids, mask) * 8.0  # unit vectors alone make heads slow
                return [head(features) for head in self.heads]

        return Telling()

    def loss(
        self, net: Any, ids: Any, mask: Any, words: Vocabulary, draw: Any, targets: Any
    ) -> Any:
        """The mean over fields of cross-entropy or squared error of the rows that have a value."""
        import torch
        from torch.nn import functional as f

        del words, draw
        outputs, losses = net(ids, mask), []
        for logits, true in zip(outputs, targets.T, strict=True):
            present = ~torch.isnan(true)
            if not present.any():
                continue
            predicted, right = logits[present].float(), true[present]
            if predicted.shape[1] > 1:
                losses.append(f.cross_entropy(predicted, right.long()))
            else:
                losses.append(f.mse_loss(predicted[:, 0], right))
        if not losses:
            return outputs[0].sum() * 0.0
        return sum(losses) / len(outputs)
