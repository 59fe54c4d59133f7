"""The words of grammar 1 and those of grammar 2, as a table. Frozen: it describes what was.

Knows paths and words only. `*` stands for any name, `[]` for an item of a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Renamed:
    """Keys, and values of keys, that have another word in grammar 2.

    Args:
        path: where the map stands that holds the keys, in words of grammar 1.
        keys: each key of grammar 1 and the word of grammar 2.
        values: by key of grammar 1, each value that has another word.
    """

    path: tuple[str, ...]
    keys: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]] | None = None


def _renamed(
    path: str, keys: str, values: Mapping[str, Mapping[str, str]] | None = None
) -> Renamed:
    pairs = dict(pair.split("=", 1) for pair in keys.split())
    return Renamed(tuple(path.split(".")), pairs, values)


AUGMENT = {"turn": "rotate", "cover": "cutout", "light": "brightness"}

RENAMED = (
    _renamed("sources.*", "most=max given=args"),
    _renamed("sources.*.contract", "least=min most=max"),
    _renamed("datasets.*", "truth=ground_truth"),
    _renamed("datasets.*.engine", "engine=type"),
    _renamed("datasets.*.anonymity", "most_loss=max_loss"),
    _renamed("datasets.*.rules.[]", "rule=type"),
    _renamed("datasets.*.repairs.[]", "repair=method least=min"),
    _renamed("datasets.*.fields.*.missing", "with=method"),
    _renamed("datasets.*.fields.*.private", "by=method"),
    _renamed("datasets.*.fields.*.rules.[]", "rule=type"),
    _renamed("shared.fields.*.missing", "with=method"),
    _renamed("shared.fields.*.private", "by=method"),
    _renamed("shared.fields.*.rules.[]", "rule=type"),
    _renamed(
        "models.*",
        "learns=dataset predict=target inputs=features tune=fine_tune fair=fairness"
        " trust=allow_leakage adapts=init_from along=context_fields reveal=allow_private",
    ),
    _renamed("models.*.fair", "by=groups favours=positive at=bins"),
    _renamed(
        "models.*.tune",
        "moves=trainable optimiser=optimizer",
        {"moves": {"images": "image", "texts": "text"}},
    ),
    _renamed("models.*.tune.loss", "kind=method"),
    _renamed("models.*.tune.optimiser", "kind=method"),
    _renamed("models.*.tune.schedule", "kind=method"),
    _renamed("models.*.tune.adversarial", "kind=method reach=epsilon"),
    _renamed("models.*.tune.augment.[]", "kind=method least=min", {"kind": AUGMENT, "": AUGMENT}),
    _renamed("models.*.pretrain", "on=fields of=dataset scratch=from_scratch objective=method"),
    _renamed("models.*.pretrain.objective", "objective=method heat=temperature"),
    _renamed("models.*.pretrain.scratch", "words=vocab_size"),
    _renamed("models.*.rank", "most=max"),
    _renamed(
        "models.*.search.over",
        "tune.epochs=fine_tune.epochs tune.learning_rate=fine_tune.learning_rate"
        " tune.batch=fine_tune.batch tune.accumulate=fine_tune.accumulate"
        " tune.patience=fine_tune.patience tune.weight_decay=fine_tune.weight_decay"
        " tune.dropout=fine_tune.dropout tune.clip=fine_tune.clip tune.mixup=fine_tune.mixup"
        " tune.consistency=fine_tune.consistency tune.average=fine_tune.average"
        " tune.rank=fine_tune.rank tune.alpha=fine_tune.alpha tune.target=fine_tune.target"
        " tune.orthogonal=fine_tune.orthogonal tune.width=fine_tune.width"
        " tune.layers=fine_tune.layers tune.length=fine_tune.length tune.free=fine_tune.free"
        " tune.decay=fine_tune.decay tune.head=fine_tune.head",
    ),
    _renamed("services.*", "serves=model"),
    _renamed("services.*.runtime", "stuck=timeout"),
    _renamed("services.*.runtime.workers", "least=min most=max"),
    _renamed("services.*.rollout", "strategy=method hold=bake_time least=min_requests"),
    _renamed("services.*.batch", "most=max"),
    _renamed("services.*.update", "most=max"),
    _renamed("monitors.*", "watches=service"),
    _renamed("monitors.*.drift", "harm=max_accuracy_loss"),
    _renamed("world.places.*", "shows=service"),
    _renamed("world.places.*.inhabitant", "speaks=language_model knows=knowledge"),
)
