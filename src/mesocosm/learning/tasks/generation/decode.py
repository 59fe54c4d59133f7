"""Answers of an untouched causal base. Knows a base; nothing of versions."""

from __future__ import annotations

from pathlib import Path

from mesocosm.learning.base_models import resolve
from mesocosm.learning.tasks.generation.net import generate, load_causal_model
from mesocosm.learning.tasks.generation.prompt import Prompter

MAX_PROMPT = 600  # tokens of a prompt


class TextGenerator:
    """An untouched causal base with one instruction.

    Args:
        root: the project's folder, in which a base may lie.
        name: of the base.
        most: tokens of an answer.

    Raises:
        ConfigValueError: the base is not there, or is not causal.
    """

    def __init__(self, root: Path, name: str, instruction: str, most: int) -> None:
        base = resolve(name, root)
        self.net = load_causal_model(base)
        self.prompter = Prompter(base, instruction, MAX_PROMPT, most)

    def answer(self, text: str) -> str:
        """The likeliest answer to a text."""
        p = self.prompter
        (ids,) = generate(self.net, [p.prompt(text)], p.most_new, p.end, p.blank)
        return p.text(ids)
