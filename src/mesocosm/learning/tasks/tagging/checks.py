"""What a sequence labelling model may be made of. Knows a model's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesocosm.core.faults import Fault, Path, fault
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO
from mesocosm.learning.tasks.row_checks import check_metrics
from mesocosm.learning.tasks.tagging.task import METRICS
from mesocosm.learning.tasks.text_task import CLASSES_ONLY

NOT_ALLOWED = (
    "auto",
    "image_base",
    "pair",
    "pretrain",
    "self_training",
    "continual",
    "search",
    "fairness",
    "allow_leakage",
)


def check_tagging(model: Model, kinds: Mapping[str, str], at: Path) -> Iterator[Fault]:
    """Everything that does not fit together, in no order."""
    if not isinstance(model.base, str) or model.base == AUTO:
        found = "sequence labelling needs a text base, and none is given by its name"
        yield fault(at, found, "a base such as minilm", key="base")
    texts = [field for field in model.features if kinds.get(field) == "text"]
    if len(model.features) != 1 or (model.features[0] in kinds and not texts):
        found = f"the inputs are {', '.join(model.features)}"
        yield fault((*at, "features"), found, "the one text field whose words are tagged")
    yield from _check_not_allowed(model, at)
    yield from _check_tuning(model, at)
    yield from check_metrics(model, METRICS, "a sequence labelling metric", at)


def _check_not_allowed(model: Model, at: Path) -> Iterator[Fault]:
    for key in NOT_ALLOWED:
        if getattr(model, key):
            found = f"'{model.target}' has a tag for each word, and '{key}' is not for tags"
            yield fault((*at, key), found, f"no '{key}' here")
    if model.fusion != "early":
        yield fault((*at, "fusion"), "there is one text and nothing to fuse", "no 'fusion' here")


def _check_tuning(model: Model, at: Path) -> Iterator[Fault]:
    for key in CLASSES_ONLY:
        if getattr(model.fine_tune, key, None):
            found = f"'{key}' is for classes and numbers, and '{model.target}' has tags"
            yield fault((*at, "fine_tune", key), found, f"no '{key}' here")
    if model.fine_tune.method in ("last", "prefix", "prompt"):
        yield fault(
            (*at, "fine_tune"),
            f"'{model.fine_tune.method}' is not for sequence labelling",
            "frozen, full, gradual, lora, adalora, dora, ia3, adapter or bitfit",
        )
    if getattr(model.fine_tune, "processes", 1) > 1:
        found = "a sequence labelling model trains in one process"
        yield fault((*at, "fine_tune", "processes"), found, "no 'processes' here")
