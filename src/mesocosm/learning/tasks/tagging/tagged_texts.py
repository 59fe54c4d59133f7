"""Texts and their tags by part of the split, and how many rows do not fit. Knows rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.learning.features.splits import PARTS
from mesocosm.learning.tasks.tagging.parts import WORDS, choose_cut, read_tags
from mesocosm.learning.tasks.tagging.tag_head.head import WIDE


@dataclass(frozen=True)
class TaggedTexts:
    """Texts and their tags by part.

    Args:
        where: the row numbers of each part.
        texts: the texts of each part.
        tags: a tag for each word of each text.
        mismatched: how many rows have another number of tags than words, or spans that do not fit.
        cut: what has a tag of its own.
    """

    where: dict[str, list[int]]
    texts: dict[str, list[str]]
    tags: dict[str, list[list[str]]]
    mismatched: int
    cut: str = WORDS

    def count_words(self, part: str) -> int:
        """How many words, or parts of texts, have a tag."""
        return sum(map(len, self.tags[part]))

    def count_states(self) -> int:
        """How many states the head is fitted over."""
        return self.count_words("train") * (1 if self.cut == WORDS else WIDE)


def split_tagged(
    text: str, predict: str, rows: Mapping[str, Sequence[object]], split: Sequence[str]
) -> TaggedTexts:
    """The rows that have a tag for each word, by part.

    Raises:
        ConfigValueError: there is none to train on, or none to evaluate on.
    """
    cut = choose_cut(rows[text], rows[predict])
    tags_of_rows = [
        _read_row(written, value, cut)
        for written, value in zip(rows[text], rows[predict], strict=True)
    ]
    where = {part: _rows_of(part, split, tags_of_rows) for part in PARTS}
    for part in ("train", "test"):
        if not where[part]:
            raise ConfigValueError(
                "target",
                Message(
                    "learning.tags_and_words",
                    part=Message(f"learning.part.{part}"),
                    field=predict,
                    column=text,
                ),
                Message("learning.tag_for_each_word"),
            )
    texts: dict[str, list[str]] = {}
    tags: dict[str, list[list[str]]] = {}
    for part in PARTS:
        texts[part] = [str(rows[text][i]) for i in where[part]]
        tags[part] = [tags_of_rows[i] or [] for i in where[part]]
    both = sum(
        a is not None and b is not None for a, b in zip(rows[text], rows[predict], strict=True)
    )
    return TaggedTexts(where, texts, tags, both - sum(t is not None for t in tags_of_rows), cut)


def _read_row(text: object, value: object, cut: str) -> list[str] | None:
    """A row's tags; None where it has none, or they do not fit its text."""
    if text is None or value is None:
        return None
    return read_tags(str(value), str(text), cut)


def _rows_of(part: str, split: Sequence[str], tags: Sequence[list[str] | None]) -> list[int]:
    """The rows of a part of the split that have tags."""
    return [i for i, of in enumerate(split) if of == part and tags[i] is not None]
