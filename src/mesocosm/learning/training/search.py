"""Search over settings by Optuna: grid, random or TPE, judged on the validation rows.

Trials are kept in a database, so that a search that was stopped goes on; one that falls behind at
an epoch is given up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mesocosm.learning.model import Model, Search

LEAST = 5  # whole trials from which on the weight of each setting is told
Watch = Callable[[int, float], None]  # is given an epoch and its held-out loss; may end the trial


def search(
    model: Model,
    wanted: Search,
    score: Callable[[Model, Watch], float],
    say: Callable[[str], None],
    studies: str | None = None,
    name: str = "",
) -> tuple[Model, dict[str, Any]]:
    """The model with the settings of the lowest score, and what was tried.

    Args:
        score: the validation loss of a model, lower is better; it tells each epoch's to the watch
            it is handed.
        studies: the SQLAlchemy URL of the database that keeps trials; in memory where it is not
            given.
        name: of the search in that database; one that is there goes on.

    Returns:
        The model, and `trials` (settings, loss, state, seconds, the losses by epoch) and
        `importance` (of each setting, in shares; none for few trials).

    Source: Akiba et al. 2019, KDD (Optuna); Hutter et al. 2014, ICML (importance by functional
    ANOVA).
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = {
        "grid": lambda: optuna.samplers.GridSampler(
            {k: list(v) for k, v in wanted.over.items()}, seed=model.seed
        ),
        "random": lambda: optuna.samplers.RandomSampler(seed=model.seed),
        "tpe": lambda: optuna.samplers.TPESampler(seed=model.seed),
    }
    pruner = (
        optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1)
        if wanted.prune
        else optuna.pruners.NopPruner()
    )
    study = optuna.create_study(
        sampler=samplers[wanted.sampler](),
        pruner=pruner,
        direction="minimize",
        storage=studies,
        study_name=name or None,
        load_if_exists=True,
    )
    done = optuna.trial.TrialState.COMPLETE

    def with_settings(values: dict[str, Any]) -> Model:
        tune = type(model.tune).model_validate(
            {**model.tune.model_dump(), **{k.split(".", 1)[1]: v for k, v in values.items()}}
        )
        return model.model_copy(update={"tune": tune})

    def objective(trial: Any) -> float:
        values = {
            key: _pick(trial, key, choices, wanted.sampler == "grid")
            for key, choices in wanted.over.items()
        }

        def watch(epoch: int, loss: float) -> None:
            trial.report(loss, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        return score(with_settings(values), watch)

    def told(_: Any, trial: Any) -> None:
        if trial.state not in (done, optuna.trial.TrialState.PRUNED):
            return
        values = ", ".join(
            f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in trial.params.items()
        )
        end = (
            f"loss {trial.value:.4f}"
            if trial.state == done
            else f"given up after epoch {len(trial.intermediate_values)}: behind the median"
        )
        say(f"trial {len(ended())} of {wanted.trials}: {values}: {end}")

    def ended() -> list[Any]:
        """The trials that came to an end of their own; one that was stopped is made again."""
        return [t for t in study.trials if t.state in (done, optuna.trial.TrialState.PRUNED)]

    past = ended()
    if past:
        say(f"{len(past)} trials of this search were made before; it goes on")
    left = wanted.trials - len(past)
    if left > 0:
        study.optimize(
            objective,
            n_trials=left,
            timeout=60 * wanted.minutes if wanted.minutes else None,
            callbacks=[told],
        )
    if not any(t.state == done for t in study.trials):
        study.optimize(objective, n_trials=1, callbacks=[told])
    whole = [t for t in study.trials if t.state == done]
    if len(ended()) < wanted.trials and wanted.minutes:
        say(f"{len(ended())} of {wanted.trials} trials in {wanted.minutes:g} minutes")
    trials = [
        {
            "settings": dict(t.params),
            "loss": round(t.value, 5) if t.value is not None and t.state == done else None,
            "state": "whole" if t.state == done else "given up",
            "seconds": round(t.duration.total_seconds(), 2) if t.duration else None,
            "epochs": [round(v, 5) for _, v in sorted(t.intermediate_values.items())],
        }
        for t in ended()
    ]
    weighed = (
        optuna.importance.get_param_importances(study)
        if len(whole) >= LEAST and len(wanted.over) > 1
        else {}
    )
    return with_settings(study.best_params), {
        "trials": trials,
        "importance": {k: round(float(v), 4) for k, v in weighed.items()},
    }


def _pick(trial: Any, key: str, choices: list[Any], listed: bool) -> Any:
    """One of the choices, or a number between two."""
    number = all(isinstance(c, (int, float)) and not isinstance(c, bool) for c in choices)
    if listed or len(choices) != 2 or not number:
        return trial.suggest_categorical(key, choices)
    low, high = sorted(choices)
    if all(isinstance(c, int) for c in choices):
        return trial.suggest_int(key, low, high, log=low > 0)
    return trial.suggest_float(key, float(low), float(high), log=low > 0)
