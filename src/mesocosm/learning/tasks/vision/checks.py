"""What a model whose inputs are images requires of its bases and its fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesocosm.core.faults import Fault, Path, fault
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
    if not has_image:
        yield from _check_without_images(model, at)
        return
    if not takes_images or isinstance(model.base, ImportedModel):
        yield fault(
            (*at, "features"),
            "images are for classes, labels or a number, and not for an imported model",
            "inputs that are not images",
        )
    if model.fine_tune.method == "frozen":
        return
    if trained != "image" and "text" not in types:
        yield fault(
            (*at, "fine_tune", "trainable"),
            "no input is a text, so there is no text base",
            "'trainable: image', or an input that is a text",
        )
    yield from _check_image_base(model, trained, at)
    if trained == "image":
        yield from _check_text_only(model, at)
    yield from _check_start(model, at)


def _check_augmentation(model: Model, trained: str, at: Path) -> Iterator[Fault]:
    for i, way in enumerate(getattr(model.fine_tune, "augment", ())):
        if trained not in (way.of, "both"):
            fits = [name for name, kind in AUGMENT.items() if getattr(kind, "of", "") == trained]
            found = f"'{way.method}' augments {way.of}s, and what is fine-tuned takes {trained}s"
            yield fault((*at, "fine_tune", "augment", i), found, "", fits)


def _check_without_images(model: Model, at: Path) -> Iterator[Fault]:
    if model.image_base:
        yield fault((*at, "image_base"), "no input is an image", "no 'image_base' here")
    if "trainable" in model.fine_tune.model_fields_set:
        found = "no input is an image, so there is one base to fine-tune"
        yield fault((*at, "fine_tune", "trainable"), found, "no 'trainable' here")


def _check_image_base(model: Model, trained: str, at: Path) -> Iterator[Fault]:
    if trained == "text":
        return
    if not model.image_base:
        yield fault(
            (*at, "fine_tune"),
            "without 'image_base' images are read by filters learned from them, which stay frozen",
            "'image_base' with a vision base, or 'fine_tune: frozen'",
        )
    elif model.fine_tune.method in OF_WORDS:
        yield fault(
            (*at, "fine_tune"),
            f"'{model.fine_tune.method}' puts tokens before a text, and a vision base is tuned"
            " here",
            "another method, such as lora or full",
        )


def _check_text_only(model: Model, at: Path) -> Iterator[Fault]:
    """Settings of fine-tuning that a vision base cannot have."""
    for key, is_set in (
        ("adversarial", getattr(model.fine_tune, "adversarial", None) is not None),
        ("processes", getattr(model.fine_tune, "processes", 1) > 1),
    ):
        if is_set:
            found = f"'{key}' is for a text base, and a vision base is fine-tuned here"
            yield fault((*at, "fine_tune", key), found, f"no '{key}' here")


def _check_start(model: Model, at: Path) -> Iterator[Fault]:
    """A model with images starts from bases given by their names."""
    found = "with images among its inputs a model is fine-tuned from named base models"
    if model.continual is not None:
        yield fault((*at, "continual"), found, "no 'continual' here, or 'fine_tune: frozen'")
    if model.base == AUTO:
        yield fault((*at, "base"), found, "a base by its name here, or 'fine_tune: frozen'")
