"""Training that was stopped goes on: weights, moments and counters in one safetensors file; no
pickle.
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
    """Write a checkpoint aside and rename it."""
    from safetensors.torch import save_file

    tensors = {f"net.{n}": p.detach().clone() for n, p in moving.items()}
    tensors |= {f"best.{n}": p.clone() for n, p in best.items()} | {
        f"mean.{n}": p.clone() for n, p in mean.items()
    }
    tensors |= {f"own.{n}": p.detach().clone() for n, p in own.items()}
    for number, moments in optimiser.state_dict()["state"].items():
        tensors |= {
            f"opt.{number}.{k}": torch.as_tensor(v).clone()
            for k, v in moments.items()
            if v is not None
        }
    tensors = {n: p.contiguous() for n, p in tensors.items()}
    path.mkdir(parents=True, exist_ok=True)
    target = path / "checkpoint.safetensors"
    aside = target.with_name(aside_name(target))
    save_file(tensors, aside, metadata={"state": json.dumps(state)})
    os.replace(aside, target)


def load_checkpoint(
    path: Path, moving: Mapping[str, Any], optimiser: Any
) -> tuple[dict[str, Any], Tensors, Tensors, Tensors] | None:
    """Put a checkpoint's weights and moments in place; its state, the best weights, their mean and
    what the method remembers.
    """
    from safetensors import safe_open

    target = path / "checkpoint.safetensors"
    if not target.is_file():
        return None
    with safe_open(target, "pt") as kept:
        state = json.loads(kept.metadata()["state"])
        tensors = {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118
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
    best, mean, own = (
        {n.partition(".")[2]: t for n, t in tensors.items() if n.startswith(part)}
        for part in ("best.", "mean.", "own.")
    )
    return state, best, mean, own
