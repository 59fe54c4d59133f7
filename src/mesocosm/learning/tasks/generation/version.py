"""A text generation version as a service loads it: the base once in memory, and with it what each
version changed.

Knows a version's folder and its base. Knows nothing of requests or services.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.prediction_form import FREE_TEXT
from mesocosm.core.records import Json
from mesocosm.learning.base_models import resolve
from mesocosm.learning.tasks.generation.prompt import Prompter, format_inputs
from mesocosm.learning.tasks.version_files import read_card

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.fine_tuning.frozen import Frozen
    from mesocosm.learning.fine_tuning.gradient import Gradient
    from mesocosm.learning.tasks.generation.card import GenerationCard
    from mesocosm.learning.tasks.generation.net import CausalNet


class BaseModelCache:
    """Causal bases in memory, one of each, whatever the number of versions that share it."""

    def __init__(self) -> None:
        self.nets: dict[str, CausalNet] = {}
        self.lock = threading.Lock()

    def net(self, base: Base) -> CausalNet:
        """The base's net, loaded once."""
        from mesocosm.learning.tasks.generation.net import load_causal_model

        with self.lock:
            if base.weights not in self.nets:
                self.nets[base.weights] = load_causal_model(base)
            return self.nets[base.weights]


class GenerationVersion:
    """A trained text generator.

    Args:
        folder: the version's folder.
        content: the fingerprint that it must have.
        root: the project's folder.
        bases: those already in memory, whose weights are shared.

    Raises:
        MesocosmError: a file of the version was changed or lost, or its base is another one now.
    """

    labels: Sequence[str] = ()
    scale = None
    form = FREE_TEXT

    def __init__(self, folder: Path, content: str, root: Path, bases: BaseModelCache) -> None:
        import torch
        from pydantic import TypeAdapter
        from safetensors.torch import load_file

        from mesocosm.learning.model import Tuning
        from mesocosm.learning.tasks.generation.net import apply_delta

        self.card = cast("GenerationCard", read_card(folder, content))
        self.inputs = self.card["inputs"]
        base = resolve(str(self.card["base"]), root)
        if base.weights != self.card["weights"]:
            raise MesocosmError(
                Message("learning.other_weights", base=base.name, version=folder.name)
            )
        self.prompter = Prompter(
            base, self.card["instruction"], self.card["max_length"], self.card["max_new_tokens"]
        )
        tune: Gradient | Frozen = TypeAdapter(Tuning).validate_python(self.card["tune"])
        with torch.random.fork_rng(devices=[]):
            self.net = apply_delta(bases.net(base), tune, load_file(folder / "delta.safetensors"))
        self.lock = threading.Lock()

    def predict(self, rows: Sequence[Mapping[str, object]]) -> list[dict[str, Json]]:
        """The text generated for each cleaned row: `text` (also as `label`), its `tokens`, and
        whether it came to its `end`.
        """
        from mesocosm.learning.tasks.generation.net import generate

        prompts = [self.prompter.prompt(format_inputs(row, self.inputs)) for row in rows]
        with self.lock:
            answers = generate(
                self.net, prompts, self.prompter.most_new, self.prompter.end, self.prompter.blank
            )
        texts = [self.prompter.text(ids) for ids in answers]
        return [
            {"label": t, "text": t, "tokens": len(ids), "end": len(ids) < self.prompter.most_new}
            for t, ids in zip(texts, answers, strict=True)
        ]
