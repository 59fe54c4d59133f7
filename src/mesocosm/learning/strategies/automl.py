"""`base: auto`: within a budget, bases and ways of tuning are tried and judged by the validation
rows; what was tried, what it cost and why it stopped is told.

Knows prices and how a model is fitted. Its settings are known to the file's grammar, so nothing
heavy is imported with them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from mesocosm.core.errors import Wrong
from mesocosm.core.settings import Kind

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.features.splits import Parts
    from mesocosm.learning.model import Model
    from mesocosm.learning.tasks.vision.features import Sight

AUTO = "auto"
LADDER = ("last", "full")  # ways of tuning that are tried, the cheaper first
NETS = ("mlp", "attention")  # heads that are tried besides those that are always
HELD = 30  # validation rows under which only left-out losses of frozen bases are compared


class Auto(Kind):
    """How far `base: auto` looks.

    Args:
        minutes: what all tries may take; one whose price is more than what is left is not begun.
        bases: folders and hub ids that are tried besides those that come with Mesocosm and are
            here.

    Source: Wang et al. 2021, MLSys (FLAML: cheap tries first, cost-aware).

    >>> Auto().minutes
    10.0
    """

    short: ClassVar[str] = "minutes"
    minutes: float = Field(10.0, gt=0, le=100_000)
    bases: tuple[str, ...] = ()


@dataclass
class Try:
    """One thing that was tried."""

    model: Model
    base: Base | None
    loss: float
    made: Any


def candidates(model: Model, root: Path) -> list[Base]:
    """Bases that read and are here: those that come with Mesocosm, and those that the file names
    besides.

    Raises:
        Wrong: one that the file names is not there.
    """
    from mesocosm.learning.base_models import readers, resolve

    found = [resolve(name, root) for name in readers()]
    more = [resolve(name, root) for name in (model.auto or Auto()).bases]
    writer = next((b for b in more if b.writes), None)
    if writer:
        raise Wrong("auto.bases", f"'{writer.name}' writes", "bases that read")
    return found + more


def chosen(
    model: Model,
    parts: Parts,
    root: Path,
    store: Path,
    sight: Sight | None,
    say: Callable[[str], None],
) -> tuple[Model, Base | None, Any, list[dict[str, Any]]]:
    """The model with what did best in the places of `auto`, its base, what was fitted, and a line
    for each try.
    """
    from mesocosm.learning.cost.estimate import estimate_cost, format_duration
    from mesocosm.learning.cost.predictive import predictive_job
    from mesocosm.learning.heads.kernel import loss_for
    from mesocosm.learning.training.fit import fit
    from mesocosm.learning.training.fit_request import FitRequest

    setting = model.auto or Auto()
    until = time.perf_counter() + setting.minutes * 60
    held = "validation" if len(parts.y["validation"]) >= HELD else ""
    free = "tune" not in model.model_fields_set
    lines: list[dict[str, Any]] = []

    def attempt(name: str, asked: Model, base: Base | None) -> Try | None:
        told = estimate_cost(predictive_job(asked, parts, base, store), store).seconds
        left = until - time.perf_counter()
        if lines and told > left:
            lines.append(
                {
                    "tried": name,
                    "why_not": (
                        f"its price of {format_duration(told)} is more than the {format_duration(max(0.0, left))} left"
                    ),
                }
            )
            say(f"auto: {name} is not tried: {lines[-1]['why_not']}")
            return None
        began = time.perf_counter()
        made = fit(FitRequest(asked, parts, base, store, sight=sight), lambda _: None)
        head, feats = made.head, made.features
        if held:
            loss = float(
                loss_for(parts.y[held], parts.task.classes)(
                    head.logits(feats[held], parts.table[held]), parts.y[held]
                )
            )
        else:
            loss = float(head.loss)
        lines.append(
            {
                "tried": name,
                "head": head.name,
                "loss": round(loss, 5),
                "seconds": round(time.perf_counter() - began, 2),
            }
        )
        say(
            f"auto: {name}, {head.name} head: {'validation' if held else 'left-out'} loss"
            f" {loss:.4f} in {format_duration(lines[-1]['seconds'])}"
        )
        return Try(asked, base, loss, made)

    done: list[Try] = []
    bases: list[Base | None] = list(candidates(model, root)) if parts.text_names else [None]
    for base in bases:
        named = model.model_copy(update={"base": base.name if base else None})
        one = attempt(
            f"{base.name}, {model.tune.method}" if base else "the table alone", named, base
        )
        done += [one] if one else []
    best = min(done, key=lambda t: t.loss)
    if free and parts.table["train"].shape[1] and parts.y["train"].ndim == 1:
        for name in NETS:
            frozen: Any = type(model.tune).model_validate({"method": "frozen", "head": name})
            one = attempt(
                f"{best.base.name if best.base else 'the table alone'}, head {name}",
                best.model.model_copy(update={"tune": frozen}),
                best.base,
            )
            done += [one] if one else []
    if free and best.base and held and not sight:
        from mesocosm.learning.fine_tuning import FINE_TUNING

        for method in LADDER:
            tuned: Any = FINE_TUNING[method].model_validate({"method": method})
            one = attempt(
                f"{best.base.name}, {method}",
                best.model.model_copy(update={"tune": tuned}),
                best.base,
            )
            done += [one] if one else []
    best = min(done, key=lambda t: t.loss)
    say(
        f"auto: {best.base.name + ', ' if best.base else ''}{best.model.tune.method} with the"
        f" {best.made.head.name} head is taken; {len(done)} tries"
    )
    return best.model, best.base, best.made, lines
