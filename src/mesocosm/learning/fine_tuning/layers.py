"""The parts of a pretrained base: its layers, its attentions, the last linear part of its blocks.

Knows the names that families of transformers give their parts. Knows nothing of training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from torch import Tensor, nn

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
Net = TypeVar("Net", bound="nn.Module")


class BaseConfig(Protocol):
    """What is read and set of the configuration of a base."""

    hidden_size: int
    bos_token_id: int | None
    _attn_implementation: str


class PretrainedNet(Protocol):
    """What a base has besides what every net of torch has; nets that wrap a base have it too."""

    config: BaseConfig

    def get_input_embeddings(self) -> nn.Embedding: ...

    def gradient_checkpointing_enable(
        self, gradient_checkpointing_kwargs: dict[str, bool]
    ) -> None: ...


def as_pretrained(net: nn.Module) -> PretrainedNet:
    """A net with what a base has: the type of torch's nets gives no attribute a type of its own."""
    return cast(PretrainedNet, net)


def hidden_states(net: nn.Module, **inputs: Tensor) -> Tensor:
    """The states of a base's last layer, (rows, length, width)."""
    states: Tensor = net(**inputs).last_hidden_state
    return states


def named_parts(net: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Every part of a net by its name, the net itself first."""
    parts: Iterator[tuple[str, nn.Module]] = net.named_modules()
    return parts


def linear_parts(net: nn.Module) -> Iterator[tuple[str, nn.Linear]]:
    """The parts of a net that are linear, also where an adapter wraps them, by their names."""
    for name, part in named_parts(net):
        if getattr(part, "in_features", 0):
            yield name, cast("nn.Linear", part)


def layers_of(net: nn.Module) -> tuple[str, nn.ModuleList]:
    """The name and the list of a base's layers.

    Raises:
        ConfigValueError: the base has no such list.
    """
    from torch import nn

    lists = [
        (name, part) for name, part in named_parts(net) if isinstance(part, nn.ModuleList) and part
    ]
    if not lists:
        raise ConfigValueError(
            "base", Message("learning.no_layers"), Message("learning.a_transformer")
        )
    return max(lists, key=lambda named: count_weights(named[1]))


def count_weights(net: nn.Module) -> int:
    """How many numbers a net is made of."""
    return sum(weight.numel() for weight in net.parameters())


def depth_of(name: str) -> int | None:
    """The number of the layer that a weight belongs to, by its name; None outside the layers."""
    return next((int(part) for part in name.split(".") if part.isdigit()), None)


def freeze(net: Net) -> Net:
    """The net with no weight to train."""
    set_trainable(net, False)
    return net


def set_trainable(net: nn.Module, trainable: bool) -> None:
    """Set whether the weights of a net are trained."""
    for weight in net.parameters():
        weight.requires_grad_(trainable)


def linear_names(
    net: nn.Module, usual: Sequence[str], targets: Sequence[str] | str, word: str
) -> list[str]:
    """The ends of names of linear parts: those of `usual` that exist, or `targets`, each of which
    must.

    Raises:
        ConfigValueError: there is none, or no part bears a name in `targets`.
    """
    ends = {name.rsplit(".", 1)[-1] for name, _ in linear_parts(net)}
    names = [name for name in usual if name in ends]
    if not isinstance(targets, str):
        names = list(targets)
    _check_names(names or [word], ends)
    return names


def _check_names(names: Sequence[str], ends: set[str]) -> None:
    """Refuse the first name that no part of the base bears."""
    unknown = [name for name in names if name not in ends]
    if unknown:
        raise ConfigValueError(
            "fine_tune.targets",
            Message("learning.no_module", name=unknown[0]),
            Message("learning.one_of_its_modules"),
            sorted(ends),
            unknown[0],
        )


def block_ends(net: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    """The last linear part of each attention and each feed-forward block: its parent, its name
    there, itself.

    Raises:
        ConfigValueError: there is none whose name is known.
    """
    found = False
    for layer in layers_of(net)[1]:
        for name, linear in list(linear_parts(layer)):
            if _ends_block(name):
                found = True
                parent, _, last = name.rpartition(".")
                yield layer.get_submodule(parent), last, linear
    if not found:
        raise ConfigValueError(
            "base",
            Message("learning.no_known_ending"),
            Message("learning.known_endings", names=tuple(ENDS)),
        )


def _ends_block(name: str) -> bool:
    """Whether a part's name in its layer is that of the last one of a block."""
    return any(f".{name}".endswith(f".{end}") for end in ENDS)
