"""Search over settings by Optuna: grid, random or TPE, judged on the validation rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mesocosm.learn.model import Model, Search


def search(model: Model, wanted: Search, score: Callable[[Model], float], say: Callable[[str], None]) -> tuple[Model, list[dict[str, Any]]]:
    """The model with the settings of the lowest score, and every trial.

    Args:
        score: the validation loss of a model, lower is better.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = {
        "grid": lambda: optuna.samplers.GridSampler({k: list(v) for k, v in wanted.over.items()}, seed=model.seed),
        "random": lambda: optuna.samplers.RandomSampler(seed=model.seed),
        "tpe": lambda: optuna.samplers.TPESampler(seed=model.seed),
    }
    study = optuna.create_study(sampler=samplers[wanted.sampler](), direction="minimize")
    trials: list[dict[str, Any]] = []

    def pick(trial: Any, key: str, choices: list[Any]) -> Any:
        number = all(isinstance(c, (int, float)) and not isinstance(c, bool) for c in choices)
        if wanted.sampler == "grid" or len(choices) != 2 or not number:
            return trial.suggest_categorical(key, choices)
        low, high = sorted(choices)
        if all(isinstance(c, int) for c in choices):
            return trial.suggest_int(key, low, high, log=low > 0)
        return trial.suggest_float(key, float(low), float(high), log=low > 0)

    def with_settings(values: dict[str, Any]) -> Model:
        tune = type(model.tune).model_validate({**model.tune.model_dump(), **{k.split(".", 1)[1]: v for k, v in values.items()}})
        return model.model_copy(update={"tune": tune})

    def objective(trial: Any) -> float:
        values = {key: pick(trial, key, choices) for key, choices in wanted.over.items()}
        loss = score(with_settings(values))
        trials.append({"settings": values, "loss": round(loss, 5)})
        said = ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items())
        say(f"trial {len(trials)} of {wanted.trials}: {said}: loss {loss:.4f}")
        return loss

    study.optimize(objective, n_trials=wanted.trials)
    return with_settings(study.best_params), trials
