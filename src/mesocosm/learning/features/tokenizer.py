"""Texts to token ids, and ids in batches of like length. Knows tokenizers; knows no net, so that
serving does not wait for torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

TOKENS = 1024  # padded tokens of one batch: what stays in the cache of two cores


class Tokens:
    """A base's tokenizer.

    Args:
        folder: holds `tokenizer.json`.
        most: tokens of a text that are read.
    """

    def __init__(self, folder: Path, most: int) -> None:
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(most)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text, unpadded."""
        return [e.ids for e in self.tokenizer.encode_batch(list(texts))]


def batches(lengths: Sequence[int], tokens: int = TOKENS) -> list[list[int]]:
    """Row numbers in batches of about `tokens` padded tokens, sorted by length."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    found: list[list[int]] = []
    batch: list[int] = []
    for i in order:
        if batch and lengths[i] * (len(batch) + 1) > tokens:
            found.append(batch)
            batch = []
        batch.append(i)
    return [*found, batch] if batch else found
