"""What a sequence labelling model may be made of. Knows a model's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesocosm.core.faults import Fault, Path, fault
from mesocosm.core.messages import Message
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO
from mesocosm.learning.tasks.row_checks import OF_ROWS, check_metrics
from mesocosm.learning.tasks.tagging.task import METRICS
from mesocosm.learning.tasks.text_task import CLASSES_ONLY


def check_tagging(model: Model, kinds: Mapping[str, str], at: Path) -> Iterator[Fault]:
    """Everything that does not fit together, in no order."""
    if not isinstance(model.base, str) or model.base == AUTO:
        found = Message("config.tagging_needs_base")
        yield fault(at, found, Message("config.base_such_as_minilm"), key="base")
    if not _has_one_text(model, kinds):
        found = Message("config.inputs_are", fields=tuple(model.features))
        yield fault((*at, "features"), found, Message("config.tagged_field"))
    yield from _check_not_allowed(model, at)
    yield from _check_tuning(model, at)
    yield from check_metrics(model, METRICS, Message("config.tagging_metric"), at)


def _has_one_text(model: Model, kinds: Mapping[str, str]) -> bool:
    """Whether the only input is a text, or of a type that is not known."""
    return len(model.features) == 1 and kinds.get(model.features[0], "text") == "text"


def _check_not_allowed(model: Model, at: Path) -> Iterator[Fault]:
    for key in OF_ROWS:
        if getattr(model, key):
            found = Message("config.not_for_tags", target=model.target, key=key)
            yield fault((*at, key), found, Message("config.no_key_here", key=key))
    if model.fusion != "early":
        yield fault((*at, "fusion"), Message("config.nothing_to_fuse"), Message("config.no_fusion"))


def _check_tuning(model: Model, at: Path) -> Iterator[Fault]:
    for key in CLASSES_ONLY:
        if getattr(model.fine_tune, key, None):
            found = Message("config.tags_not_classes", key=key, target=model.target)
            yield fault((*at, "fine_tune", key), found, Message("config.no_key_here", key=key))
    if model.fine_tune.method in ("last", "prefix", "prompt"):
        yield fault(
            (*at, "fine_tune"),
            Message("config.method_not_for_tags", method=model.fine_tune.method),
            Message("config.tagging_methods"),
        )
    if getattr(model.fine_tune, "processes", 1) > 1:
        found = Message("config.tagging_one_process")
        yield fault((*at, "fine_tune", "processes"), found, Message("config.no_processes"))
