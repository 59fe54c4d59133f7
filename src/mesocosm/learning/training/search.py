"""Search over settings by Optuna: grid, random or TPE, scored on the validation rows.

Trials are kept in a database, so that a search that was stopped resumes; a trial that falls behind
at an epoch is pruned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mesocosm.learning.model import Model, Search

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial, Trial

MIN_TRIALS = 5  # completed trials from which on the importance of each setting is estimated
OnEpoch = Callable[[int, float], None]  # takes an epoch and its validation loss; may end the trial


def search(
    model: Model,
    wanted: Search,
    score: Callable[[Model, OnEpoch], float],
    say: Callable[[str], None],
    studies: str | None = None,
    name: str = "",
) -> tuple[Model, dict[str, Any]]:
    """The model with the settings of the lowest score, and the trials.

    Args:
        wanted: what to search over, and for how long.
        score: the validation loss of a model, lower is better; it hands each epoch's to its second
            argument.
        studies: the SQLAlchemy URL of the database that keeps trials; in memory if not given.
        name: of the search in that database; an existing one is resumed.

    Returns:
        The model, and `trials` (settings, loss, state, seconds, the losses by epoch) and
        `importance` (the share of each setting; none for few trials).

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
            say(f"trial {len(_ended(study))} of {wanted.trials}: {_describe(trial)}")

    past = len(_ended(study))
    if past:
        say(f"resuming the search after {past} trials")
    timeout = None
    if wanted.minutes:
        timeout = 60 * wanted.minutes
    if past < wanted.trials:
        study.optimize(
            objective, n_trials=wanted.trials - past, timeout=timeout, callbacks=[report]
        )
    if not any(_is_complete(t) for t in study.trials):
        study.optimize(objective, n_trials=1, callbacks=[report])
    ended = _ended(study)
    if len(ended) < wanted.trials and wanted.minutes:
        say(f"{len(ended)} of {wanted.trials} trials in {wanted.minutes:g} minutes")
    return _with_settings(model, study.best_params), {
        "trials": [_record(t) for t in ended],
        "importance": _importance(study, wanted),
    }


def _open_study(model: Model, wanted: Search, studies: str | None, name: str) -> Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler: optuna.samplers.BaseSampler
    match wanted.sampler:
        case "grid":
            choices = {k: list(v) for k, v in wanted.over.items()}
            sampler = optuna.samplers.GridSampler(choices, seed=model.seed)
        case "random":
            sampler = optuna.samplers.RandomSampler(seed=model.seed)
        case "tpe":
            sampler = optuna.samplers.TPESampler(seed=model.seed)
    pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
    if wanted.prune:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1)
    return optuna.create_study(
        sampler=sampler,
        pruner=pruner,
        direction="minimize",
        storage=studies,
        study_name=name or None,
        load_if_exists=True,
    )


def _with_settings(model: Model, values: dict[str, Any]) -> Model:
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


def _has_ended(trial: FrozenTrial) -> bool:
    """Whether a trial completed or was pruned; one that was interrupted is run again."""
    return trial.state.name in ("COMPLETE", "PRUNED")


def _ended(study: Study) -> list[FrozenTrial]:
    return [t for t in study.trials if _has_ended(t)]


def _describe(trial: FrozenTrial) -> str:
    values = ", ".join(f"{k} {_format(v)}" for k, v in trial.params.items())
    if _is_complete(trial):
        return f"{values}: loss {trial.value:.4f}"
    return f"{values}: pruned after epoch {len(trial.intermediate_values)}, behind the median"


def _format(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _record(trial: FrozenTrial) -> dict[str, Any]:
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

    completed = sum(_is_complete(t) for t in study.trials)
    if completed < MIN_TRIALS or len(wanted.over) < 2:
        return {}
    weights = optuna.importance.get_param_importances(study)
    return {k: round(float(v), 4) for k, v in weights.items()}


def _suggest(trial: Trial, key: str, choices: list[Any], listed: bool) -> Any:
    """One of the choices, or a number between two.

    Args:
        listed: whether two numbers are two choices, not a range.
    """
    numeric = all(isinstance(c, (int, float)) and not isinstance(c, bool) for c in choices)
    if listed or len(choices) != 2 or not numeric:
        return trial.suggest_categorical(key, choices)
    low, high = sorted(choices)
    if all(isinstance(c, int) for c in choices):
        return trial.suggest_int(key, low, high, log=low > 0)
    return trial.suggest_float(key, float(low), float(high), log=low > 0)
