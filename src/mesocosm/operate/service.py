"""What services and monitors are made of. Knows settings; runs nothing."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from mesocosm.base.bounds import Bound
from mesocosm.base.durations import Duration, Rate
from mesocosm.base.kinds import Kind
from mesocosm.operate.notify import Notify
from mesocosm.operate.runtimes.onnx import Onnx
from mesocosm.operate.surge import Surge


def _type(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


class Rollout(Kind):
    """How a new version takes over.

    Args:
        strategy: `direct` (at once), `canary` (a growing share of requests), `blue-green` (all at
            once, the old one kept warm until the new one has held) or `shadow` (it answers beside
            the old one and nobody sees it).
        steps: percent of the requests that a canary gets, in order.
        key: the field whose equal values get the same version; the whole row where it is not given.
        hold: how long each step lasts at least.
        least: requests that each step wants before the next.
        guard: bounds the new version keeps, or it is taken back; `agreement` is told by `shadow`,
            `accuracy` by feedback.
        promote: `safe` promotes what held through all steps, `gain` only what feedback proves
            better.

    Source: Humble and Farley 2010, Continuous Delivery (blue-green, canary).
    """

    short: ClassVar[str] = "strategy"
    strategy: Literal["direct", "canary", "blue-green", "shadow"] = "direct"
    steps: tuple[Annotated[int, Field(ge=1, le=99)], ...] = Field((5, 25, 50), min_length=1)
    key: str | None = None
    hold: Duration = "10m"
    least: int = Field(20, ge=0, le=1_000_000)
    guard: dict[Literal["error_rate", "p95_ms", "accuracy", "agreement"], Bound] = {}
    promote: Literal["safe", "gain"] = "safe"

    @model_validator(mode="after")
    def _rising(self) -> Rollout:
        if list(self.steps) != sorted(set(self.steps)):
            raise ValueError(f"'steps' that rise, and they are {', '.join(map(str, self.steps))}")
        if "agreement" in self.guard and self.strategy != "shadow":
            raise ValueError(
                "a guard on 'agreement' with 'strategy: shadow' only, where both versions answer"
            )
        return self


class Answers(Kind):
    """A table of questions and answers that a service speaks from.

    Args:
        from: the dataset (or a source of two text columns).
        question: the field with questions.
        answer: the field with answers.
        threshold: cosine similarity below which the service says that it does not know.
    """

    short: ClassVar[str] = "from"
    dataset: str = Field(alias="from")
    question: str = "question"
    answer: str = "answer"
    threshold: float = Field(0.55, ge=0, le=1)


class Batch(Kind):
    """How requests are put together.

    Args:
        most: rows of one batch at most.
        wait: how long the first waits for others while the worker is idle; while it works, rows
            gather anyway.
        target: how long an answer should take at most; rows that would wait longer are answered
            429, and batches are kept small enough for it.
    """

    short: ClassVar[str] = "most"
    most: int = Field(64, ge=1, le=4096)
    wait: Duration = "0s"
    target: Duration | None = None


class Update(Kind):
    """When a service's model is trained again, beside what its monitors ask for.

    Args:
        every: how often, drift or not.
        cooldown: how long after a challenger no other is trained.
        most: challengers of one day at most.
    """

    short: ClassVar[str] = "every"
    every: Duration | None = None
    cooldown: Duration = "10m"
    most: int = Field(12, ge=1, le=10_000)


class Log(Kind):
    """What is kept of a service's predictions.

    Args:
        keep: how long a prediction without a label stays, as 90d or 12h; those that a label came
            back for stay, since models learn from them.
    """

    short: ClassVar[str] = "keep"
    keep: Duration = "90d"


class Service(Kind):
    """A service to run.

    Args:
        serves: the model it answers with.
        answers: the table it speaks from.
        runtime: what runs the model.
        rollout: how a new version takes over.
        batch: how requests are put together.
        update: when its model is trained again.
        fallback: a simpler model that answers where the model cannot be loaded, or where a monitor
            asks for it.
        abstain: the share of rows like those held out that are left to a person: answers less sure
            than theirs say `unsure`.
        queue: requests that may wait; more are answered 429.
        log: how long its predictions are kept.
        about: a line for people.
    """

    serves: str | None = None
    fallback: str | None = None
    answers: Answers | None = None
    runtime: Annotated[Onnx, BeforeValidator(_type)] = Onnx()
    rollout: Rollout = Rollout()
    batch: Batch = Batch()
    update: Update = Update()
    abstain: float | None = Field(None, gt=0, lt=0.9)
    queue: int = Field(1024, ge=1, le=1_000_000)
    log: Log = Log()
    about: str = ""

    @model_validator(mode="after")
    def _something(self) -> Service:
        if not self.serves and not self.answers:
            raise ValueError("'serves' with a model, 'answers' with a table, or both")
        if self.fallback and (not self.serves or self.fallback == self.serves):
            raise ValueError("'fallback' beside 'serves', with another model than that")
        return self


class Drift(Kind):
    """When live inputs are no longer those the model learned from.

    Args:
        method: `auto` takes `ks` for numbers and `chi2` for categories; `psi` is the stability
            index of numbers.
        false_alarms: how many false alarms are accepted over all features and looks.
        meaning: how texts and images drift: `directions` (those in which the model's features vary
            most), `mmd` (maximum mean discrepancy) or `classifier` (whether one can tell live rows
            from held-out ones).
        window: live rows a look compares; ten windows together show what one is too small for.
        harm: accuracy that may be lost before a drift is called harmful.
    """

    short: ClassVar[str] = "method"
    method: Literal["auto", "ks", "chi2", "psi"] = "auto"
    meaning: Literal["directions", "mmd", "classifier"] = "directions"
    false_alarms: Rate = "1/month"
    window: int = Field(200, ge=30, le=100_000)
    harm: float = Field(0.02, ge=0, le=1)


class Anomaly(Kind):
    """When a service's own figures change.

    Args:
        method: `adwin` or `page_hinkley`.
        on: the figures watched.
    """

    short: ClassVar[str] = "method"
    method: Literal["adwin", "page_hinkley"] = "adwin"
    on: tuple[Literal["p95_ms", "error_rate", "rate"], ...] = ("p95_ms", "error_rate")


class Monitor(Kind):
    """A watch over a service.

    Args:
        watches: the service.
        every: how often it looks.
        drift: how drift of inputs is seen.
        anomaly: how a change of the service's own figures is seen.
        surge: how an answer that comes far more often is seen; it raises an alert with the items.
        on_drift: what follows on drift, in order; `retrain` and `recalibrate` (answers weighted by
            how much more often each class comes) only where the verdict is that they would mend it.
        on_anomaly: what follows on an anomaly, in order: `rollback` to the version before, or
            `fallback` to the service's simpler model.
        notify: who is told of its alerts; shown nowhere, since an address may be a secret.
        about: a line for people.
    """

    watches: str
    every: Duration = "1m"
    drift: Drift | None = None
    anomaly: Anomaly | None = None
    surge: Surge | None = None
    on_drift: tuple[Literal["alert", "recalibrate", "retrain"], ...] = ("alert",)
    on_anomaly: tuple[Literal["alert", "rollback", "fallback"], ...] = ("alert",)
    notify: Notify | None = Field(None, exclude=True)
    about: str = ""

    def reacts_with(self, act: str) -> bool:
        """Whether a drift makes this monitor do something.

        >>> Monitor(watches="desk", about="retrain by hand").reacts_with("retrain")
        False
        """
        return act in self.on_drift
