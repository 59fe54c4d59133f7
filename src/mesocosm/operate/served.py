"""A service that lives: its version and answers, swapped whole between two batches.

Knows the catalog and what it is handed to load with. Knows no HTTP.
"""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mesocosm.base.errors import Failure, Wrong
from mesocosm.base.kinds import Predictor
from mesocosm.catalog import Catalog
from mesocosm.catalog import tables as t
from mesocosm.operate.prepare import MOST_TEXT, Preparation
from mesocosm.operate.service import Service


class Speaker(Protocol):
    """Answers questions from a table."""

    def ask(self, question: str) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Loaded:
    """What one deployment needs, as one unit: version, predictor, preparation, answers."""

    deployment: int
    version: str
    snapshot: str
    predictor: Predictor | None
    preparation: Preparation | None
    speaker: Speaker | None
    answers: str


Load = Callable[[str, Mapping[str, Any]], Loaded]


class Served:
    """One service.

    Args:
        load: makes a `Loaded` of a service's name and a deployment's record.
    """

    def __init__(self, name: str, service: Service, catalog: Catalog, load: Load) -> None:
        self.name, self.service, self.catalog, self.load = name, service, catalog, load
        self.now: Loaded | None = None
        self.trouble = ""
        self.events: deque[dict[str, Any]] = deque(maxlen=500)
        self.times: deque[tuple[float, float, bool]] = deque(maxlen=5000)
        self.lock = threading.Lock()

    def refresh(self) -> bool:
        """Load what the catalog says is deployed; the old one serves until the new one is warm."""
        row = self.catalog.deployment(self.name)
        if row is None or (self.now and row["id"] == self.now.deployment):
            return False
        with self.lock:
            try:
                fresh = self.load(self.name, row)
                self.trouble = ""
            except Failure as error:
                self.trouble = str(error)
                return False
            self.now = fresh
        return True

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Predictions of checked raw rows, each logged with an id before it is given out.

        A row that the recipe would have set aside gives `why` instead of a label.
        """
        began = time.perf_counter()
        loaded = self.now
        assert loaded is not None and loaded.predictor is not None and loaded.preparation is not None
        clean = loaded.preparation.ready(rows)
        good = [row for row in clean if row["_why"] is None]
        said = iter(loaded.predictor.predict(good) if good else [])
        took = (time.perf_counter() - began) * 1000
        at = self.catalog.clock()
        found, log = [], []
        for raw, row in zip(rows, clean, strict=True):
            if row["_why"] is not None:
                found.append({"why": row["_why"]})
                continue
            ident = "p-" + secrets.token_hex(8)
            out = next(said)
            kept = {k: v for k, v in row.items() if not k.startswith("_")}
            log.append(
                {
                    "id": ident, "service": self.name, "version": loaded.version, "snapshot": loaded.snapshot,
                    "input": {"raw": loaded.preparation.logged(raw), "clean": kept}, "output": out, "ms": round(took, 3), "at": at,
                }
            )  # fmt: skip
            found.append({"id": ident, "version": loaded.version, **out})
            self.events.append({"at": at, "id": ident, "label": out["label"], "service": self.name})
        self.catalog.add(t.PREDICTIONS, log)
        return found

    def feedback(self, prediction: str, label: str) -> None:
        """Keep the label that turned out to be true.

        Raises:
            Wrong: there is no such prediction, or the label is none of the model's.
        """
        row = self.catalog.prediction(prediction)
        if row is None or row["service"] != self.name:
            raise Wrong("id", f"'{prediction[:40]}' is no prediction of {self.name}", "the id of one")
        self.catalog.add(t.FEEDBACK, [{"prediction": prediction, "service": self.name, "label": self._meant(label), "at": self.catalog.clock()}])

    def _meant(self, label: str) -> str:
        """A label given by a person, as the model's own are spelt.

        Raises:
            Wrong: the model cannot say it.
        """
        net = self.now.predictor if self.now else None
        says, labels = (net.says, list(net.labels)) if net else ("classes", [])
        if says in ("text", "tags"):
            if not label.strip() or len(label) > MOST_TEXT:
                raise Wrong("label", f"a text of {len(label)} characters stands here", f"the text that would have been right, at most {MOST_TEXT} characters")
        elif says == "number":
            try:
                if not math.isfinite(float(label)):
                    raise ValueError
            except ValueError as error:
                raise Wrong("label", f"'{label[:40]}' is no number", "the number that turned out to be true") from error
        else:
            told = sorted({v.strip() for v in label.split(";") if v.strip()}) if says == "labels" else [label]
            for one in told or [""]:
                if one not in labels:
                    raise Wrong("label", f"'{one[:40]}' is no label of {self.name}", "its labels with ';' between" if says == "labels" else "one of its labels", labels, one)
            return "; ".join(told)
        return label

    def note(self, ms: float, failed: bool) -> None:
        """Remember how long a request took and whether it failed because of us."""
        self.times.append((self.catalog.clock(), ms, failed))

    def figures(self, seconds: float = 60.0) -> dict[str, float]:
        """Requests a second, p50 and p95 in milliseconds and the share failed, of the last seconds."""
        since = self.catalog.clock() - seconds
        recent = [e for e in list(self.times) if e[0] >= since]
        times = sorted(e[1] for e in recent)

        def pick(share: float) -> float:
            return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0

        return {
            "rate": round(len(recent) / seconds, 3), "p50_ms": round(pick(0.5), 2), "p95_ms": round(pick(0.95), 2),
            "error_rate": round(sum(e[2] for e in recent) / len(recent), 4) if recent else 0.0,
        }  # fmt: skip
