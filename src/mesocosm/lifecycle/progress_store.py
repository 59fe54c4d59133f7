"""What is being built now: the last lines of its progress, and the losses of its training so far;
for the console, the status and the world.

One small file for each resource in the store, written aside and renamed; a process that died leaves
one, which is not shown.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NotRequired, Self, TypedDict

from mesocosm.core.confidential.secret_values import masked
from mesocosm.core.files import write_json
from mesocosm.core.messages import render, render_stored, text_as_json
from mesocosm.core.progress import ProgressEvent, ProgressLine, Say, as_text

LINES, POINTS = 8, 400  # that are kept
LOSSES = ("epoch", "train_loss", "held_loss")  # of an epoch
LONGEST = 300  # characters of a line
PAUSE = 0.3  # seconds between two writes


class Progress(TypedDict):
    """What is being built: its newest `lines` in English and the same as `messages`, the `points`
    of its loss, and the losses of each of the `epochs`.
    """

    address: str
    pid: int
    began: float
    lines: list[str]
    messages: NotRequired[list[object]]
    points: list[list[float]]
    epochs: list[dict[str, float]]
    at: NotRequired[float]
    left: NotRequired[float]


class ProgressFile:
    """The progress of a resource while it is built.

    Args:
        store: the folder `.mesocosm`.
        address: what is built, such as `models.risk`.
    """

    def __init__(self, store: Path, address: str) -> None:
        self.path = store / "live" / f"{address}.json"
        self.state: Progress = {
            "address": address,
            "pid": os.getpid(),
            "began": time.time(),
            "lines": [],
            "messages": [],
            "points": [],
            "epochs": [],
        }
        self.wrote = 0.0

    def record(self, say: Say) -> Say:
        """`say`, with each line recorded."""

        def say_and_record(line: ProgressLine) -> None:
            self.add(line)
            say(line)

        return say_and_record

    def add(self, line: ProgressLine) -> None:
        """Record a line in English, and the measurements that it carries."""
        at_once = False
        if isinstance(line, ProgressEvent):
            self._add_measurements(line)
            at_once = line.step is None
        text = masked(str(line)[:LONGEST])
        self.state["lines"] = [*self.state["lines"], text][-LINES:]
        message = text_as_json(as_text(line))
        self.state["messages"] = [*self.state.get("messages", ()), message][-LINES:]
        self._write(at_once)

    def _add_measurements(self, event: ProgressEvent) -> None:
        """Add a point of the loss curve, or the losses of an epoch."""
        if event.step is not None:
            self._add_step(event)
        elif event.epoch is not None:
            losses = {name: getattr(event, name) for name in LOSSES}
            known = {name: value for name, value in losses.items() if value is not None}
            self.state["epochs"] = [*self.state["epochs"], known]

    def _write(self, at_once: bool) -> None:
        """Write the state, unless it was written a moment ago."""
        now = time.time()
        self.state["at"] = now
        if at_once or now - self.wrote > PAUSE:
            self.wrote = now
            write_json(self.path, self.state)

    def _add_step(self, event: ProgressEvent) -> None:
        """Add a point of the loss curve; every second one is dropped where there are too many."""
        if not (event.epoch and event.step and event.steps) or event.loss is None:
            return
        epochs = round(event.epoch - 1 + event.step / event.steps, 4)
        points = [*self.state["points"], [epochs, event.loss]]
        if len(points) > POINTS:
            points = points[::2]
        self.state["points"] = points
        if event.seconds_left is not None:
            self.state["left"] = event.seconds_left

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.path.unlink(missing_ok=True)


def read_progress(store: Path) -> list[Progress]:
    """What is being built now, the oldest first."""
    states = []
    for path in (store / "live").glob("*.json"):
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            os.kill(int(state["pid"]), 0)
        except PermissionError:  # it is alive and another user's
            pass
        except (OSError, ValueError, KeyError):
            continue
        states.append(state)
    return sorted(states, key=lambda state: state["began"])


def render_progress_lines(state: Progress) -> Progress:
    """What is being built with its lines in the reader's language."""
    messages = state.get("messages") or [None] * len(state["lines"])
    lines = [_render_line(*pair) for pair in zip(messages, state["lines"], strict=False)]
    shown: Progress = {**state, "lines": lines}
    shown.pop("messages", None)
    return shown


def _render_line(message: object, english: str) -> str:
    if isinstance(message, Mapping):
        return render_stored(message, english)[:LONGEST]
    return render(english)
