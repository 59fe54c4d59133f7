"""Progress of work as data: a message, and what was measured with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from mesocosm.core.messages import Text, render
from mesocosm.core.messages.language import SOURCE

QUIET = 2.0  # seconds after which progress is reported


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """A line of progress with its measurements.

    `str` gives the English text, `render` that of the reader.

    Args:
        message: the line for people.
        epoch: the epoch of a training, from 1.
        step: how many of the epoch's `steps` batches are done.
        steps: batches of an epoch.
        loss: the mean training loss of the epoch so far.
        train_loss: the mean training loss of a whole epoch.
        held_loss: the loss of the validation rows after an epoch.
        seconds_left: until the training ends.
        estimated_seconds: until the resource is built.

    >>> str(ProgressEvent("about 12 s", estimated_seconds=12.0))
    'about 12 s'
    """

    message: Text
    epoch: int | None = None
    step: int | None = None
    steps: int | None = None
    loss: float | None = None
    train_loss: float | None = None
    held_loss: float | None = None
    seconds_left: float | None = None
    estimated_seconds: float | None = None

    def render(self, language: str | None = None) -> str:
        """The line in a language, by default the reader's."""
        return render(self.message, language)

    def __str__(self) -> str:
        return self.render(SOURCE)


ProgressLine: TypeAlias = Text | ProgressEvent
Say: TypeAlias = Callable[[ProgressLine], None]
SayOf: TypeAlias = Callable[[str, ProgressLine], None]  # the address of what is built, and a line


def render_progress(line: ProgressLine, language: str | None = None) -> str:
    """A line of progress in a language, by default the reader's."""
    if isinstance(line, ProgressEvent):
        return line.render(language)
    return render(line, language)


def as_text(line: ProgressLine) -> Text:
    """A line without its measurements, as a part of another line."""
    if isinstance(line, ProgressEvent):
        return line.message
    return line


def say_as_text(say: Callable[[str], None]) -> Say:
    """A sink of lines for a function that takes them as English strings."""
    return lambda line: say(str(line))


def say_of_as_text(say: Callable[[str, str], None]) -> SayOf:
    """Likewise, for one that takes an address before the line."""
    return lambda address, line: say(address, str(line))
