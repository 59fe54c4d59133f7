"""A causal net in training and generation: its inner net may be fine-tuned by any method, its loss
is of answers only.

Knows torch and transformers. Knows nothing of rows or fields.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol, Self, cast

import numpy as np
import torch
from torch import nn

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.learning.arrays import Array, Floats, Ints
from mesocosm.learning.base_models import Base
from mesocosm.learning.features.embeddings import silence_libraries, supports_bfloat16
from mesocosm.learning.tasks.generation.prompt import GENERATION_BATCH
from mesocosm.learning.training.loop.rows import TrainableNet

if TYPE_CHECKING:
    from mesocosm.learning.fine_tuning.frozen import Frozen
    from mesocosm.learning.fine_tuning.gradient import Gradient

IGNORED = -100  # a token that no loss counts


class CausalNet(Protocol):
    """What is used of a causal net of transformers; `base_model_prefix` names the part below its
    head.
    """

    base_model_prefix: str

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def buffers(self) -> Iterator[torch.Tensor]: ...

    def eval(self) -> Self: ...

    def get_output_embeddings(self) -> nn.Module: ...

    def tie_weights(self) -> None: ...

    def generate(self, **settings: torch.Tensor | float) -> torch.Tensor: ...


def load_causal_model(base: Base) -> CausalNet:
    """A causal base in evaluation mode, in float32, without gradients.

    Raises:
        ConfigValueError: it cannot be read, or is not causal.
    """
    silence_libraries()
    from transformers import AutoModelForCausalLM

    if not base.writes:
        raise ConfigValueError(
            "base",
            Message("learning.encoder_for_text", name=base.name),
            Message("learning.causal_base"),
        )
    try:
        net = AutoModelForCausalLM.from_pretrained(
            base.folder, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
        )
    except Exception as error:  # safetensors, transformers and torch each have their own kinds
        raise ConfigValueError(
            "base",
            Message("learning.weights_unreadable", name=base.name),
            Message("learning.complete_hub_folder"),
        ) from error
    for weight in net.parameters():
        weight.requires_grad_(False)
    return cast(CausalNet, net.eval())


def inner_net(net: CausalNet) -> nn.Module:
    """The part below the head."""
    inner: nn.Module = getattr(net, net.base_model_prefix)
    return inner


def attach_method(net: CausalNet, tune: Gradient | Frozen) -> None:
    """Attach the modules of a fine-tuning method to the part below the head, in place."""
    setattr(net, net.base_model_prefix, tune.attach(inner_net(net)))


def copy_sharing_weights(net: CausalNet) -> CausalNet:
    """A copy of a net whose weights are the same tensors: adapters can be attached to it and
    swapped, the base stays in memory once.
    """
    weights: list[torch.Tensor] = [*net.parameters(), *net.buffers()]
    return copy.deepcopy(net, {id(weight): weight for weight in weights})


def apply_delta(
    net: CausalNet, tune: Gradient | Frozen, delta: Mapping[str, torch.Tensor]
) -> CausalNet:
    """A copy of `net`, sharing its weights, with a fine-tuning method's modules and the weights
    that were trained in them.

    Raises:
        ConfigValueError: the weights do not fit the base.
    """
    model = copy_sharing_weights(net)
    attach_method(model, tune)
    below = inner_net(model)
    if set(delta) - set(dict(below.named_parameters())):
        raise ConfigValueError(
            "base",
            Message("learning.weights_do_not_fit"),
            Message("learning.base_trained_on"),
        )
    below.load_state_dict(dict(delta), strict=False, assign=True)
    model.tie_weights()  # a head that shares the embedding table follows it
    return model.eval()


class InnerNet(nn.Module):
    """The net below the head, under the name that the trainer expects."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net


class CausalModel(TrainableNet):
    """A causal net as the trainer expects it: gives states (rows, length, width); `measure` turns
    those of answers into a loss.
    """

    def __init__(self, net: CausalNet) -> None:
        super().__init__()
        self.trunk = InnerNet(inner_net(net))
        self.head = net.get_output_embeddings()
        self.measure = NextTokenLoss(self.head)
        self.anchor = None  # what holds the weights near where they were

    @property
    def weights(self) -> nn.Parameter:  # type: ignore[override]  # read only
        """The head's, as a head of classes has them."""
        weights = self.head.weight
        assert isinstance(weights, nn.Parameter)
        return weights

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor, table: torch.Tensor, mix: None = None
    ) -> torch.Tensor:
        """States of padded token ids under their mask; the table and `mix` are not read."""
        del table, mix
        outputs = self.trunk.net(input_ids=ids, attention_mask=mask, use_cache=False)
        states: torch.Tensor = outputs.last_hidden_state
        return states


class NextTokenLoss:
    """Mean negative log-probability of the tokens of answers, each given those before it."""

    of: ClassVar[str] = "tokens"

    def __init__(self, head: nn.Module) -> None:
        self.head = head

    def of_classes(self, y: Array, classes: int) -> None:
        """Tokens have no class weights."""

    def rows(self, states: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The summed loss and the number of tokens of each row.

        Args:
            states: (rows, length, width).
            y: token ids (rows, at least length), `OUT` where none is counted.
        """
        said = y[:, 1 : states.shape[1]]
        counted = said != IGNORED
        with torch.autocast("cpu", torch.bfloat16, enabled=supports_bfloat16()):
            logits: torch.Tensor = self.head(states[:, :-1][counted])
        each = nn.functional.cross_entropy(logits.float(), said[counted], reduction="none")
        total = torch.zeros(said.shape[0], dtype=each.dtype).index_add(
            0, counted.nonzero()[:, 0], each
        )
        return total, counted.sum(1)

    def value(
        self, states: torch.Tensor, y: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        """The mean over the tokens of a batch, a scalar tensor."""
        total, count = self.rows(states, y)
        return total.sum() / count.sum().clamp(min=1)


def encode_examples(
    prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]
) -> tuple[list[list[int]], Ints]:
    """Prompts with their answers, and which of their tokens count: (rows, longest), `OUT` at all
    others.
    """
    ids = [[*p, *a] for p, a in zip(prompts, answers, strict=True)]
    y = np.full((len(ids), max(map(len, ids), default=1)), IGNORED, dtype=np.int64)
    for row, (p, a) in enumerate(zip(prompts, answers, strict=True)):
        y[row, len(p) : len(p) + len(a)] = a
    return ids, y


def answer_losses(
    writer: CausalModel, ids: Sequence[Sequence[int]], y: Ints, batch: int = 8
) -> tuple[Floats, Ints]:
    """Each row's summed loss over its answer (nats), and its number of tokens."""
    from mesocosm.learning.features.embeddings import pad

    writer.eval()
    total: Floats = np.zeros(len(ids))
    count: Ints = np.zeros(len(ids), dtype=np.int64)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=supports_bfloat16()):
        for start in range(0, len(order), batch):
            pick = order[start : start + batch]
            states: torch.Tensor = writer(*pad([ids[i] for i in pick]), torch.zeros(0))
            sums, counts = writer.measure.rows(states.float(), torch.from_numpy(y[pick]))
            total[pick], count[pick] = sums.numpy(), counts.numpy()
    return total, count


def generate(
    net: CausalNet,
    prompts: Sequence[Sequence[int]],
    most: int,
    end: int,
    blank: int,
    batch: int = GENERATION_BATCH,
) -> list[list[int]]:
    """The likeliest next tokens of each prompt (greedy decoding), until its end or `most`; prompts
    of similar length are batched.
    """
    answers: list[list[int]] = [[] for _ in prompts]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), batch):
        pick = order[start : start + batch]
        ids, mask = _pad_left([prompts[i] for i in pick], blank)
        with torch.inference_mode():
            out = net.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=most,
                do_sample=False,
                eos_token_id=end,
                pad_token_id=blank,
                repetition_penalty=1.0,
                use_cache=True,
            )
        for row, i in enumerate(pick):
            answers[i] = _cut_at_end(out[row, ids.shape[1] :].tolist(), end)
    return answers


def _pad_left(prompts: Sequence[Sequence[int]], blank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Prompts padded on the left, so that every row continues at its end, and their mask."""
    longest = max(map(len, prompts))
    ids = torch.full((len(prompts), longest), blank)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(prompt)
        mask[row, longest - len(prompt) :] = 1
    return ids, mask


def _cut_at_end(answer: list[int], end: int) -> list[int]:
    """An answer without its end and what comes after it."""
    if end not in answer:
        return answer
    return answer[: answer.index(end)]
