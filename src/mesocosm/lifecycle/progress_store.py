"""What is being made now: what was said of it last, and the losses of its training so far; for the
console, the status and the world.

One small file a thing in the store, written aside and renamed; who died leaves one whose process is
gone, which is not shown.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mesocosm.core.confidential.secret_values import masked
from mesocosm.core.files import write_json

LINES, POINTS = 8, 400
PAUSE = 0.3  # seconds between two writings


class Live:
    """A thing while it is made.

    Args:
        store: the folder `.mesocosm`.
        address: what is made, such as `models.risk`.
    """

    def __init__(self, store: Path, address: str) -> None:
        self.path = store / "live" / f"{address}.json"
        self.state: dict[str, Any] = {
            "address": address,
            "pid": os.getpid(),
            "began": time.time(),
            "lines": [],
            "points": [],
            "epochs": [],
        }
        self.wrote = 0.0

    def heard(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """`say`, overheard: a sentence of training carries its record (`Told`)."""

        def said(text: str) -> None:
            self.tell(text)
            say(text)

        return said

    def tell(self, text: str) -> None:
        """Note a sentence, and what it carries."""
        record = getattr(text, "record", None)
        if record and "step" in record:
            self.state["points"] = [
                *self.state["points"],
                [round(record["epoch"] - 1 + record["step"] / record["of"], 4), record["loss"]],
            ]
            if len(self.state["points"]) > POINTS:
                self.state["points"] = self.state["points"][::2]
            self.state["left"] = record["left"]
        elif record and "epoch" in record:
            self.state["epochs"] = [
                *self.state["epochs"],
                {k: record[k] for k in ("epoch", "train_loss", "held_loss") if k in record},
            ]
        self.state["lines"] = [*self.state["lines"], masked(str(text)[:300])][-LINES:]
        self.state["at"] = time.time()
        if self.state["at"] - self.wrote > PAUSE or (record and "step" not in record):
            self.wrote = self.state["at"]
            write_json(self.path, self.state)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.path.unlink(missing_ok=True)


def at_work(store: Path) -> list[dict[str, Any]]:
    """What is being made now, the oldest first."""
    found = []
    for path in (store / "live").glob("*.json"):
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            os.kill(int(state["pid"]), 0)
        except PermissionError:  # it lives and is another's
            pass
        except (OSError, ValueError, KeyError):
            continue
        found.append(state)
    return sorted(found, key=lambda s: s["began"])
