"""What a model whose inputs are images is held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesocosm.config.checks.names import Fault
from mesocosm.core.errors import Wrong
from mesocosm.learning.augmentation import AUGMENT
from mesocosm.learning.importers.onnx import ImportedModel
from mesocosm.learning.strategies.automl import AUTO

OF_WORDS = ("prefix", "prompt")  # methods that put something before a text


def of_sight(model: Any, kinds: Mapping[str, str], at: tuple[Any, ...]) -> Iterator[Fault]:
    """What does not fit inputs that are images, or that there are none."""
    sees, tune = any(kinds.get(f) == "image" for f in model.inputs), model.tune
    moves = getattr(tune, "moves", "images") if sees else "texts"
    for i, way in enumerate(getattr(tune, "augment", ())):
        if moves not in (way.of, "both"):
            fits = [n for n, kind in AUGMENT.items() if getattr(kind, "of", "") == moves]
            yield (
                (*at, "tune", "augment", i),
                Wrong(
                    "", f"'{way.kind}' changes {way.of}, and what is tuned takes {moves}", "", fits
                ),
            )
    if not sees:
        if model.image_base:
            yield (*at, "image_base"), Wrong("", "no input is an image", "no 'image_base' here")
        if "moves" in tune.model_fields_set:
            yield (
                (*at, "tune", "moves"),
                Wrong("", "no input is an image, so the one base moves", "no 'moves' here"),
            )
        return
    if kinds.get(model.predict) == "text" or isinstance(model.base, ImportedModel):
        yield (
            (*at, "inputs"),
            Wrong(
                "",
                "images tell classes, labels or a number, and no model made elsewhere looks at"
                " them",
                "inputs that are no images",
            ),
        )
    if tune.method == "frozen":
        return
    if moves != "images" and not any(kinds.get(f) == "text" for f in model.inputs):
        yield (
            (*at, "tune", "moves"),
            Wrong(
                "",
                "no input is a text, so there is no base that reads",
                "'moves: images', or an input that is a text",
            ),
        )
    if moves != "texts" and not model.image_base:
        yield (
            (*at, "tune"),
            Wrong(
                "",
                "images are looked at by filters learnt from them, which stay as they are",
                "'image_base' with a base that sees, or 'tune: frozen'",
            ),
        )
    elif moves != "texts" and tune.method in OF_WORDS:
        yield (
            (*at, "tune"),
            Wrong(
                "",
                f"'{tune.method}' puts something before a text, and what is tuned here sees",
                "another method, such as lora or full",
            ),
        )
    for word, wrong in (
        ("adversarial", moves == "images" and tune.adversarial is not None),
        ("processes", moves == "images" and tune.processes > 1),
    ):
        if wrong:
            yield (
                (*at, "tune", word),
                Wrong(
                    "",
                    f"'{word}' is for a base that reads, and what is tuned here sees",
                    f"no '{word}' here",
                ),
            )
    for word, wrong in (("continual", model.continual is not None), ("base", model.base == AUTO)):
        if wrong:
            yield (
                (*at, word),
                Wrong(
                    "",
                    "with images among its inputs a model is tuned from where its bases were, by"
                    " their names",
                    f"{'no continual' if word == 'continual' else 'a base by its name'} here, or"
                    " 'tune: frozen'",
                ),
            )
