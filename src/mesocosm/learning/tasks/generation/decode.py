"""A base that writes, as it is, asked for answers. Knows a base; nothing of versions."""

from __future__ import annotations

from pathlib import Path

from mesocosm.learning.base_models import resolve
from mesocosm.learning.tasks.generation.net import load_writer, write
from mesocosm.learning.tasks.generation.prompt import Prompter

ROOM = 600  # tokens of a prompt


class Says:
    """A causal base with one instruction.

    Args:
        root: the project's folder, in which a base may lie.
        name: of the base.
        most: tokens of an answer.

    Raises:
        Wrong: the base is not there, or does not write.
    """

    def __init__(self, root: Path, name: str, instruction: str, most: int) -> None:
        base = resolve(name, root)
        self.net = load_writer(base)
        self.prompter = Prompter(base, instruction, ROOM, most)

    def answer(self, text: str) -> str:
        """The likeliest answer to a text."""
        p = self.prompter
        (ids,) = write(self.net, [p.prompt(text)], p.most_new, p.end, p.blank)
        return p.text(ids)
