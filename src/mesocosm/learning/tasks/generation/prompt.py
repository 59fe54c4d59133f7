"""Rows as a conversation: an instruction, a prompt, an answer. Knows a base's tokenizer and its
chat template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.learning.base_models import Base
from mesocosm.learning.features.splits import PARTS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

GENERATION_BATCH = 8  # prompts that are answered in one batch


def format_inputs(row: Mapping[str, object], inputs: Sequence[str]) -> str:
    """A row's inputs as one text: the only one unchanged, several each on a line with its name.

    >>> format_inputs({"q": "Where is my card?"}, ["q"])
    'Where is my card?'
    >>> format_inputs({"q": "Where?", "country": None, "age": 30}, ["q", "country", "age"])
    'q: Where?\\nage: 30'
    """
    present = {name: row[name] for name in inputs if row.get(name) is not None}
    if len(inputs) == 1:
        return "".join(str(value) for value in present.values())
    return "\n".join(f"{name}: {value}" for name, value in present.items())


def format_row(columns: Mapping[str, Sequence[object]], i: int, inputs: Sequence[str]) -> str:
    """The inputs of row `i` as one text."""
    return format_inputs({name: columns[name][i] for name in inputs}, inputs)


def read_answer(value: object) -> str:
    """A cleaned value as an answer, empty where it is missing."""
    if value is None:
        return ""
    return str(value).strip()


@dataclass(frozen=True, slots=True)
class TextPairs:
    """Inputs and answers as texts, by part.

    Args:
        where: the row numbers of each part.
        texts: the inputs of each row.
        answers: its answer.
    """

    where: dict[str, list[int]] = field(default_factory=lambda: {part: [] for part in PARTS})
    texts: dict[str, list[str]] = field(default_factory=lambda: {part: [] for part in PARTS})
    answers: dict[str, list[str]] = field(default_factory=lambda: {part: [] for part in PARTS})

    def add(self, part: str, i: int, text: str, answer: str) -> None:
        """Append a row."""
        self.where[part].append(i)
        self.texts[part].append(text)
        self.answers[part].append(answer)


def split_pairs(
    inputs: Sequence[str],
    predict: str,
    rows: Mapping[str, Sequence[object]],
    split: Sequence[str],
) -> TextPairs:
    """The rows that hold an answer, by part.

    Raises:
        ConfigValueError: there is none to train on, or none to evaluate on.
    """
    pairs = TextPairs()
    for i, part in enumerate(split):
        answer = read_answer(rows[predict][i])
        if part in PARTS and answer:
            pairs.add(part, i, format_row(rows, i, inputs), answer)
    for part in ("train", "test"):
        if not pairs.where[part]:
            raise ConfigValueError(
                "target",
                Message(
                    "learning.no_text_in_part", part=Message(f"learning.part.{part}"), field=predict
                ),
                Message("learning.rows_with_answer"),
            )
    return pairs


class Prompter:
    """Texts to token ids as a base expects them: by its chat template, or with blank lines where it
    has none.

    Args:
        instruction: the system prompt; may be empty.
        most: tokens of a prompt; the end of a longer text is truncated.
        most_new: tokens of an answer.
    """

    def __init__(self, base: Base, instruction: str, most: int, most_new: int) -> None:
        from transformers import AutoTokenizer

        from mesocosm.learning.features.embeddings import silence_libraries

        silence_libraries()
        self.tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            base.folder, trust_remote_code=False
        )
        self.instruction, self.most, self.most_new = instruction, most, most_new
        self.end: int = self.tokenizer.eos_token_id
        self.blank: int = self.end
        if self.tokenizer.pad_token_id is not None:
            self.blank = self.tokenizer.pad_token_id

    def prompt(self, text: str) -> list[int]:
        """The ids before an answer, at most `most`; a text too long is truncated, the instruction
        never.
        """
        ids = self._ids(text)
        over = len(ids) - self.most
        if over > 0:
            words = self.tokenizer.encode(text, add_special_tokens=False)
            text = str(self.tokenizer.decode(words[: max(0, len(words) - over)]))
            ids = self._ids(text)
        return ids

    def _ids(self, text: str) -> list[int]:
        if not self.tokenizer.chat_template:
            prompt = "\n\n".join(filter(None, (self.instruction, text)))
            return list(self.tokenizer.encode(prompt + "\n\n", add_special_tokens=False)) or [
                self.end
            ]
        messages = [{"role": "user", "content": text}]
        if self.instruction:
            messages.insert(0, {"role": "system", "content": self.instruction})
        encoding = self.tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=True, return_dict=True
        )
        return list(cast("dict[str, list[int]]", encoding)["input_ids"])

    def answer(self, text: str) -> list[int]:
        """The ids of an answer and its end, at most `most_new`."""
        return [
            *self.tokenizer.encode(text, add_special_tokens=False)[: self.most_new - 1],
            self.end,
        ]

    def text(self, ids: Sequence[int]) -> str:
        """An answer's ids as a text, without its end."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True)).strip()
