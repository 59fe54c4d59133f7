"""Training of two towers by gradient. Knows torch; what is served is `two_tower.TwoTowerModel`.

Source: Covington et al. 2016, RecSys (a softmax over items); Volkovs et al. 2017, NeurIPS (an
item's own vector dropped out, so that its text must predict).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding, gelu

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.learning.arrays import Floats
from mesocosm.learning.tasks.ranking.features import History
from mesocosm.learning.tasks.ranking.settings import Towers
from mesocosm.learning.tasks.ranking.towers import two_tower
from mesocosm.learning.tasks.ranking.towers.two_tower import FADES, MAX_HISTORY, NET, TwoTowerModel

ITEMS_PER_STEP, MIN_STEPS = 800, 20  # next items predicted a step, and steps an epoch at least
PROGRESS_SECONDS = 1.5  # between two lines of progress


def fit_towers(
    histories: Sequence[History],
    items: int,
    vectors: Floats,
    settings: Towers,
    seed: int,
    say: Say,
    start: TwoTowerModel | None = None,
) -> TwoTowerModel:
    """Towers that predict each next item of everybody among all others; from `start`, with a third
    of the epochs.

    Args:
        vectors: of each item's texts (items, text width).
    """
    draw = torch.Generator().manual_seed(seed)
    net = _TowerNet(items, vectors, settings.width, draw)
    epochs = settings.epochs
    if start is not None:
        net.load(start)
        epochs = max(1, epochs // 3)
    people = _newest_items(histories)
    next_items = sum(len(h) - 1 for h in people)
    steps = min(len(people), max(MIN_STEPS, next_items // ITEMS_PER_STEP))
    rate = settings.learning_rate
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.1, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, epochs * steps)
    progress = _Progress(epochs, steps, rate, say)
    for _ in range(epochs):
        progress.begin_epoch()
        for part in torch.randperm(len(people), generator=draw).tensor_split(steps):
            loss = net.loss([people[int(i)] for i in part], settings.forget, draw)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            progress.add(float(loss.detach()))
    return net.export()


def _newest_items(histories: Sequence[History]) -> list[Tensor]:
    """The newest items of each person who has a next item to predict."""
    return [torch.tensor(h[-(MAX_HISTORY + 1) :]) for h in histories if len(h) > 1]


class _Progress:
    """The losses of the steps of an epoch, reported every second and a half.

    Args:
        epochs: how many there are, of `steps` steps each.
        rate: the learning rate.
    """

    def __init__(self, epochs: int, steps: int, rate: float, say: Say) -> None:
        self.epochs, self.steps, self.rate, self.say = epochs, steps, rate, say
        self.epoch = 0
        self.losses: list[float] = []
        self.reported = time.perf_counter()

    def begin_epoch(self) -> None:
        """Count the next epoch."""
        self.epoch += 1
        self.losses.clear()

    def add(self, loss: float) -> None:
        """Count a step; refused where its loss is not finite."""
        self.losses.append(loss)
        done = len(self.losses)
        if not np.isfinite(loss):
            raise ConfigValueError(
                "rank.towers.learning_rate",
                Message(
                    "learning.loss_of_rate",
                    steps=(self.epoch - 1) * self.steps + done,
                    rate=self.rate,
                ),
                Message("learning.lower_learning_rate"),
            )
        if time.perf_counter() - self.reported > PROGRESS_SECONDS:
            self.reported = time.perf_counter()
            self.say(
                Message(
                    "progress.towers_step",
                    epoch=self.epoch,
                    epochs=self.epochs,
                    step=done,
                    steps=self.steps,
                    loss=float(np.mean(self.losses)),
                )
            )


@dataclass(frozen=True)
class _NextItems:
    """The next items that a batch predicts.

    Args:
        ids: item numbers of each person (people, length).
        row: the person of each next item.
        at: the position before each next item.
    """

    ids: Tensor
    row: Tensor
    at: Tensor

    @property
    def right(self) -> Tensor:
        """The number of each next item."""
        return self.ids[self.row, self.at + 1]


class _TowerNet:
    """The weights of both towers.

    Args:
        vectors: of each item's texts (items, text width).
        width: of the towers' vectors.
        draw: for the initial weights.
    """

    def __init__(self, items: int, vectors: Floats, width: int, draw: torch.Generator) -> None:
        def drawn(*shape: int, scale: float) -> nn.Parameter:
            return nn.Parameter(torch.randn(*shape, generator=draw) * scale)

        self.items, self.width = items, width
        self.texts = torch.tensor(vectors)
        self.own, self.bias = drawn(items, width, scale=0.05), nn.Parameter(torch.zeros(items))
        text_width = vectors.shape[1]
        self.read = drawn(text_width, width, scale=max(1, text_width) ** -0.5)
        inputs = len(FADES) * width
        self.net = {
            "w1": drawn(2 * width, inputs, scale=inputs**-0.5),
            "b1": nn.Parameter(torch.zeros(2 * width)),
            "w2": drawn(width, 2 * width, scale=0.0),
            "b2": nn.Parameter(torch.zeros(width)),
        }
        self.decays = [_decay_means(fade) for fade in FADES]

    def parameters(self) -> list[nn.Parameter]:
        """All weights that are trained."""
        return [self.own, self.bias, self.read, *self.net.values()]

    def load(self, start: TwoTowerModel) -> None:
        """Load the weights of trained towers."""
        weights = {
            self.own: start.own,
            self.read: start.read,
            self.bias: start.items[:, -1],
        } | {self.net[name]: start.net[name] for name in NET}
        with torch.no_grad():
            for weight, value in weights.items():
                weight.copy_(torch.tensor(value))

    def loss(self, people: Sequence[Tensor], dropout: float, draw: torch.Generator) -> Tensor:
        """The mean loss of the next items of some people, a scalar tensor.

        Args:
            dropout: the share of items whose own vector is left out.
        """
        ids, present = _pad_items(people)
        if self.items <= two_tower.FULL_SOFTMAX_ITEMS:
            which, back = torch.arange(self.items), ids
        else:
            sampled = torch.randint(self.items, (two_tower.SAMPLED_ITEMS,), generator=draw)
            which, back = _gather_items(ids, sampled)
        own = embedding(which, self.own)
        kept = torch.rand(len(which), 1, generator=draw) > dropout
        vectors = own * kept + self.texts[which] @ self.read
        row, at = present[:, 1:].nonzero(as_tuple=True)
        # the gradient of `embedding` adds up in one order, that of an index does not
        person = self._encode_people(embedding(back[:, :-1], vectors))[row, at]
        bias = embedding(which, self.bias[:, None])[:, 0]
        targets = _NextItems(back, row, at)
        if self.items <= two_tower.FULL_SOFTMAX_ITEMS:
            return _full_loss(person, vectors / self.width**0.5, bias, targets)
        return _sampled_loss(person, vectors / self.width**0.5, bias, targets, self.items)

    def _encode_people(self, touched: Tensor) -> Tensor:
        """A vector of each person at each position of their history (people, length, width)."""
        length = touched.shape[1]
        means = [decay[:length, :length] @ touched for decay in self.decays]
        net = self.net
        inner = gelu(torch.cat(means, -1) @ net["w1"].T + net["b1"], approximate="tanh")
        return sum(means) + inner @ net["w2"].T + net["b2"]

    def export(self) -> TwoTowerModel:
        """The trained towers as arrays."""
        with torch.no_grad():
            vectors = (self.own + self.texts @ self.read) / self.width**0.5
            items = torch.cat([vectors, self.bias[:, None]], 1).numpy()
        return TwoTowerModel(
            items,
            self.own.detach().numpy(),
            self.read.detach().numpy(),
            {name: weight.detach().numpy() for name, weight in self.net.items()},
        )


def _decay_means(fade: float) -> Tensor:
    """Weights of a mean over all positions up to each one, the newest counting most
    (MAX_HISTORY, MAX_HISTORY).
    """
    k = torch.arange(MAX_HISTORY)
    weights = (fade ** (k[:, None] - k[None]).clamp(min=0)).tril()
    return weights / weights.sum(1, keepdim=True)


def _pad_items(people: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Items of each person in a row, and where they are."""
    from torch.nn.utils.rnn import pad_sequence

    ids = pad_sequence(list(people), batch_first=True, padding_value=-1)
    return ids.clamp(min=0), ids >= 0


def _gather_items(ids: Tensor, sampled: Tensor) -> tuple[Tensor, Tensor]:
    """The sampled items and those touched, the sampled ones first, and the position of each touched
    one in that.
    """
    touched, back = ids.reshape(-1).unique(return_inverse=True)
    return torch.cat([sampled, touched]), (back + len(sampled)).reshape(ids.shape)


def _full_loss(person: Tensor, vectors: Tensor, bias: Tensor, targets: _NextItems) -> Tensor:
    """Cross-entropy of each next item among all those not touched before."""
    scores = person @ vectors.T + bias
    seen, item = _earlier_positions(targets.row, targets.at)
    touched = (seen, targets.ids[targets.row[seen], item])
    return cross_entropy(scores.index_put(touched, torch.tensor(-1e9)), targets.right)


def _sampled_loss(
    person: Tensor, vectors: Tensor, bias: Tensor, targets: _NextItems, items: int
) -> Tensor:
    """Cross-entropy of each next item among sampled ones that stand for all `items`.

    Args:
        vectors: of the sampled items and then of those of `targets.ids` (see `_gather_items`).
    """
    count, right = two_tower.SAMPLED_ITEMS, targets.right
    scores = person @ vectors[:count].T + bias[:count] + float(np.log(items / count))
    own = (person * embedding(right, vectors)).sum(1) + embedding(right, bias[:, None])[:, 0]
    first = torch.zeros(len(right), dtype=torch.long)
    return cross_entropy(torch.cat([own[:, None], scores], 1), first)


def _earlier_positions(row: Tensor, at: Tensor) -> tuple[Tensor, Tensor]:
    """For each next item, each position up to it: the row of the scores, and the position."""
    many = at + 1
    seen = torch.repeat_interleave(torch.arange(len(row)), many)
    return seen, torch.arange(len(seen)) - torch.repeat_interleave(many.cumsum(0) - many, many)
