"""Rows as a conversation: an instruction, what was asked, what is answered. Knows a base's
tokenizer and its chat template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.core.errors import Wrong
from mesocosm.learning.base_models import Base
from mesocosm.learning.features.splits import PARTS

TOGETHER = 8  # prompts that are answered side by side


def asked(row: Mapping[str, Any], inputs: Sequence[str]) -> str:
    """A row's inputs as one text: the only one as it is, several each on a line with its name.

    >>> asked({"q": "Where is my card?"}, ["q"])
    'Where is my card?'
    >>> asked({"q": "Where?", "country": None, "age": 30}, ["q", "country", "age"])
    'q: Where?\\nage: 30'
    """
    said = [(n, row.get(n)) for n in inputs]
    if len(inputs) == 1:
        return "" if said[0][1] is None else str(said[0][1])
    return "\n".join(f"{n}: {v}" for n, v in said if v is not None)


def paired(
    inputs: Sequence[str], predict: str, rows: Mapping[str, Sequence[Any]], split: Sequence[str]
) -> tuple[dict[str, list[int]], dict[str, list[str]], dict[str, list[str]]]:
    """By part: the rows that hold an answer, what is asked in them, and the answers.

    Raises:
        Wrong: none is there to learn from, or none to judge on.
    """
    where = {
        p: [
            i
            for i, s in enumerate(split)
            if s == p and rows[predict][i] is not None and str(rows[predict][i]).strip()
        ]
        for p in PARTS
    }
    for part in ("train", "test"):
        if not where[part]:
            raise Wrong(
                "predict",
                f"no {part} row holds a text in '{predict}'",
                "rows with an answer to learn from and rows to judge on",
            )
    texts = {p: [asked({n: rows[n][i] for n in inputs}, inputs) for i in where[p]] for p in PARTS}
    return where, texts, {p: [str(rows[predict][i]).strip() for i in where[p]] for p in PARTS}


class Prompter:
    """Texts to token ids as a base wants them: by its chat template, or with blank lines where it
    has none.

    Args:
        instruction: what every answer is to follow; may be empty.
        most: tokens of a prompt; the middle is kept out of what was asked where it is longer.
        most_new: tokens of an answer.
    """

    def __init__(self, base: Base, instruction: str, most: int, most_new: int) -> None:
        from transformers import AutoTokenizer

        from mesocosm.learning.features.embeddings import quiet

        quiet()
        self.tokenizer = AutoTokenizer.from_pretrained(base.folder, trust_remote_code=False)
        self.instruction, self.most, self.most_new = instruction, most, most_new
        self.end: int = self.tokenizer.eos_token_id
        self.blank: int = (
            self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else self.end
        )

    def prompt(self, text: str) -> list[int]:
        """The ids before an answer, at most `most`; a text too long loses its end, never the
        instruction.
        """
        ids = self._ids(text)
        over = len(ids) - self.most
        if over > 0:
            words = self.tokenizer.encode(text, add_special_tokens=False)
            text = self.tokenizer.decode(words[: max(0, len(words) - over)])
            ids = self._ids(text)
        return ids

    def _ids(self, text: str) -> list[int]:
        if self.tokenizer.chat_template:
            said = [{"role": "system", "content": self.instruction}] if self.instruction else []
            said.append({"role": "user", "content": text})
            return list(
                self.tokenizer.apply_chat_template(
                    said, add_generation_prompt=True, tokenize=True, return_dict=True
                )["input_ids"]
            )
        whole = "\n\n".join(part for part in (self.instruction, text) if part)
        return list(self.tokenizer.encode(whole + "\n\n", add_special_tokens=False)) or [self.end]

    def answer(self, text: str) -> list[int]:
        """The ids of an answer and its end, at most `most_new`."""
        return [
            *self.tokenizer.encode(text, add_special_tokens=False)[: self.most_new - 1],
            self.end,
        ]

    def text(self, ids: Sequence[int]) -> str:
        """An answer's ids as a text, without its end."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True)).strip()
