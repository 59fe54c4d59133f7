"""Texts to features: one pass, sorted by length, in bfloat16 where the processor has it, cached.

Knows transformers' nets and tokenizers. Knows nothing of tasks.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.progress import QUIET, Say
from mesocosm.learning.arrays import Array, Floats
from mesocosm.learning.base_models import Base
from mesocosm.learning.base_models.base import feature_cache_path
from mesocosm.learning.features.tokenizer import Tokens, make_batches
from mesocosm.learning.fine_tuning.layers import hidden_states


class Trunk(nn.Module):
    """A pretrained encoder with mean pooling; gives unit vectors (rows, width)."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    if TYPE_CHECKING:

        def __call__(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor, /
        ) -> torch.Tensor: ...

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Features of padded token ids (rows, length), or of states (rows, length, width), under
        their mask.
        """
        if input_ids.is_floating_point():
            states = hidden_states(self.net, inputs_embeds=input_ids, attention_mask=attention_mask)
        else:
            states = hidden_states(self.net, input_ids=input_ids, attention_mask=attention_mask)
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        return nn.functional.normalize(to_float(mean), dim=-1)


def to_float(x: torch.Tensor) -> torch.Tensor:
    """A tensor in float32, or in float64 where it is that already."""
    if x.dtype == torch.float64:
        return x
    return x.float()


def silence_libraries() -> None:
    """Silence libraries' warnings and progress bars, and keep them off the network."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from transformers.utils import logging

    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def load_trunk(base: Base) -> Trunk:
    """The base as a trunk, in evaluation mode, in float32."""
    silence_libraries()
    from transformers import AutoModel

    try:
        net: nn.Module = AutoModel.from_pretrained(
            base.folder, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
        )
    except Exception as error:  # safetensors, transformers and torch each have their own kinds
        raise ConfigValueError(
            "base",
            Message("learning.weights_unreadable", name=base.name),
            Message("learning.complete_hub_folder"),
        ) from error
    trunk = Trunk(net)
    trunk.eval()
    return trunk


def describe_trainable(method: str, trained: int, total: int) -> Message:
    """A line of progress: how many weights a fine-tuning method trains.

    >>> print(describe_trainable("lora", 7000, 1_750_000))
    lora: trainable parameters: 7,000 (0.40%)
    """
    share = trained / total
    return Message("progress.trainable", method=method, trained=trained, share=share)


def pad(rows: Sequence[Sequence[int] | Array]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids padded to the longest row, with their mask, both int64; states (length, width) of rows
    likewise, in float32.
    """
    longest = max(map(len, rows))
    mask = torch.zeros(len(rows), longest, dtype=torch.int64)
    padded = torch.zeros(len(rows), longest, dtype=torch.int64)
    if isinstance(rows[0], np.ndarray):
        padded = torch.zeros(len(rows), longest, rows[0].shape[1])
    for i, row in enumerate(rows):
        padded[i, : len(row)] = torch.as_tensor(row)
        mask[i, : len(row)] = 1
    return padded, mask


def supports_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def encode(trunk: Trunk, tokens: Tokens, texts: Sequence[str], say: Say | None = None) -> Floats:
    """Features (rows, width) in float32 of texts, in their order; equal texts are encoded once.

    Args:
        say: called every two seconds with the progress.
    """
    distinct = list(dict.fromkeys(texts))
    ids = tokens.ids(distinct)
    progress = _EmbeddingProgress(ids, say)
    rows: dict[str, Floats] = {}
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=supports_bfloat16()):
        for batch in make_batches([len(r) for r in ids]):
            out: Floats = trunk(*pad([ids[i] for i in batch])).float().numpy()
            for k, i in enumerate(batch):
                rows[distinct[i]] = out[k]
            progress.add(batch)
    return np.stack([rows[text] for text in texts]).astype(np.float32)


class _EmbeddingProgress:
    """Says every two seconds how many texts are embedded.

    Args:
        ids: of all texts.
        say: called with a line of progress, if anything is.
    """

    def __init__(self, ids: Sequence[Sequence[int]], say: Say | None) -> None:
        self.ids, self.say = ids, say
        self.total, self.done, self.read = sum(map(len, ids)), 0, 0
        self.began = self.spoke = time.perf_counter()

    def add(self, batch: Sequence[int]) -> None:
        """Count the texts of a batch, by their numbers."""
        self.done += sum(len(self.ids[i]) for i in batch)
        self.read += len(batch)
        now = time.perf_counter()
        if self.say and now - self.spoke > QUIET:
            self.spoke = now
            left = (now - self.began) / self.done * (self.total - self.done)
            self.say(Message("progress.embedding", done=self.read, total=len(self.ids), left=left))


def embed_texts(
    base: Base,
    texts: Sequence[str],
    most: int,
    store: Path,
    say: Say | None = None,
) -> Floats:
    """Features of texts under an untouched base, cached in the store by content; `say` as in
    `encode`.
    """
    from safetensors.numpy import load_file, save_file

    from mesocosm.core.files import aside_name

    path = feature_cache_path(base, texts, most, store)
    if path.is_file():
        return load_file(path)["features"]
    features = encode(load_trunk(base), Tokens(base.folder, most), texts, say)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(aside_name(path))
    save_file({"features": features}, aside)
    os.replace(aside, path)
    return features
