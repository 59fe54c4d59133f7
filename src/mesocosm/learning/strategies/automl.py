"""`base: auto`: within a budget of time, bases and fine-tuning methods are tried and compared on
the validation rows; trials, their cost and what was skipped are reported.

Knows cost estimates and how a model is fitted. Its settings are known to the file's grammar, so
nothing heavy is imported with them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message, Text
from mesocosm.core.progress import Say
from mesocosm.core.records import Json
from mesocosm.core.settings import Settings

if TYPE_CHECKING:
    from mesocosm.learning.arrays import Array
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.features.splits import Splits
    from mesocosm.learning.heads.head import Head
    from mesocosm.learning.model import Model
    from mesocosm.learning.tasks.vision.features import ImageFeatures
    from mesocosm.learning.training.fit_request import FitResult

AUTO = "auto"
DIGITS = 5  # of a loss
TABLE_ONLY = "the table alone"  # the name of a trial without a base
LADDER = ("last", "full")  # fine-tuning methods that are tried, the cheaper first
NETS = ("mlp", "attention")  # heads that are tried besides those that always are
MIN_VALIDATION = 30  # validation rows under which cross-validated losses of heads are compared


class Auto(Settings):
    """The budget of `base: auto`.

    Args:
        minutes: the most minutes of all candidates; one whose estimate exceeds the rest is skipped.
        bases: folders and hub ids that are tried besides those that come with Mesocosm and are
            installed.

    Source: Wang et al. 2021, MLSys (FLAML: cheap tries first, cost-aware).

    >>> Auto().minutes
    10.0
    """

    short: ClassVar[str] = "minutes"
    minutes: float = Field(10.0, gt=0, le=100_000)
    bases: tuple[str, ...] = ()


@dataclass
class Trial:
    """A configuration that was fitted, and its loss."""

    model: Model
    base: Base | None
    loss: float
    made: FitResult


def candidates(model: Model, root: Path, texts: Sequence[str], say: Say) -> list[Base]:
    """Encoders that are tried: the one in the box that knows the language of the texts, or, where
    it is not installed, those that are; and those that the file names besides.

    Args:
        texts: of the training rows.
        say: called with a warning where the texts' own base is not installed.

    Raises:
        ConfigValueError: one that the file names is not there, or is causal.
    """
    from mesocosm.learning.base_models import installed_encoders, resolve
    from mesocosm.learning.base_models.encoder_choice import choose_encoder

    installed, choice = installed_encoders(), choose_encoder(texts)
    if choice.base in installed:
        installed = [choice.base]
    elif choice.found:
        warning = Message("progress.base_for_texts", found=choice.found, base=choice.base)
        say(Message("progress.warning", warning=warning))
    found = [resolve(name, root) for name in installed]
    more = [resolve(name, root) for name in (model.auto or Auto()).bases]
    for base in more:
        if base.writes:
            raise ConfigValueError(
                "auto.bases",
                Message("learning.base_writes", name=base.name),
                Message("learning.bases_that_read"),
            )
    return found + more


def search_base(
    model: Model,
    parts: Splits,
    root: Path,
    store: Path,
    sight: ImageFeatures | None,
    say: Say,
) -> tuple[Model, Base | None, FitResult, list[dict[str, Json]]]:
    """The model with the best settings in the places of `auto`, its base, what was fitted, and a
    record of each trial.
    """
    search = _Search(parts, store, sight, say, (model.auto or Auto()).minutes)
    bases: list[Base | None] = [None]
    if parts.text_names:
        bases = [*candidates(model, root, parts.texts["train"], say)]
    search.attempt_bases(model, bases)
    if "fine_tune" not in model.model_fields_set:
        search.attempt_methods()
    best = search.best
    settings: Text = best.model.fine_tune.method
    if best.base:
        settings = Message("progress.auto_base", base=best.base.name, method=settings)
    say(
        Message(
            "progress.auto_selected",
            settings=settings,
            head=best.made.head.name,
            count=len(search.trials),
        )
    )
    return best.model, best.base, best.made, search.records


class _Search:
    """Trials within a budget of time.

    Args:
        minutes: what all trials may take.

    Attributes:
        held: the part whose loss is compared; empty where cross-validated losses are.
        trials: those that were run.
        records: a line of each, and of those that were skipped.
    """

    def __init__(
        self,
        parts: Splits,
        store: Path,
        sight: ImageFeatures | None,
        say: Say,
        minutes: float,
    ) -> None:
        self.parts, self.store, self.sight, self.say = parts, store, sight, say
        self.until = time.perf_counter() + minutes * 60
        self.held = ""
        if len(parts.y["validation"]) >= MIN_VALIDATION:
            self.held = "validation"
        self.trials: list[Trial] = []
        self.records: list[dict[str, Json]] = []

    @property
    def best(self) -> Trial:
        """The trial of the lowest loss; of equal ones, as they are recorded, the first, which is
        the cheaper.
        """
        return min(self.trials, key=lambda trial: round(trial.loss, DIGITS))

    def attempt(self, name: str, model: Model, base: Base | None) -> None:
        """Run a trial, unless its estimate is more than the time that is left."""
        from mesocosm.learning.cost.estimate import describe_duration, estimate_cost
        from mesocosm.learning.cost.predictive import predictive_job
        from mesocosm.learning.training.fit import fit
        from mesocosm.learning.training.fit_request import FitRequest

        estimate = estimate_cost(
            predictive_job(model, self.parts, base, self.store), self.store
        ).seconds
        left = self.until - time.perf_counter()
        if self.records and estimate > left:
            needed, available = describe_duration(estimate), describe_duration(max(0.0, left))
            reason = Message("progress.auto_estimate", needed=needed, available=available)
            self.records.append({"tried": name, "why_not": str(reason)})
            self.say(Message("progress.auto_skipped", name=name, reason=reason))
            return
        began = time.perf_counter()
        request = FitRequest(model, self.parts, base, self.store, sight=self.sight)
        made = fit(request, lambda _: None)
        head = made.head
        loss = self._loss(head, made.features)
        seconds = round(time.perf_counter() - began, 2)
        self.records.append(
            {"tried": name, "head": head.name, "loss": round(loss, DIGITS), "seconds": seconds}
        )
        part = Message("progress.part_cross_validated")
        if self.held:
            part = Message("progress.part_validation")
        self.say(
            Message(
                "progress.auto_trial",
                name=name,
                head=head.name,
                part=part,
                loss=loss,
                duration=describe_duration(seconds),
            )
        )
        self.trials.append(Trial(model, base, loss, made))

    def _loss(self, head: Head, feats: Mapping[str, Array]) -> float:
        from mesocosm.learning.heads.kernel import select_loss

        if not self.held:
            return head.loss
        y = self.parts.y[self.held]
        logits = head.logits(feats[self.held], self.parts.table[self.held])
        return select_loss(y, self.parts.outcome.classes)(logits, y)

    def attempt_bases(self, model: Model, bases: Sequence[Base | None]) -> None:
        """The model on each base; None is the table alone."""
        for base in bases:
            if base is None:
                self.attempt(TABLE_ONLY, model.model_copy(update={"base": None}), None)
            else:
                named = model.model_copy(update={"base": base.name})
                self.attempt(f"{base.name}, {model.fine_tune.method}", named, base)

    def attempt_methods(self) -> None:
        """Other heads, where there is a table, and fine-tuning, where validation rows tell."""
        if self.parts.table["train"].shape[1] and self.parts.y["train"].ndim == 1:
            self.attempt_heads()
        if self.held and not self.sight:
            self.attempt_fine_tuning()

    def attempt_heads(self) -> None:
        """Other heads over the best base so far."""
        best, base_name = self.best, TABLE_ONLY
        if best.base:
            base_name = best.base.name
        for head in NETS:
            settings = {"method": "frozen", "head": head}
            frozen = type(best.model.fine_tune).model_validate(settings)
            model = best.model.model_copy(update={"fine_tune": frozen})
            self.attempt(f"{base_name}, head {head}", model, best.base)

    def attempt_fine_tuning(self) -> None:
        """Fine-tuning methods on the best base so far, the cheaper first."""
        from mesocosm.learning.fine_tuning import FINE_TUNING

        best = self.best
        if best.base is None:
            return
        for method in LADDER:
            tune = FINE_TUNING[method].model_validate({"method": method})
            model = best.model.model_copy(update={"fine_tune": tune})
            self.attempt(f"{best.base.name}, {method}", model, best.base)
