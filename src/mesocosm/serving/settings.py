"""Settings of services. Runs nothing."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings
from mesocosm.core.values.durations import Duration
from mesocosm.core.values.thresholds import Bound
from mesocosm.serving.runtimes.onnx import Onnx


def _expand_name(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


class Rollout(Settings):
    """How a new version becomes the champion.

    Args:
        method: `direct` (at once), `canary` (an increasing share of requests), `blue-green` (all at
            once, the old version kept warm until the guards held) or `shadow` (it predicts too, and
            its predictions are not returned).
        steps: percent of the requests that a canary gets, in order.
        key: the field whose equal values get the same version; the whole row where it is not given.
        bake_time: how long each step lasts at least.
        min_requests: requests that each step needs before the next.
        guard: bounds the new version keeps, or it is rolled back; `agreement` is measured by
            `shadow`, `accuracy` by feedback.
        promote: `safe` promotes a version whose guards held through all steps, `gain` only one that
            feedback proves better.

    Source: Humble and Farley 2010, Continuous Delivery (blue-green, canary).
    """

    short: ClassVar[str] = "method"
    method: Literal["direct", "canary", "blue-green", "shadow"] = "direct"
    steps: tuple[Annotated[int, Field(ge=1, le=99)], ...] = Field((5, 25, 50), min_length=1)
    key: str | None = None
    bake_time: Duration = "10m"
    min_requests: int = Field(20, ge=0, le=1_000_000)
    guard: dict[Literal["error_rate", "p95_ms", "accuracy", "agreement"], Bound] = {}
    promote: Literal["safe", "gain"] = "safe"

    @model_validator(mode="after")
    def _check_steps(self) -> Rollout:
        if list(self.steps) != sorted(set(self.steps)):
            raise ValueError(Message("config.rising_steps", steps=tuple(map(str, self.steps))))
        if "agreement" in self.guard and self.method != "shadow":
            raise ValueError(Message("config.agreement_in_shadow"))
        return self


class Answers(Settings):
    """A table of questions and answers for a service's chat.

    Args:
        from: the dataset (or a source of two text columns).
        question: the field with questions.
        answer: the field with answers.
        threshold: similarity below which the service answers that it does not know: the cosine; of
            a base whose cosines crowd, such as e5, a scale on which 0.55 is what 95 of 100
            unrelated pairs of a question and a row stay under. Of an answer with several questions
            the nearest three count, by their mean.
    """

    short: ClassVar[str] = "from"
    dataset: str = Field(alias="from")
    question: str = "question"
    answer: str = "answer"
    threshold: float = Field(0.55, ge=0, le=1)


class Batch(Settings):
    """How requests are batched.

    Args:
        max: the most rows of one batch.
        wait: how long the first waits for others while the worker is idle; while it is busy, rows
            are batched anyway.
        target: how long a response should take at most; rows that would wait longer are answered
            429, and batches are kept small enough for it.
    """

    short: ClassVar[str] = "max"
    max: int = Field(64, ge=1, le=4096)
    wait: Duration = "0s"
    target: Duration | None = None


class Update(Settings):
    """When a service's model is retrained, in addition to what its monitors trigger.

    Args:
        every: how often, whether or not there is drift.
        cooldown: how long after a challenger no other is trained.
        max: challengers of one day at most.
    """

    short: ClassVar[str] = "every"
    every: Duration | None = None
    cooldown: Duration = "10m"
    max: int = Field(12, ge=1, le=10_000)


class Log(Settings):
    """How long a service's predictions are kept.

    Args:
        keep: how long a prediction without a label is kept, as 90d or 12h; labelled ones are kept,
            since models are trained on them.
    """

    short: ClassVar[str] = "keep"
    keep: Duration = "90d"


class Service(Settings):
    """A service to run.

    Args:
        model: the model it predicts with.
        answers: the table its chat answers from.
        runtime: what runs the model.
        rollout: how a new version becomes the champion.
        batch: how requests are batched.
        update: when its model is retrained.
        fallback: a simpler model that is deployed where the model cannot be loaded, or where a
            monitor triggers it.
        abstain: the share of held-out rows that are left to a person: predictions less confident
            than theirs are marked `unsure`.
        queue: requests that may wait; more are answered 429.
        log: how long its predictions are kept.
        about: a description.
    """

    model: str | None = None
    fallback: str | None = None
    answers: Answers | None = None
    runtime: Annotated[Onnx, BeforeValidator(_expand_name)] = Onnx()
    rollout: Rollout = Rollout()
    batch: Batch = Batch()
    update: Update = Update()
    abstain: float | None = Field(None, gt=0, lt=0.9)
    queue: int = Field(1024, ge=1, le=1_000_000)
    log: Log = Log()
    about: str = ""

    @model_validator(mode="after")
    def _check_purpose(self) -> Service:
        if not self.model and not self.answers:
            raise ValueError(Message("config.model_or_answers"))
        if self.fallback and (not self.model or self.fallback == self.model):
            raise ValueError(Message("config.fallback_with_model"))
        return self
