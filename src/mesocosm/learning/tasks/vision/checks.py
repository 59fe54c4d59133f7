"""What a model whose inputs are images requires of its bases and its fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mesocosm.core.faults import Fault, Path, fault
from mesocosm.core.messages import Message
from mesocosm.learning.augmentation import AUGMENT
from mesocosm.learning.importers.onnx import ImportedModel
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.automl import AUTO

OF_WORDS = ("prefix", "prompt")  # methods that put virtual tokens before a text


def check_vision(
    model: Model, kinds: Mapping[str, str], takes_images: bool, at: Path
) -> Iterator[Fault]:
    """What does not fit inputs that are images, or that there are none.

    Args:
        takes_images: whether the model's task can have them.
    """
    types = [kinds.get(field) for field in model.features]
    has_image = "image" in types
    trained = "text"
    if has_image:
        trained = getattr(model.fine_tune, "trainable", "image")
    yield from _check_augmentation(model, trained, at)
    if has_image:
        yield from _check_with_images(model, takes_images, at)
        yield from _check_tuning(model, types, trained, at)
    else:
        yield from _check_without_images(model, at)


def _check_with_images(model: Model, takes_images: bool, at: Path) -> Iterator[Fault]:
    """A task, and a base, that images can go to."""
    if not takes_images or isinstance(model.base, ImportedModel):
        yield fault(
            (*at, "features"),
            Message("config.images_need"),
            Message("config.no_images"),
        )


def _check_tuning(
    model: Model, types: Sequence[str | None], trained: str, at: Path
) -> Iterator[Fault]:
    """What the fine-tuning of the bases of texts and images asks for."""
    if model.fine_tune.method == "frozen":
        return
    if trained != "image" and "text" not in types:
        yield fault(
            (*at, "fine_tune", "trainable"),
            Message("config.no_text_input"),
            Message("config.trainable_image"),
        )
    yield from _check_image_base(model, trained, at)
    if trained == "image":
        yield from _check_text_only(model, at)
    yield from _check_start(model, at)


def _check_augmentation(model: Model, trained: str, at: Path) -> Iterator[Fault]:
    for i, way in enumerate(getattr(model.fine_tune, "augment", ())):
        if trained not in (way.of, "both"):
            fits = [name for name, kind in AUGMENT.items() if getattr(kind, "of", "") == trained]
            found = Message("config.augments_other", method=way.method, of=way.of, trained=trained)
            yield fault((*at, "fine_tune", "augment", i), found, "", fits)


def _check_without_images(model: Model, at: Path) -> Iterator[Fault]:
    if model.image_base:
        yield fault(
            (*at, "image_base"), Message("config.no_image_input"), Message("config.no_image_base")
        )
    if "trainable" in model.fine_tune.model_fields_set:
        found = Message("config.one_base")
        yield fault((*at, "fine_tune", "trainable"), found, Message("config.no_trainable"))


def _check_image_base(model: Model, trained: str, at: Path) -> Iterator[Fault]:
    if trained == "text":
        return
    if not model.image_base:
        yield fault(
            (*at, "fine_tune"),
            Message("config.image_filters_frozen"),
            Message("config.set_image_base"),
        )
    elif model.fine_tune.method in OF_WORDS:
        yield fault(
            (*at, "fine_tune"),
            Message("config.tokens_before_text", method=model.fine_tune.method),
            Message("config.other_method"),
        )


def _check_text_only(model: Model, at: Path) -> Iterator[Fault]:
    """Settings of fine-tuning that a vision base cannot have."""
    for key, is_set in (
        ("adversarial", getattr(model.fine_tune, "adversarial", None) is not None),
        ("processes", getattr(model.fine_tune, "processes", 1) > 1),
    ):
        if is_set:
            found = Message("config.for_text_base", key=key)
            yield fault((*at, "fine_tune", key), found, Message("config.no_key_here", key=key))


def _check_start(model: Model, at: Path) -> Iterator[Fault]:
    """A model with images starts from bases given by their names."""
    found = Message("config.images_need_named_base")
    if model.continual is not None:
        yield fault((*at, "continual"), found, Message("config.no_continual_or_frozen"))
    if model.base == AUTO:
        yield fault((*at, "base"), found, Message("config.named_base_or_frozen"))
