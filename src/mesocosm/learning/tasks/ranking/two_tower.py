"""Two towers: an item's vector from what is said of it and from who touched it, a person's from the
items they touched; learnt by gradient. Knows torch where it learns, and numpy where it serves.

Source: Covington et al. 2016, RecSys (a softmax over items); Volkovs et al. 2017, NeurIPS (what is
learnt of an item dropped out, so that its text stands for it).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.core.errors import Wrong
from mesocosm.learning.tasks.ranking.features import History
from mesocosm.learning.tasks.ranking.settings import Towers

if TYPE_CHECKING:
    from torch import Tensor

Array = np.ndarray[Any, Any]
Say = Callable[[str], None]
FADES = (0.5, 0.85, 1.0)  # what an item further back counts, a step: lately, a while, ever
LONG = 200  # newest items of somebody that are read
ALL, DRAWN = (
    20_000,
    4_096,
)  # items up to which each is told from all others, and how many it is told from beyond
STEP, STEPS = 800, 20  # next items told a step, and steps an epoch at least
NET = ("w1", "b1", "w2", "b2")


@dataclass
class Learnt:
    """What two towers came to.

    Args:
        items: a vector an item, with what it has anyway as the last number (items, width + 1).
        own: what was learnt of each item itself (items, width), to learn on from.
        read: from what is said of an item to its vector (said, width).
        net: the weights over a person's means, by the names of `NET`.
    """

    items: Array
    own: Array
    read: Array
    net: dict[str, Array]

    def people(self, histories: Sequence[History]) -> Array:
        """A vector of each one's history (people, width + 1): its product with an item's is the
        item's score.
        """
        width = self.items.shape[1] - 1
        means = [np.zeros((len(histories), width)) for _ in FADES]
        for row, history in enumerate(histories):
            if len(some := list(history)[-LONG:]):
                touched = self.items[some, :width] * width**0.5
                for mean, fade in zip(means, FADES, strict=True):
                    weights = fade ** np.arange(len(some) - 1, -1, -1)
                    mean[row] = weights @ touched / weights.sum()
        inner = np.concatenate(means, 1) @ self.net["w1"].T + self.net["b1"]
        curved = 0.5 * inner * (1 + np.tanh(np.sqrt(2 / np.pi) * (inner + 0.044715 * inner**3)))
        return np.concatenate(
            [sum(means) + curved @ self.net["w2"].T + self.net["b2"], np.ones((len(histories), 1))],
            1,
        )

    def stood(self, by: Any) -> Learnt:
        """With the vectors of items nobody touched taken from those that stand for them (see
        `parts.standing`).
        """
        return (
            self
            if by is None
            else Learnt(np.asarray(by.T @ self.items, np.float32), self.own, self.read, self.net)
        )

    def held(self) -> dict[str, Array]:
        """All its arrays by name."""
        return {
            "towers.items": self.items,
            "towers.own": self.own,
            "towers.read": self.read,
            **{f"towers.{k}": v for k, v in self.net.items()},
        }

    @classmethod
    def of(cls, held: dict[str, Array]) -> Learnt | None:
        """From arrays by name; None where they are not there."""
        return (
            cls(
                held["towers.items"],
                held["towers.own"],
                held["towers.read"],
                {k: held[f"towers.{k}"] for k in NET},
            )
            if "towers.items" in held
            else None
        )


def learn(
    histories: Sequence[History],
    items: int,
    vectors: Array,
    how: Towers,
    seed: int,
    say: Say,
    start: Learnt | None = None,
) -> Learnt:
    """Towers that tell each next item of everybody from all others; from `start`, with a third of
    the epochs.

    Args:
        vectors: what is said of each item (items, said).
    """
    import torch
    from torch import nn
    from torch.nn.functional import embedding, gelu

    draw = torch.Generator().manual_seed(seed)
    width, said = how.width, torch.tensor(vectors)

    def drawn(*shape: int, scale: float) -> Any:
        return nn.Parameter(torch.randn(*shape, generator=draw) * scale)

    own, bias = drawn(items, width, scale=0.05), nn.Parameter(torch.zeros(items))
    read = drawn(vectors.shape[1], width, scale=max(1, vectors.shape[1]) ** -0.5)
    net = {
        "w1": drawn(2 * width, len(FADES) * width, scale=(len(FADES) * width) ** -0.5),
        "b1": nn.Parameter(torch.zeros(2 * width)),
        "w2": drawn(width, 2 * width, scale=0.0),
        "b2": nn.Parameter(torch.zeros(width)),
    }
    if start is not None:
        with torch.no_grad():
            for mine, its in (
                (own, start.own),
                (read, start.read),
                (bias, start.items[:, -1]),
                *((net[k], start.net[k]) for k in NET),
            ):
                mine.copy_(torch.tensor(its))
    weights = [own, bias, read, *net.values()]
    some = [torch.tensor(h[-(LONG + 1) :]) for h in histories if len(h) > 1]
    epochs = how.epochs if start is None else max(1, how.epochs // 3)
    steps = min(len(some), max(STEPS, sum(len(h) - 1 for h in some) // STEP))
    optimiser = torch.optim.AdamW(weights, lr=how.learning_rate, weight_decay=0.1, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, how.learning_rate, epochs * steps)
    decays = [_decay(fade) for fade in FADES]
    told, losses = time.perf_counter(), list[float]()
    for epoch in range(epochs):
        losses.clear()
        for part in torch.randperm(len(some), generator=draw).tensor_split(steps):
            ids, there = _padded([some[int(i)] for i in part])
            among = None if items <= ALL else torch.randint(items, (DRAWN,), generator=draw)
            which, back = (torch.arange(items), ids) if among is None else _gathered(ids, among)
            vectors_of = (
                embedding(which, own) * (torch.rand(len(which), 1, generator=draw) > how.forget)
                + said[which] @ read
            )
            x = embedding(
                back[:, :-1], vectors_of
            )  # its gradient adds up in one order, an index's does not
            means = [d[: x.shape[1], : x.shape[1]] @ x for d in decays]
            person = (
                sum(means)
                + gelu(torch.cat(means, -1) @ net["w1"].T + net["b1"], approximate="tanh")
                @ net["w2"].T
                + net["b2"]
            )
            row, at = there[:, 1:].nonzero(as_tuple=True)
            loss = _loss(
                person[row, at],
                vectors_of / width**0.5,
                embedding(which, bias[:, None])[:, 0],
                back,
                row,
                at,
                items,
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
            if not np.isfinite(losses[-1]):
                raise Wrong(
                    "rank.towers.learning_rate",
                    f"the loss is no number after {epoch * steps + len(losses)} steps of"
                    f" {how.learning_rate:g}",
                    "a lower learning_rate",
                )
            if time.perf_counter() - told > 1.5:
                told = time.perf_counter()
                say(
                    f"two towers: epoch {epoch + 1} of {epochs}, step {len(losses)} of {steps},"
                    f" loss {np.mean(losses):.3f}"
                )
    with torch.no_grad():
        whole = torch.cat([(own + said @ read) / width**0.5, bias[:, None]], 1).numpy()
    return Learnt(
        whole,
        own.detach().numpy(),
        read.detach().numpy(),
        {k: v.detach().numpy() for k, v in net.items()},
    )


def _decay(fade: float) -> Tensor:
    """Means over what came before, one row a place (LONG, LONG)."""
    import torch

    k = torch.arange(LONG)
    found = (fade ** (k[:, None] - k[None]).clamp(min=0)).tril()
    return found / found.sum(1, keepdim=True)


def _padded(some: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Items side by side, and where they are."""
    from torch.nn.utils.rnn import pad_sequence

    ids = pad_sequence(list(some), batch_first=True, padding_value=-1)
    return ids.clamp(min=0), ids >= 0


def _gathered(ids: Tensor, among: Tensor) -> tuple[Tensor, Tensor]:
    """The drawn items and those touched, the drawn ones first, and where each touched one stands in
    that.
    """
    import torch

    touched, back = ids.reshape(-1).unique(return_inverse=True)
    return torch.cat([among, touched]), (back + len(among)).reshape(ids.shape)


def _loss(
    person: Tensor, vectors: Tensor, bias: Tensor, ids: Tensor, row: Tensor, at: Tensor, items: int
) -> Tensor:
    """How unlikely each next item was: among all those not touched before, or, where there are
    many, among some drawn that stand for the rest.

    Args:
        vectors: of all items, or of the drawn ones and then those of `ids` (see `_gathered`).
    """
    import torch
    from torch.nn.functional import cross_entropy, embedding

    right = ids[row, at + 1]
    if items <= ALL:
        said = person @ vectors.T + bias
        seen, item = _before(row, at)
        return cross_entropy(
            said.index_put((seen, ids[row[seen], item]), torch.tensor(-1e9)), right
        )
    said = person @ vectors[:DRAWN].T + bias[:DRAWN] + float(np.log(items / DRAWN))
    own = (person * embedding(right, vectors)).sum(1) + embedding(right, bias[:, None])[:, 0]
    return cross_entropy(
        torch.cat([own[:, None], said], 1), torch.zeros(len(right), dtype=torch.long)
    )


def _before(row: Tensor, at: Tensor) -> tuple[Tensor, Tensor]:
    """For each place, each place up to it: which row of the scores, and which place."""
    import torch

    many = at + 1
    seen = torch.repeat_interleave(torch.arange(len(row)), many)
    return seen, torch.arange(len(seen)) - torch.repeat_interleave(many.cumsum(0) - many, many)
