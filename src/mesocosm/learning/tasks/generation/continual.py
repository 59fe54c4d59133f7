"""A writer learns on: from where the last version ended, held where that mattered, and told beside
it on the rows by which it was judged.

Knows the parts of writing and what `continual` keeps.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from mesocosm.learning.base_models import Base
from mesocosm.learning.strategies.continual import LEAST, MATTERED, Anchor, Past, fisher
from mesocosm.learning.tasks.generation.net import Writer, losses, taught
from mesocosm.learning.tasks.generation.prompt import Prompter, asked

Say = Callable[[str], None]
DELTA, NET = "delta.safetensors", "trunk.net."


def begin(past: Past, writer: Writer, base: Base, method: str, say: Say) -> bool:
    """Put what the last version learnt into a writer that is about to learn; says whether it
    did.
    """
    import torch
    from safetensors.torch import load_file

    path = past.folder / DELTA if past.folder else None
    if past.folder is None or path is None or not path.is_file():
        return False
    card = json.loads((past.folder / "card.json").read_text(encoding="utf-8"))
    moving = {n: p for n, p in writer.trunk.net.named_parameters() if p.requires_grad}
    weights = load_file(path)
    if (
        card.get("weights") != base.weights
        or card.get("method") != method
        or {n: p.shape for n, p in moving.items()} != {n: w.shape for n, w in weights.items()}
    ):
        say(f"begins anew: {past.version} stood on another base or method")
        return False
    with torch.no_grad():
        for name, weight in moving.items():
            weight.copy_(weights[name])
    held = past.folder / MATTERED
    if past.setting.ewc and held.is_file():
        matter = load_file(held)
        writer.anchor = Anchor(
            {NET + n: (weights[n], matter[n]) for n in moving if n in matter}, past.setting.ewc
        )
    past.tell(bool(writer.anchor), say)
    return True


def mattered(writer: Writer, ids: list[list[int]], y: Any) -> dict[str, Any]:
    """How much each weight of a writer matters, by its name in the trunk's net: by an answer's
    log-likelihood.
    """
    import torch

    from mesocosm.learning.features.embeddings import pad

    def loss(i: int) -> Any:
        total, _ = writer.measure.rows(
            writer(*pad([ids[i]]), torch.zeros(0)), torch.from_numpy(y[[i]])
        )
        return total.sum()

    return {n.removeprefix(NET): m for n, m in fisher(writer, len(ids), loss).items()}


def judging(
    past: Past, prompter: Prompter, inputs: list[str], predict: str, most: int
) -> tuple[list[list[int]], Any] | None:
    """The rows by which the last version was judged, as tokens; None where there are too few."""
    columns = past.known
    rows = [i for i, v in enumerate(columns.get(predict, [])) if v is not None and str(v).strip()][
        :most
    ]
    if len(rows) < LEAST:
        return None
    prompts = [prompter.prompt(asked({n: columns[n][i] for n in inputs}, inputs)) for i in rows]
    return taught(prompts, [prompter.answer(str(columns[predict][i]).strip()) for i in rows])


def perplexity(writer: Writer, judged: tuple[list[list[int]], Any]) -> float:
    """Of the answers of rows."""
    total, count = losses(writer, *judged)
    return float(np.exp(total.sum() / max(1, count.sum())))
