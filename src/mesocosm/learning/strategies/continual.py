"""Continual learning: a version starts from the previous one's weights, important weights are
anchored (elastic weight consolidation), and old rows are replayed.

Knows torch when it works, safetensors and metrics. Its settings are known to the file's grammar, so
nothing heavy is imported with them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypedDict

from pydantic import Field

from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.core.settings import Settings
from mesocosm.learning.metric_names import describe_retention

if TYPE_CHECKING:
    import torch

    from mesocosm.core.records import Json
    from mesocosm.learning.arrays import Array, Columns, Floats, Ints
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.tasks.outcome import Outcome
    from mesocosm.learning.training.loop.trainer import TrainingRows, TrunkWithHead

    Tensors = Mapping[str, torch.Tensor]

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


class Anchored(Protocol):
    """A net whose weights may be held near where they were."""

    anchor: Anchor | None

    def named_parameters(self) -> Iterator[tuple[str, torch.nn.Parameter]]: ...

    def eval(self) -> object: ...

    def zero_grad(self) -> None: ...


class Outputs(TypedDict, total=False):
    """What a head's outputs are: its classes, or a number's scale."""

    labels: list[str]
    scale: list[float] | None


class Origin(TypedDict):
    """What stored weights were trained over."""

    base: str
    method: str
    task: Outputs


class PreviousPredictor(Protocol):
    """A version that predicts classes or a number."""

    labels: Sequence[str]

    def outputs(self, rows: Columns, count: int) -> Array: ...


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
    known: Columns = field(default_factory=dict)
    old: int = 0

    def begin(
        self,
        net: Anchored,
        base: Base,
        method: str,
        outcome: Outcome | None,
        say: Say,
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
        trained = _list_trained(net)
        if origin["task"] != _describe_outputs(outcome):
            trained = _drop_head(trained)
        same = (origin["base"], origin["method"]) == (base.weights, method)
        if not same or not _fits(trained, weights):
            say(Message("progress.restart_table", version=self.version))
            return False
        with torch.no_grad():
            for name, weight in trained.items():
                weight.copy_(weights[name])
        self._anchor_weights(net, {name: weights[name] for name in trained})
        self.tell(bool(net.anchor), say)
        return True

    def _anchor_weights(self, net: Anchored, weights: Tensors) -> None:
        """Anchor a net at the previous weights, where their importance is known."""
        from safetensors.torch import load_file

        if self.folder is None or not self.setting.ewc:
            return
        path = self.folder / IMPORTANCE_FILE
        if path.is_file():
            importance: Tensors = load_file(path)
            held = {n: (w, importance[n]) for n, w in weights.items() if n in importance}
            net.anchor = Anchor(held, self.setting.ewc)

    def tell(self, held: bool, say: Say) -> None:
        """Say where training starts, whether important weights are anchored, and how many old rows
        are replayed.
        """
        line = Message("progress.warm_start", version=self.version)
        if held:
            line = Message("progress.warm_start_anchored", start=line, ewc=self.setting.ewc)
        if self.old:
            line = Message("progress.warm_start_replay", start=line, rows=self.old)
        say(line)

    def end(
        self,
        net: Anchored,
        base: Base,
        method: str,
        outcome: Outcome | None,
        matter: Callable[[], Tensors],
        folder: Path,
    ) -> None:
        """Write a version's trained weights into its folder, and their importance (`matter`), for
        the next version.
        """
        from safetensors.torch import save_file

        weights = {n: p.detach().float().contiguous() for n, p in _list_trained(net).items()}
        origin = {"base": base.weights, "method": method, "task": _describe_outputs(outcome)}
        save_file(weights, folder / WEIGHTS_FILE, metadata={"learnt": json.dumps(origin)})
        if self.setting.ewc:
            save_file(dict(matter()), folder / IMPORTANCE_FILE)


def _list_trained(net: Anchored) -> dict[str, torch.nn.Parameter]:
    """The weights of a net that are trained, by name."""
    return {name: weight for name, weight in net.named_parameters() if weight.requires_grad}


def _drop_head(weights: Mapping[str, torch.nn.Parameter]) -> dict[str, torch.nn.Parameter]:
    """Weights without those of a head, which fit no other outputs."""
    return {name: weight for name, weight in weights.items() if name not in HEAD}


def _read_weights(path: Path) -> tuple[Origin, Tensors]:
    """The base, method and outcome of stored weights, and the weights."""
    from safetensors import safe_open

    with safe_open(path, "pt") as stored:
        origin: Origin = json.loads(stored.metadata()["learnt"])
        names: list[str] = list(stored.keys())
        weights: Tensors = {name: stored.get_tensor(name) for name in names}
        return origin, weights


def _fits(trained: Tensors, weights: Tensors) -> bool:
    """Whether stored weights have the names and shapes of a net's."""
    return all(n in weights and weights[n].shape == p.shape for n, p in trained.items())


class Anchor:
    """A quadratic penalty that pulls weights back to where they were, by the importance of each.

    Args:
        held: for each weight's name its old value and its importance, tensors of its shape.
        strength: of the penalty.
    """

    def __init__(
        self, held: Mapping[str, tuple[torch.Tensor, torch.Tensor]], strength: float
    ) -> None:
        self.held, self.strength = dict(held), strength

    def penalty(self, net: Anchored) -> torch.Tensor:
        """What is added to the loss, a scalar tensor."""
        import torch

        named = dict(net.named_parameters())
        distances: list[torch.Tensor] = []
        for name, (old, importance) in self.held.items():
            weight = named[name]
            squares = importance.to(weight) * (weight - old.to(weight)) ** 2
            distances.append(squares.sum())
        if not distances:
            return torch.tensor(0.0)
        return self.strength / 2 * functools.reduce(torch.add, distances)


def _describe_outputs(outcome: Outcome | None) -> Outputs:
    """What a head's outputs are: its classes, or a number's scale."""
    if outcome is None:
        return {}
    scale = None
    if outcome.scale:
        scale = list(outcome.scale)
    return {"labels": list(outcome.labels), "scale": scale}


def estimate_fisher(
    net: Anchored, rows: int, loss: Callable[[int], torch.Tensor], most: int = ROWS
) -> dict[str, torch.Tensor]:
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
    trained = _list_trained(net)
    importance = {n: torch.zeros_like(p) for n, p in trained.items()}
    picks = list(range(0, rows, max(1, rows // most)))[:most]
    for i in picks:
        net.zero_grad()
        torch.autograd.backward(loss(i))
        for name, weight in trained.items():
            if weight.grad is not None:
                importance[name] += weight.grad**2 / len(picks)
    net.zero_grad()
    return _add_earlier(importance, net.anchor)


def _add_earlier(
    importance: Mapping[str, torch.Tensor], anchor: Anchor | None
) -> dict[str, torch.Tensor]:
    """The importance of each weight, with that for earlier versions."""
    earlier: Mapping[str, tuple[torch.Tensor, torch.Tensor]] = {}
    if anchor:
        earlier = anchor.held
    summed: dict[str, torch.Tensor] = {}
    for name, now in importance.items():
        total = now
        if name in earlier:
            total = now + earlier[name][1]
        summed[name] = total.contiguous()
    return summed


def estimate_importance(net: TrunkWithHead, rows: TrainingRows) -> dict[str, torch.Tensor]:
    """The importance of each weight of a net with a head. For a number the likelihood is a normal
    one of deviation 1; for labels, one of the presence of each.
    """
    import torch
    from torch.nn import functional as f

    from mesocosm.learning.features.embeddings import pad
    from mesocosm.learning.training.loop.rows import as_tokens
    from mesocosm.learning.training.loop.trainer import as_target

    def loss(i: int) -> torch.Tensor:
        y = as_target(rows.y[[i]])
        out: torch.Tensor = net(*pad(as_tokens([rows.ids[i]])), torch.tensor(rows.table[[i]]))
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
    new: Callable[[Columns, int], Array],
    say: Say,
) -> dict[str, Json]:
    """Accuracy, or the mean absolute error, on the previous version's test rows: the previous
    version's, and the new one's.

    Args:
        new: columns and their number of rows to the new version's outputs.
    """
    if not past.known or past.before is None or outcome.many:
        return {}
    from mesocosm.learning.arrays import take_rows

    before: PreviousPredictor = past.before
    rows, right = _list_known_targets(past.known[predict], outcome)
    if len(rows) < MIN_TEST_ROWS:
        return {}
    columns = take_rows(past.known, past.known, rows)
    old, fresh = before.outputs(columns, len(rows)), new(columns, len(rows))
    metric = "mean error"
    if outcome.classes:
        metric = "accuracy"
    then = _measure_outputs(old, right, before.labels)
    now = _measure_outputs(fresh, right, outcome.labels)
    say(describe_retention(len(rows), past.version, metric, then, now))
    return {"rows": len(rows), "what": metric, "then": round(then, 4), "now": round(now, 4)}


def _list_known_targets(
    values: Sequence[object], outcome: Outcome
) -> tuple[list[int], list[object]]:
    """The rows whose target can be evaluated, and their targets."""
    target = [outcome.parse_target(value) for value in values]
    rows = [i for i, value in enumerate(target) if outcome.is_known(value)]
    return rows, [target[i] for i in rows]


def _measure_outputs(outputs: Array, right: Sequence[object], labels: Sequence[str]) -> float:
    """The accuracy of classes; the mean error of a number, which has no labels."""
    if labels:
        return _accuracy(outputs, labels, right)
    return _mean_error(outputs, right)


def _accuracy(probabilities: Array, labels: Sequence[str], right: Sequence[object]) -> float:
    """The share of rows whose most probable class is the right one."""
    import numpy as np

    top: Ints = probabilities.argmax(1)
    classes: list[int] = top.tolist()
    return float(np.mean([labels[k] == label for k, label in zip(classes, right, strict=True)]))


def _mean_error(values: Array, right: Sequence[object]) -> float:
    """The mean absolute error of values (rows, 1)."""
    import numpy as np

    from mesocosm.learning.arrays import read_numbers

    errors: Floats = np.abs(values[:, 0] - read_numbers(right))
    return float(np.mean(errors))
