"""Search over settings by Optuna: grid, random or TPE, scored on the validation rows.

Trials are kept in a database, so that a search that was stopped resumes; a trial that falls behind
at an epoch is pruned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, TypedDict, TypeGuard, cast

from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.learning.model import Model, Search

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial

MIN_TRIALS = 5  # completed trials from which on the importance of each setting is estimated
OnEpoch = Callable[[int, float], None]  # takes an epoch and its validation loss; may end the trial
Choice: TypeAlias = float | int | str


class TrialRecord(TypedDict):
    """A trial: its settings, the loss if it was completed, and the losses by epoch."""

    settings: dict[str, Choice]
    loss: float | None
    state: str
    seconds: float | None
    epochs: list[float]


class SearchRecord(TypedDict):
    """The trials of a search, and the share of each setting in the loss; none for few trials."""

    trials: list[TrialRecord]
    importance: dict[str, float]


def no_search() -> SearchRecord:
    """The record where no setting was searched."""
    return {"trials": [], "importance": {}}


def search(
    model: Model,
    wanted: Search,
    score: Callable[[Model, OnEpoch], float],
    say: Say,
    studies: str | None = None,
    name: str = "",
) -> tuple[Model, SearchRecord]:
    """The model with the settings of the lowest score, and the trials.

    Args:
        wanted: what to search over, and for how long.
        score: the validation loss of a model, lower is better; it hands each epoch's to its second
            argument.
        studies: the SQLAlchemy URL of the database that keeps trials; in memory if not given.
        name: of the search in that database; an existing one is resumed.

    Returns:
        The model, and the trials with the importance of the settings.

    Source: Akiba et al. 2019, KDD (Optuna); Hutter et al. 2014, ICML (importance by functional
    ANOVA).
    """
    study = _open_study(model, wanted, studies, name)

    def objective(trial: Trial) -> float:
        listed = wanted.sampler == "grid"
        values = {k: _suggest(trial, k, choices, listed) for k, choices in wanted.over.items()}
        return score(_with_settings(model, values), _pruner(trial))

    def report(_: Study, trial: FrozenTrial) -> None:
        if _has_ended(trial):
            say(_describe(trial, len(_ended(study)), wanted.trials))

    past = len(_ended(study))
    if past:
        say(Message("progress.resuming_search", trials=past))
    if past < wanted.trials:
        left = wanted.trials - past
        study.optimize(objective, n_trials=left, timeout=_time_limit(wanted), callbacks=[report])
    if not _count_complete(study):
        study.optimize(objective, n_trials=1, callbacks=[report])
    ended = _ended(study)
    if len(ended) < wanted.trials and wanted.minutes:
        say(
            Message(
                "progress.search_stopped",
                ended=len(ended),
                trials=wanted.trials,
                minutes=wanted.minutes,
            )
        )
    return _with_settings(model, study.best_params), {
        "trials": [_record(t) for t in ended],
        "importance": _importance(study, wanted),
    }


def _time_limit(wanted: Search) -> float | None:
    """In seconds; None for no limit."""
    if not wanted.minutes:
        return None
    return 60 * wanted.minutes


def _open_study(model: Model, wanted: Search, studies: str | None, name: str) -> Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
    if wanted.prune:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1)
    return optuna.create_study(
        sampler=_make_sampler(wanted, model.seed),
        pruner=pruner,
        direction="minimize",
        storage=studies,
        study_name=name or None,
        load_if_exists=True,
    )


def _make_sampler(wanted: Search, seed: int) -> BaseSampler:
    from optuna.samplers import GridSampler, RandomSampler, TPESampler

    match wanted.sampler:
        case "grid":
            choices = {name: list(values) for name, values in wanted.over.items()}
            return GridSampler(choices, seed=seed)
        case "random":
            return RandomSampler(seed=seed)
        case "tpe":
            return TPESampler(seed=seed)


def _with_settings(model: Model, values: Mapping[str, Choice]) -> Model:
    """The model with some settings of its fine-tuning replaced."""
    settings = model.fine_tune.model_dump() | {k.split(".", 1)[1]: v for k, v in values.items()}
    return model.model_copy(update={"fine_tune": type(model.fine_tune).model_validate(settings)})


def _pruner(trial: Trial) -> OnEpoch:
    """What a trial's epochs are reported to; raises where the trial is behind the median."""
    import optuna

    def on_epoch(epoch: int, loss: float) -> None:
        trial.report(loss, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    return on_epoch


def _is_complete(trial: FrozenTrial) -> bool:
    return bool(trial.state.name == "COMPLETE")


def _count_complete(study: Study) -> int:
    return sum(_is_complete(trial) for trial in study.trials)


def _has_ended(trial: FrozenTrial) -> bool:
    """Whether a trial completed or was pruned; one that was interrupted is run again."""
    return trial.state.name in ("COMPLETE", "PRUNED")


def _ended(study: Study) -> list[FrozenTrial]:
    return [t for t in study.trials if _has_ended(t)]


def _describe(trial: FrozenTrial, number: int, trials: int) -> Message:
    values = tuple(f"{k} {_format(v)}" for k, v in trial.params.items())
    if _is_complete(trial):
        return Message(
            "progress.trial", number=number, trials=trials, settings=values, loss=trial.value
        )
    return Message(
        "progress.trial_pruned",
        number=number,
        trials=trials,
        settings=values,
        epoch=len(trial.intermediate_values),
    )


def _format(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(value)


def _record(trial: FrozenTrial) -> TrialRecord:
    """A trial as the version's record keeps it."""
    loss, state, seconds = None, "given up", None
    if _is_complete(trial):
        state = "whole"
        if trial.value is not None:
            loss = round(trial.value, 5)
    if trial.duration:
        seconds = round(trial.duration.total_seconds(), 2)
    return {
        "settings": dict(trial.params),
        "loss": loss,
        "state": state,
        "seconds": seconds,
        "epochs": [round(v, 5) for _, v in sorted(trial.intermediate_values.items())],
    }


def _importance(study: Study, wanted: Search) -> dict[str, float]:
    """The share of each setting in the variance of the loss; nothing for few trials."""
    import optuna

    if _count_complete(study) < MIN_TRIALS or len(wanted.over) < 2:
        return {}
    weights = optuna.importance.get_param_importances(study)
    return {k: round(float(v), 4) for k, v in weights.items()}


def _suggest(trial: Trial, key: str, choices: Sequence[Choice], listed: bool) -> Choice:
    """One of the choices, or a number between two.

    Args:
        listed: whether two numbers are two choices, not a range.
    """
    numbers = [choice for choice in choices if _is_number(choice)]
    if listed or not len(choices) == len(numbers) == 2:
        return cast(Choice, trial.suggest_categorical(key, choices))  # one of the choices, or None
    low, high = min(numbers), max(numbers)
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(key, low, high, log=low > 0)
    return trial.suggest_float(key, float(low), float(high), log=low > 0)


def _is_number(choice: Choice) -> TypeGuard[float | int]:
    return isinstance(choice, (int, float)) and not isinstance(choice, bool)
