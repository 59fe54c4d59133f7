"""Continual learning: a version starts from the previous one's weights, important weights are
anchored (elastic weight consolidation), and old rows are replayed.

Knows torch when it works, safetensors and metrics. Its settings are known to the file's grammar, so
nothing heavy is imported with them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.tasks.outcome import Outcome
    from mesocosm.learning.training.loop.trainer import TrainingRows, TrunkWithHead

WEIGHTS_FILE, IMPORTANCE_FILE = "learnt.safetensors", "mattered.safetensors"
HEAD = ("weights", "bias")  # parameters of a head, which fit no other outputs
ROWS = 200  # training rows whose gradients estimate the importance
MIN_TEST_ROWS = 10  # previous test rows under which retention is not measured


class Continual(Settings):
    """Start from the last version's weights, and retain what it knew.

    Args:
        replay: old training rows that are seen again, as a share of the new ones; of rows that are
            not in the new snapshot any more.
        ewc: the weight of elastic weight consolidation; 0 for none.

    Source: Kirkpatrick et al. 2017, PNAS 114 (elastic weight consolidation); Robins 1995,
    Connection Science 7 (rehearsal).

    >>> Continual().replay
    0.25
    """

    short: ClassVar[str] = "replay"
    replay: float = Field(0.25, ge=0, le=10)
    ewc: float = Field(0.0, ge=0, le=1e6)


@dataclass
class PreviousVersion:
    """The version that a new one continues.

    Args:
        setting: how it is continued.
        version: the previous version's id, or none.
        folder: where its files are.
        before: it, loaded (`labels`, `outputs`).
        known: columns of its test rows, where they are not those of now.
        old: how many old rows are replayed.
    """

    setting: Continual
    version: str = ""
    folder: Path | None = None
    before: Any = None
    known: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    old: int = 0

    def begin(
        self, net: Any, base: Base, method: str, outcome: Outcome | None, say: Callable[[str], None]
    ) -> bool:
        """Copy the previous version's weights into a net that is about to be trained; whether it
        did.

        Args:
            outcome: of its head; None for a net without one.
        """
        import torch

        if self.folder is None or not (self.folder / WEIGHTS_FILE).is_file():
            return False
        origin, weights = _read_weights(self.folder / WEIGHTS_FILE)
        trained = {n: p for n, p in net.named_parameters() if p.requires_grad}
        if origin["task"] != _describe_outputs(outcome):
            for name in HEAD:
                trained.pop(name, None)
        same = (origin["base"], origin["method"]) == (base.weights, method)
        if not same or not _fits(trained, weights):
            say(f"restarting from scratch: {self.version} has another base, method or table")
            return False
        with torch.no_grad():
            for name, weight in trained.items():
                weight.copy_(weights[name])
        self._anchor_weights(net, {name: weights[name] for name in trained})
        self.tell(bool(net.anchor), say)
        return True

    def _anchor_weights(self, net: Any, weights: Mapping[str, Any]) -> None:
        """Anchor a net at the previous weights, where their importance is known."""
        from safetensors.torch import load_file

        if self.folder is None or not self.setting.ewc:
            return
        path = self.folder / IMPORTANCE_FILE
        if path.is_file():
            importance = load_file(path)
            held = {n: (w, importance[n]) for n, w in weights.items() if n in importance}
            net.anchor = Anchor(held, self.setting.ewc)

    def tell(self, held: bool, say: Callable[[str], None]) -> None:
        """Say where training starts, whether important weights are anchored, and how many old rows
        are replayed.
        """
        line = f"warm start from {self.version}"
        if held:
            line += f"; important weights are anchored (ewc {self.setting.ewc:g})"
        if self.old:
            line += f"; {self.old} old rows are replayed"
        say(line)

    def end(
        self,
        net: Any,
        base: Base,
        method: str,
        outcome: Outcome | None,
        matter: Callable[[], dict[str, Any]],
        folder: Path,
    ) -> None:
        """Write a version's trained weights into its folder, and their importance (`matter`), for
        the next version.
        """
        from safetensors.torch import save_file

        weights = {
            n: p.detach().float().contiguous() for n, p in net.named_parameters() if p.requires_grad
        }
        origin = {"base": base.weights, "method": method, "task": _describe_outputs(outcome)}
        save_file(weights, folder / WEIGHTS_FILE, metadata={"learnt": json.dumps(origin)})
        if self.setting.ewc:
            save_file(matter(), folder / IMPORTANCE_FILE)


def _read_weights(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The base, method and outcome of stored weights, and the weights."""
    from safetensors import safe_open

    with safe_open(path, "pt") as stored:
        origin: dict[str, Any] = json.loads(stored.metadata()["learnt"])
        return origin, {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118


def _fits(trained: Mapping[str, Any], weights: Mapping[str, Any]) -> bool:
    """Whether stored weights have the names and shapes of a net's."""
    return all(n in weights and weights[n].shape == p.shape for n, p in trained.items())


class Anchor:
    """A quadratic penalty that pulls weights back to where they were, by the importance of each.

    Args:
        held: for each weight's name its old value and its importance, tensors of its shape.
        strength: of the penalty.
    """

    def __init__(self, held: Mapping[str, tuple[Any, Any]], strength: float) -> None:
        self.held, self.strength = dict(held), strength

    def penalty(self, net: Any) -> Any:
        """What is added to the loss, a scalar tensor."""
        named = dict(net.named_parameters())
        distances = (
            (importance.to(named[name]) * (named[name] - old.to(named[name])) ** 2).sum()
            for name, (old, importance) in self.held.items()
        )
        return self.strength / 2 * sum(distances)


def _describe_outputs(outcome: Outcome | None) -> dict[str, Any]:
    """What a head's outputs are: its classes, or a number's scale."""
    if outcome is None:
        return {}
    return {"labels": list(outcome.labels), "scale": list(outcome.scale) if outcome.scale else None}


def estimate_fisher(
    net: Any, rows: int, loss: Callable[[int], Any], most: int = ROWS
) -> dict[str, Any]:
    """The importance of each trained weight, by its name: the mean squared gradient of a loss, one
    row at a time; the importance for earlier versions is added.

    Args:
        net: with its `anchor`, if it has one.
        rows: how many there are; every so many of them are used.
        loss: minus the log-likelihood of row i, a scalar tensor (so this is the Fisher
            information's diagonal).
        most: rows that are used.
    """
    import torch

    net.eval()
    trained = {n: p for n, p in net.named_parameters() if p.requires_grad}
    importance = {n: torch.zeros_like(p) for n, p in trained.items()}
    picks = list(range(0, rows, max(1, rows // most)))[:most]
    for i in picks:
        net.zero_grad()
        loss(i).backward()
        for name, weight in trained.items():
            if weight.grad is not None:
                importance[name] += weight.grad**2 / len(picks)
    net.zero_grad()
    earlier = net.anchor.held if net.anchor else {}
    for name in importance:
        if name in earlier:
            importance[name] = importance[name] + earlier[name][1]
    return {name: x.contiguous() for name, x in importance.items()}


def estimate_importance(net: TrunkWithHead, rows: TrainingRows) -> dict[str, Any]:
    """The importance of each weight of a net with a head. For a number the likelihood is a normal
    one of deviation 1; for labels, one of the presence of each.
    """
    import torch
    from torch.nn import functional as f

    from mesocosm.learning.features.embeddings import pad
    from mesocosm.learning.training.loop.rows import as_tokens
    from mesocosm.learning.training.loop.trainer import as_target

    def loss(i: int) -> Any:
        y = as_target(rows.y[[i]])
        out = net(*pad(as_tokens([rows.ids[i]])), torch.tensor(rows.table[[i]]))
        if rows.y.ndim == 2:
            return f.binary_cross_entropy_with_logits(out, y.float(), reduction="sum")
        if rows.y.dtype.kind == "f":
            return ((out[:, 0] - y) ** 2).sum() / 2
        return f.cross_entropy(out, y)

    return estimate_fisher(net, len(rows.y), loss)


def measure_retention(
    past: PreviousVersion,
    predict: str,
    outcome: Outcome,
    new: Callable[[Mapping[str, Sequence[Any]], int], Any],
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Accuracy, or the mean absolute error, on the previous version's test rows: the previous
    version's, and the new one's.

    Args:
        new: columns and their number of rows to the new version's outputs.
    """
    if not past.known or past.before is None or outcome.many:
        return {}
    target = [outcome.parse_target(v) for v in past.known[predict]]
    rows = [i for i, v in enumerate(target) if outcome.is_known(v)]
    if len(rows) < MIN_TEST_ROWS:
        return {}
    columns = {n: [v[i] for i in rows] for n, v in past.known.items()}
    right = [target[i] for i in rows]
    old, fresh = past.before.outputs(columns, len(rows)), new(columns, len(rows))
    if outcome.classes:
        metric = "accuracy"
        then = _accuracy(old, past.before.labels, right)
        now = _accuracy(fresh, outcome.labels, right)
    else:
        metric = "mean error"
        then, now = _mean_error(old, right), _mean_error(fresh, right)
    say(
        f"retention on the {len(rows)} test rows of {past.version}: {metric} {then:.3f} before,"
        f" {now:.3f} after"
    )
    return {"rows": len(rows), "what": metric, "then": round(then, 4), "now": round(now, 4)}


def _accuracy(probabilities: Any, labels: Sequence[str], right: Sequence[Any]) -> float:
    import numpy as np

    top = np.asarray(probabilities).argmax(1)
    return float(np.mean([labels[k] == label for k, label in zip(top, right, strict=True)]))


def _mean_error(values: Any, right: Sequence[Any]) -> float:
    import numpy as np

    true = np.asarray([float(value) for value in right])
    return float(np.mean(np.abs(np.asarray(values)[:, 0] - true)))
