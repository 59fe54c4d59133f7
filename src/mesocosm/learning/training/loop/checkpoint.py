"""Checkpoints of a training, to resume it exactly: weights, optimizer moments and counters in one
safetensors file; no pickle.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, cast

import torch

from mesocosm.core.files import aside_name

Tensors: TypeAlias = dict[str, torch.Tensor]
Moments: TypeAlias = dict[int, dict[str, torch.Tensor | float | None]]  # by the weight's number


@dataclass(frozen=True)
class Checkpoint:
    """What is kept of a training besides the weights of now and the optimizer's moments.

    Args:
        state: counters and history, as JSON.
        best: the weights of the best epoch.
        mean: the mean of the last epochs' weights.
        own: what the fine-tuning method keeps between epochs.
    """

    state: Mapping[str, object]
    best: Tensors = field(default_factory=dict)
    mean: Tensors = field(default_factory=dict)
    own: Tensors = field(default_factory=dict)


def save_checkpoint(
    path: Path,
    moving: Mapping[str, torch.Tensor],
    optimiser: torch.optim.Optimizer,
    checkpoint: Checkpoint,
) -> None:
    """Write a checkpoint to a temporary file and rename it.

    Args:
        path: the checkpoint's folder.
        moving: the weights that are trained.
    """
    from safetensors.torch import save_file

    sections = {
        "net": moving,
        "best": checkpoint.best,
        "mean": checkpoint.mean,
        "own": checkpoint.own,
        "opt": _flatten_moments(optimiser),
    }
    tensors: Tensors = {}
    for section, values in sections.items():
        for name, tensor in values.items():
            tensors[f"{section}.{name}"] = tensor.detach().clone().contiguous()
    path.mkdir(parents=True, exist_ok=True)
    target = path / "checkpoint.safetensors"
    aside = target.with_name(aside_name(target))
    save_file(tensors, aside, metadata={"state": json.dumps(checkpoint.state)})
    os.replace(aside, target)


def _flatten_moments(optimiser: torch.optim.Optimizer) -> Tensors:
    """An optimizer's moments by `number.name`."""
    tensors: Tensors = {}
    by_number: Moments = optimiser.state_dict()["state"]
    for number, moments in by_number.items():
        for key, value in moments.items():
            if value is not None:
                tensors[f"{number}.{key}"] = torch.as_tensor(value)
    return tensors


def load_checkpoint(
    path: Path, moving: Mapping[str, torch.Tensor], optimiser: torch.optim.Optimizer
) -> Checkpoint | None:
    """Load a checkpoint's weights and moments into a net and an optimizer; None where there is no
    checkpoint.
    """
    target = path / "checkpoint.safetensors"
    if not target.is_file():
        return None
    state, tensors = _read_tensors(target)
    weights = _section(tensors, "net")
    with torch.no_grad():
        for name, weight in moving.items():
            weight.copy_(weights[name])
    moments: dict[int, Tensors] = {}
    for name, tensor in _section(tensors, "opt").items():
        number, key = name.split(".")
        moments.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict(
        {"state": moments, "param_groups": optimiser.state_dict()["param_groups"]}
    )
    best, mean, own = (_section(tensors, name) for name in ("best", "mean", "own"))
    return Checkpoint(state, best, mean, own)


def _read_tensors(path: Path) -> tuple[Mapping[str, object], Tensors]:
    """The counters and the tensors of a checkpoint's file."""
    from safetensors import safe_open

    with safe_open(path, "pt") as stored:
        metadata: Mapping[str, str] = stored.metadata()
        names: list[str] = stored.keys()
        tensors: Tensors = {name: stored.get_tensor(name) for name in names}
    return cast(Mapping[str, object], json.loads(metadata["state"])), tensors


def _section(tensors: Tensors, section: str) -> Tensors:
    """The tensors of one section, by their names in it."""
    prefix = f"{section}."
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
