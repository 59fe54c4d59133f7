"""Checkpoints of a training, to resume it exactly: weights, optimizer moments and counters in one
safetensors file; no pickle.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from mesocosm.core.files import aside_name

Tensors = dict[str, torch.Tensor]


def save_checkpoint(
    path: Path,
    moving: Mapping[str, Any],
    optimiser: Any,
    state: dict[str, Any],
    best: Tensors,
    mean: Tensors,
    own: Tensors,
) -> None:
    """Write a checkpoint to a temporary file and rename it.

    Args:
        path: the checkpoint's folder.
        moving: the weights that are trained.
        state: counters and history, as JSON.
        best: the weights of the best epoch.
        mean: the mean of the last epochs' weights.
        own: what the fine-tuning method keeps between epochs.
    """
    from safetensors.torch import save_file

    tensors = {f"net.{n}": p.detach() for n, p in moving.items()}
    tensors |= {f"best.{n}": p for n, p in best.items()}
    tensors |= {f"mean.{n}": p for n, p in mean.items()}
    tensors |= {f"own.{n}": p.detach() for n, p in own.items()}
    for number, moments in optimiser.state_dict()["state"].items():
        for key, value in moments.items():
            if value is not None:
                tensors[f"opt.{number}.{key}"] = torch.as_tensor(value)
    tensors = {n: p.clone().contiguous() for n, p in tensors.items()}
    path.mkdir(parents=True, exist_ok=True)
    target = path / "checkpoint.safetensors"
    aside = target.with_name(aside_name(target))
    save_file(tensors, aside, metadata={"state": json.dumps(state)})
    os.replace(aside, target)


def load_checkpoint(
    path: Path, moving: Mapping[str, Any], optimiser: Any
) -> tuple[dict[str, Any], Tensors, Tensors, Tensors] | None:
    """Load a checkpoint's weights and moments into a net and an optimizer.

    Returns:
        As `save_checkpoint` takes them: `state`, `best`, `mean` and `own`; None where there is no
            checkpoint.
    """
    from safetensors import safe_open

    target = path / "checkpoint.safetensors"
    if not target.is_file():
        return None
    with safe_open(target, "pt") as stored:
        state = json.loads(stored.metadata()["state"])
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    with torch.no_grad():
        for name, weight in moving.items():
            weight.copy_(tensors[f"net.{name}"])
    moments: dict[int, Tensors] = {}
    for name, tensor in tensors.items():
        if name.startswith("opt."):
            _, number, key = name.split(".")
            moments.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict(
        {"state": moments, "param_groups": optimiser.state_dict()["param_groups"]}
    )
    best, mean, own = (_section(tensors, name) for name in ("best", "mean", "own"))
    return state, best, mean, own


def _section(tensors: Tensors, section: str) -> Tensors:
    """The tensors of one section, by their names in it."""
    prefix = f"{section}."
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
