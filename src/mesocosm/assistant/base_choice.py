"""The base of a drafted model, chosen by the language of its texts, and why. Loads no net."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from mesocosm.data.profiling.columns.column import Column
from mesocosm.learning.base_models import is_installed
from mesocosm.learning.base_models.encoder_choice import TEXTS, EncoderChoice, choose_encoder


def choose_for_columns(columns: Sequence[Column], names: Sequence[str]) -> EncoderChoice:
    """The base that knows the language of the different values of some columns."""
    texts: list[str] = []
    for column in columns:
        if column.name in names:
            texts += islice(column.counts, max(1, TEXTS // len(names)))
    return choose_encoder(texts)


def explain_choice(choice: EncoderChoice, subject: str) -> str:
    """Why a base was chosen, where `subject` is such as `title is`."""
    if not choice.found:
        return (
            f"{subject} text; minilm is small, installed, and reads a few hundred texts a second on"
            " two cores"
        )
    return f"{subject} text in '{choice.found}'; {choice.base} knows 94 languages, minilm English"


def list_missing(choice: EncoderChoice) -> list[str]:
    """What is left to do where the chosen base is not installed."""
    if not choice.found or is_installed(choice.base):
        return []
    return [f"'base' is not installed: pip install 'mesocosm[{choice.base}]'"]
