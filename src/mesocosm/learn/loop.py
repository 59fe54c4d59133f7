"""Training by gradient: head first, then the base; bucketed batches, early stopping, exact resume.

Knows torch and Accelerate. Knows nothing of snapshots; it is handed ids, a block and labels.
"""

from __future__ import annotations

import json
import math
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mesocosm.base.files import aside_name
from mesocosm.learn.encode import Trunk, bfloat16, pad
from mesocosm.learn.tuning.gradient import Gradient

Array = np.ndarray[Any, Any]


@dataclass
class Rows:
    """Rows to learn from: token ids, the table block and labels."""

    ids: Sequence[Sequence[int]]
    table: Array
    y: Array


class Joined(nn.Module):  # type: ignore[misc]
    """A trunk and a linear head over its features and the table block."""

    def __init__(self, trunk: Trunk, weights: Array, bias: Array, dropout: float) -> None:
        super().__init__()
        self.trunk = trunk
        self.drop = nn.Dropout(dropout)
        self.weights = nn.Parameter(torch.tensor(weights))
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        """Logits (rows, classes)."""
        return self.drop(torch.cat([self.trunk(ids, mask), table], 1)) @ self.weights + self.bias


def buckets(lengths: Sequence[int], batch: int, seed: int, windows: int = 50) -> list[list[int]]:
    """Batches of rows of like length: shuffled, sorted inside windows of batches, shuffled again."""
    rng = random.Random(seed)
    order = list(range(len(lengths)))
    rng.shuffle(order)
    found: list[list[int]] = []
    for start in range(0, len(order), batch * windows):
        window = sorted(order[start : start + batch * windows], key=lambda i: lengths[i])
        found += [window[i : i + batch] for i in range(0, len(window), batch)]
    rng.shuffle(found)
    return found


def _keep(path: Path, net: nn.Module, optimiser: Any, state: dict[str, Any], best: dict[str, torch.Tensor]) -> None:
    """Write a checkpoint aside and rename it: weights, moments and counters; no pickle."""
    from safetensors.torch import save_file

    tensors = {f"net.{n}": p.detach().clone() for n, p in net.named_parameters() if p.requires_grad}
    tensors |= {f"best.{n}": p for n, p in best.items()}
    for number, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"opt.{number}.{k}": torch.as_tensor(v).clone() for k, v in moments.items()}
    path.mkdir(parents=True, exist_ok=True)
    target = path / "checkpoint.safetensors"
    aside = target.with_name(aside_name(target))
    save_file(tensors, aside, metadata={"state": json.dumps(state)})
    os.replace(aside, target)


def _again(path: Path, net: nn.Module, optimiser: Any) -> tuple[dict[str, Any], dict[str, torch.Tensor]] | None:
    from safetensors import safe_open

    target = path / "checkpoint.safetensors"
    if not target.is_file():
        return None
    with safe_open(target, "pt") as kept:
        state = json.loads(kept.metadata()["state"])
        tensors = {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if weight.requires_grad:
                weight.copy_(tensors[f"net.{name}"])
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("opt."):
            _, number, key = name.split(".")
            moments.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict({"state": moments, "param_groups": optimiser.state_dict()["param_groups"]})
    return state, {n[5:]: t for n, t in tensors.items() if n.startswith("best.")}


def loss_of(net: Joined, rows: Rows, batch: int = 64) -> float:
    """Mean cross-entropy of rows, without dropout."""
    net.eval()
    total = 0.0
    order = sorted(range(len(rows.y)), key=lambda i: len(rows.ids[i]))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16()):
        for start in range(0, len(order), batch):
            pick = order[start : start + batch]
            logits = net(*pad([rows.ids[i] for i in pick]), torch.tensor(rows.table[pick])).float()
            total += float(nn.functional.cross_entropy(logits, torch.tensor(rows.y[pick]), reduction="sum"))
    return total / max(1, len(order))


def train(
    net: Joined, tune: Gradient, rows: Rows, held: Rows, seed: int, keep: Path | None, say: Callable[[dict[str, Any]], None]
) -> list[dict[str, Any]]:
    """Train the weights that may move; returns one record an epoch, and leaves the best weights in.

    Args:
        held: rows whose loss decides when to stop and which weights stay.
        keep: folder of the checkpoint written after each epoch; an existing one is continued.
    """
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True, mixed_precision="bf16" if bfloat16() else "no")
    weights = [p for p in net.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=tune.learning_rate, weight_decay=tune.weight_decay, fused=True)
    steps = math.ceil(len(rows.y) / tune.batch) * tune.epochs
    history: list[dict[str, Any]] = []
    best: dict[str, torch.Tensor] = {}
    resumed = _again(keep, net, optimiser) if keep else None
    if resumed:
        history, best = resumed[0]["history"], resumed[1]
    ready: Any = accelerator.prepare(net)
    for epoch in range(len(history), tune.epochs):
        if history and len(history) - 1 - _best(history) >= tune.patience:
            break
        torch.manual_seed(seed * 1000 + epoch)
        ready.train()
        total, step = 0.0, epoch * math.ceil(len(rows.y) / tune.batch)
        for pick in buckets([len(r) for r in rows.ids], tune.batch, seed * 1000 + epoch):
            rise = min(1.0, (step + 1) / max(1.0, steps / 10))
            for group in optimiser.param_groups:
                group["lr"] = tune.learning_rate * rise * max(0.0, 1 - step / steps)
            with accelerator.autocast():
                logits = ready(*pad([rows.ids[i] for i in pick]), torch.tensor(rows.table[pick]))
            loss = nn.functional.cross_entropy(logits.float(), torch.tensor(rows.y[pick]))
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(weights, 1.0)
            optimiser.step()
            optimiser.zero_grad()
            total, step = total + float(loss.detach()) * len(pick), step + 1
        record = {"epoch": epoch + 1, "train_loss": round(total / len(rows.y), 5), "held_loss": round(loss_of(net, held), 5)}
        history.append(record)
        say(record)
        if _best(history) == len(history) - 1:
            best = {n: p.detach().clone() for n, p in net.named_parameters() if p.requires_grad}
        if keep:
            _keep(keep, net, optimiser, {"history": history}, best)
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if name in best:
                weight.copy_(best[name])
    net.eval()
    return history


def _best(history: list[dict[str, Any]]) -> int:
    losses = [r["held_loss"] for r in history]
    return losses.index(min(losses))
