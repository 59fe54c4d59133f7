"""Learn on without forgetting: a version begins where the last one ended, is held near it where
that mattered, and sees some of the old rows again.

Knows torch when it works, safetensors and figures. Its settings are known to the file's grammar, so
nothing heavy is imported with them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from mesocosm.core.settings import Kind

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.tasks.by_field_type import Task
    from mesocosm.learning.training.trainer import TrainingRows, TrunkWithHead

LEARNT, MATTERED = "learnt.safetensors", "mattered.safetensors"
ROWS = 200  # training rows whose gradients tell what matters
LEAST = 10  # old test rows under which nothing is said of what was known


class Continual(Kind):
    """Begin where the last version ended, and keep what it knew.

    Args:
        replay: old training rows that are seen again, as a share of the new ones; of rows that are
            not in the new snapshot any more.
        ewc: how strongly weights that mattered are held where they were; 0 for not at all.

    Source: Kirkpatrick et al. 2017, PNAS 114 (elastic weight consolidation); Robins 1995,
    Connection Science 7 (rehearsal).

    >>> Continual().replay
    0.25
    """

    short: ClassVar[str] = "replay"
    replay: float = Field(0.25, ge=0, le=10)
    ewc: float = Field(0.0, ge=0, le=1e6)


@dataclass
class Past:
    """What went before a version.

    Args:
        setting: how it is learnt on.
        version: the last version's id, or none.
        folder: where its files are.
        before: it, loaded (`labels`, `outputs`).
        known: columns of the rows by which it was judged, where they are not those of now.
        old: how many old rows are seen again.
    """

    setting: Continual
    version: str = ""
    folder: Path | None = None
    before: Any = None
    known: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    old: int = 0

    def begin(
        self, net: Any, base: Base, method: str, task: Task | None, say: Callable[[str], None]
    ) -> bool:
        """Put the last version's weights into a net that is about to learn; says whether it did.

        Args:
            task: what its head tells; None for a net without one.
        """
        from safetensors import safe_open

        path = self.folder / LEARNT if self.folder else None
        if path is None or not path.is_file():
            return False
        with safe_open(path, "pt") as kept:
            told = json.loads(kept.metadata()["learnt"])
            weights = {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118
        moving = {n: p for n, p in net.named_parameters() if p.requires_grad}
        same_head = told["task"] == _of(task)
        wanted = {n for n in moving if same_head or n not in ("weights", "bias")}
        fits = (
            told["base"] == base.weights
            and told["method"] == method
            and all(n in weights and weights[n].shape == moving[n].shape for n in wanted)
        )
        if not fits:
            say(f"begins anew: {self.version} stood on another base, method or table")
            return False
        import torch

        with torch.no_grad():
            for name in wanted:
                moving[name].copy_(weights[name])
        held = self.folder / MATTERED if self.folder else None
        if self.setting.ewc and held and held.is_file():
            from safetensors.torch import load_file

            matter = load_file(held)
            net.anchor = Anchor(
                {n: (weights[n], matter[n]) for n in wanted if n in matter}, self.setting.ewc
            )
        self.tell(bool(net.anchor), say)
        return True

    def tell(self, held: bool, say: Callable[[str], None]) -> None:
        """Say where a net begins, whether what mattered is held, and how many old rows come
        again.
        """
        say(
            f"begins where {self.version} ended"
            + (f"; what mattered to it is held (ewc {self.setting.ewc:g})" if held else "")
            + (f"; {self.old} old rows are seen again" if self.old else "")
        )

    def end(
        self,
        net: Any,
        base: Base,
        method: str,
        task: Task | None,
        matter: Callable[[], dict[str, Any]],
        folder: Path,
    ) -> None:
        """Keep what a version learnt beside it, and what mattered (`matter`), for the next one."""
        from safetensors.torch import save_file

        moving = {
            n: p.detach().float().contiguous() for n, p in net.named_parameters() if p.requires_grad
        }
        told = {"base": base.weights, "method": method, "task": _of(task)}
        save_file(moving, folder / LEARNT, metadata={"learnt": json.dumps(told)})
        if self.setting.ewc:
            save_file(matter(), folder / MATTERED)


class Anchor:
    """A pull of weights back to where they were, by how much each mattered there.

    Args:
        held: for each weight's name where it was and how much it mattered, tensors of its shape.
        strength: of the pull.
    """

    def __init__(self, held: Mapping[str, tuple[Any, Any]], strength: float) -> None:
        self.held, self.strength = dict(held), strength

    def penalty(self, net: Any) -> Any:
        """What is added to the loss, a scalar tensor."""
        named = dict(net.named_parameters())
        return (
            self.strength
            / 2
            * sum(
                (m.to(named[n]) * (named[n] - w.to(named[n])) ** 2).sum()
                for n, (w, m) in self.held.items()
            )
        )


def _of(task: Task | None) -> dict[str, Any]:
    """What a head's outputs mean."""
    return (
        {}
        if task is None
        else {"labels": list(task.labels), "scale": list(task.scale) if task.scale else None}
    )


def fisher(net: Any, rows: int, loss: Callable[[int], Any], most: int = ROWS) -> dict[str, Any]:
    """How much each weight that moves matters, by its name: the mean squared gradient of a loss, a
    row at a time; what mattered to those before matters on.

    Args:
        net: with its `anchor`, if it has one.
        rows: how many there are; every so many of them are taken.
        loss: minus the log-likelihood of row i, a scalar tensor (so this is the Fisher
            information's diagonal).
        most: rows that are taken.
    """
    import torch

    net.eval()
    moving = {n: p for n, p in net.named_parameters() if p.requires_grad}
    found = {n: torch.zeros_like(p) for n, p in moving.items()}
    picks = list(range(0, rows, max(1, rows // most)))[:most]
    for i in picks:
        net.zero_grad()
        loss(i).backward()
        for name, weight in moving.items():
            if weight.grad is not None:
                found[name] += weight.grad**2 / len(picks)
    net.zero_grad()
    before = net.anchor.held if net.anchor else {}
    return {n: (m + before[n][1] if n in before else m).contiguous() for n, m in found.items()}


def mattered(net: TrunkWithHead, rows: TrainingRows) -> dict[str, Any]:
    """How much each weight of a net with a head matters. For a number the likelihood is a normal
    one of deviation 1; for labels, one of each being there.
    """
    import torch
    from torch.nn import functional as f

    from mesocosm.learning.features.embeddings import pad
    from mesocosm.learning.training.trainer import as_target

    def loss(i: int) -> Any:
        y = as_target(rows.y[[i]])
        out = net(*pad([rows.ids[i]]), torch.tensor(rows.table[[i]]))
        if rows.y.ndim == 2:
            return f.binary_cross_entropy_with_logits(out, y.float(), reduction="sum")
        return (
            ((out[:, 0] - y) ** 2).sum() / 2
            if rows.y.dtype.kind == "f"
            else f.cross_entropy(out, y)
        )

    return fisher(net, len(rows.y), loss)


def known(
    past: Past,
    predict: str,
    task: Task,
    new: Callable[[Mapping[str, Sequence[Any]], int], Any],
    say: Callable[[str], None],
) -> dict[str, Any]:
    """On the rows by which the last version was judged: what it reaches there, and what the new one
    does.

    Args:
        new: what the new version says of columns.
    """
    import numpy as np

    if not past.known or past.before is None:
        return {}
    target = [task.plain(v) for v in past.known[predict]]
    rows = [i for i, v in enumerate(target) if task.known(v)]
    if task.many or len(rows) < LEAST:
        return {}
    columns = {n: [v[i] for i in rows] for n, v in past.known.items()}
    said = [np.asarray(f(columns, len(rows))) for f in (past.before.outputs, new)]
    if task.classes:
        labels = [list(past.before.labels), list(task.labels)]
        figures = [
            float(np.mean([names[k] == target[i] for k, i in zip(p.argmax(1), rows, strict=True)]))
            for p, names in zip(said, labels, strict=True)
        ]
        what = "accuracy"
    else:
        true = np.asarray([float(target[i]) for i in rows])
        figures = [float(np.mean(np.abs(p[:, 0] - true))) for p in said]
        what = "mean error"
    say(
        f"on the {len(rows)} rows that judged {past.version}: {what} {figures[0]:.3f} then,"
        f" {figures[1]:.3f} now"
    )
    return {
        "rows": len(rows),
        "what": what,
        "then": round(figures[0], 4),
        "now": round(figures[1], 4),
    }
