"""The parts of a pretrained base: its layers, its attentions, the last linear part of its blocks.

Knows the names that families of transformers give their parts. Knows nothing of training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mesocosm.core.errors import ConfigValueError

ENDS = (
    "attention.output.dense",
    "output.dense",
    "attention.out_lin",
    "ffn.lin2",
    "o_proj",
    "down_proj",
    "c_proj",
    "out_proj",
    "fc2",
)


def layers_of(net: Any) -> tuple[str, Any]:
    """The name and the list of a base's layers.

    Raises:
        ConfigValueError: the base has no such list.
    """
    from torch import nn

    lists = [
        (name, m) for name, m in net.named_modules() if isinstance(m, nn.ModuleList) and len(m)
    ]
    if not lists:
        raise ConfigValueError("base", "it has no list of layers", "a transformer")
    return max(lists, key=lambda one: sum(p.numel() for p in one[1].parameters()))


def depth_of(name: str) -> int | None:
    """The number of the layer that a weight belongs to, by its name; None outside the layers."""
    return next((int(part) for part in name.split(".") if part.isdigit()), None)


def freeze(net: Any) -> Any:
    """The net with no weight to train."""
    for weight in net.parameters():
        weight.requires_grad_(False)
    return net


def linear_names(
    net: Any, usual: Sequence[str], targets: Sequence[str] | str, word: str
) -> list[str]:
    """The ends of names of linear parts: those of `usual` that exist, or `targets`, each of which
    must.

    Raises:
        ConfigValueError: there is none, or no part bears a name in `targets`.
    """
    ends = {
        name.rsplit(".", 1)[-1] for name, m in net.named_modules() if getattr(m, "in_features", 0)
    }
    names = [n for n in usual if n in ends]
    if not isinstance(targets, str):
        names = list(targets)
    unknown = [n for n in names if n not in ends]
    if not names:
        unknown = [word]
    if unknown:
        raise ConfigValueError(
            "fine_tune.targets",
            f"no module of the base is named '{unknown[0]}'",
            "a module of it",
            sorted(ends),
            unknown[0],
        )
    return names


def block_ends(net: Any) -> Iterator[tuple[Any, str, Any]]:
    """The last linear part of each attention and each feed-forward block: its parent, its name
    there, itself.

    Raises:
        ConfigValueError: there is none whose name is known.
    """
    found = False
    for layer in layers_of(net)[1]:
        for name, module in list(layer.named_modules()):
            ends_block = any(f".{name}".endswith(f".{end}") for end in ENDS)
            if getattr(module, "in_features", 0) and ends_block:
                found = True
                parent, _, last = name.rpartition(".")
                yield layer.get_submodule(parent), last, module
    if not found:
        raise ConfigValueError(
            "base",
            "no block of it ends in a linear part of a known name",
            f"parts named as one of: {', '.join(ENDS)}",
        )
