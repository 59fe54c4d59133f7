"""The worker pool of a service: workers are replaced where they die, hang or leak, with the models
they held; more of them run where they are busy.

Knows slots, each of which has a worker. A request that a dying worker held is retried on the next;
one that kills every worker fails alone.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Unpack, cast

from mesocosm.catalog.rows import ServedRow
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.prediction_form import PredictionForm
from mesocosm.core.records import Json
from mesocosm.serving.model_instance import Prediction, Row, RowAnswer
from mesocosm.serving.requests.fields import Fields
from mesocosm.serving.runtimes.onnx import Workers
from mesocosm.serving.spoken_answers import SpokenAnswer
from mesocosm.serving.workers.prefork import CallArguments, PreforkServer, WorkerLost
from mesocosm.serving.workers.worker import ModelDescription
from mesocosm.serving.workers.worker_slot import WorkerSlot

TRIES = 2  # workers that may die over the same rows
MORE = 2  # looks in a row at a busy pool before it grows
FEWER = 24  # looks in a row at one that would not be busy with a worker less before it shrinks
IDLE = 0.7  # of the busy share, under which a pool with a worker less would not be busy


class WorkerPool:
    """The workers of one service.

    Args:
        workers: how many, and when there are more or fewer.
        stuck, most, report: see `WorkerSlot`.
        moved: receives how many there are now, and why.
    """

    def __init__(
        self,
        prefork: PreforkServer,
        service: str,
        workers: Workers,
        stuck: float = 120.0,
        most: float | None = None,
        report: Callable[[str], None] = lambda why: None,
        moved: Callable[[int, str], None] = lambda count, why: None,
    ) -> None:
        self.workers, self.moved = workers, moved
        self.keys = itertools.count(1)
        self.models: dict[int, RemoteModel] = {}
        self.create_slot: Callable[[], WorkerSlot] = partial(
            WorkerSlot, prefork, service, self.models, stuck, most, report
        )
        self.slots = [self.create_slot() for _ in range(workers.min)]
        self.lock, self.over = threading.RLock(), False  # of which slots and models there are
        self.service = service
        self.looked, self.hot, self.cool = time.monotonic(), 0, 0

    @property
    def usage(self) -> dict[str, float]:
        """Gigabytes and CPU seconds of all workers; empty before the first look."""
        total: dict[str, float] = {}
        for slot in self.slots:
            for key, value in slot.usage.items():
                total[key] = total.get(key, 0) + value
        return total

    @property
    def lanes(self) -> int:
        """How many workers there are."""
        return len(self.slots)

    def count_lanes(self) -> int:
        """How many batches the workers take in parallel."""
        return self.lanes

    def load(self, service: str, row: ServedRow) -> RemoteModel:
        """Load a deployment's model in every worker.

        Raises:
            MesocosmError: what the deployment names is missing or corrupt.
        """
        del service
        model = RemoteModel(self, next(self.keys), row.copy())
        with self.lock:
            for slot in self.slots:
                about = slot.call(slot.alive(), "load", model=model.key, row=model.row)
                model.about = cast(ModelDescription, about)
            self.models[model.key] = model
        return model

    def call(self, do: str, **more: Unpack[CallArguments]) -> Json:
        """Call the least busy worker that is ready; one that dies over it is replaced, and the next
        is called.

        Raises:
            WorkerLost: several died over it.
        """
        for _ in range(TRIES):
            slot = min(self.slots, key=lambda s: (not s.ready, s.calls))
            try:
                return slot.call(slot.alive(), do, **more)
            except WorkerLost:
                if self.over:
                    raise MesocosmError(
                        Message("serving.workers_stopped", service=self.service)
                    ) from None
        raise WorkerLost

    def drop(self, key: int) -> None:
        """Release a model."""
        with self.lock:
            self.models.pop(key, None)
            for slot in self.slots:
                slot.drop(key)

    def tend(self, every: float = 5.0) -> None:
        """Check the workers, and have more of them or fewer by the share of the time in which they
        are busy.
        """
        now = time.monotonic()
        if now - self.looked < every:
            return
        for slot in list(self.slots):
            slot.tend()
        share = sum(s.busy() for s in self.slots) / (now - self.looked)
        self.looked = now
        self._resize(share)

    def _resize(self, share: float) -> None:
        """Have a worker more or less, by the share of the time in which they are busy together."""
        count, busy = len(self.slots), self.workers.busy
        self.hot += 1
        self.cool += 1
        if share <= busy * count:
            self.hot = 0
        if share >= IDLE * busy * (count - 1):
            self.cool = 0
        if self.hot >= MORE and count < self.workers.max:
            self._grow(share / count)
        elif self.cool >= FEWER and count > self.workers.min:
            self._shrink(share / count)

    def _grow(self, share: float) -> None:
        slot = self.create_slot()
        with self.lock:
            slot.alive()  # holds all models before it is called
            self.slots = [*self.slots, slot]
        self.hot = 0
        self.moved(len(self.slots), f"busy {share:.0%} of the time")

    def _shrink(self, share: float) -> None:
        with self.lock:
            *self.slots, last = self.slots
        threading.Thread(target=last.drain, daemon=True).start()
        self.cool = 0
        self.moved(len(self.slots), f"busy only {share:.0%} of the time")

    def close(self) -> None:
        """Stop all workers."""
        self.over = True
        for slot in self.slots:
            slot.close()


class RemoteModel:
    """A model that the workers hold."""

    def __init__(self, pool: WorkerPool, key: int, row: ServedRow) -> None:
        self.pool, self.key, self.row = pool, key, row
        self.broken = ""
        self._about = cast(ModelDescription, {})  # until it is loaded
        self.fields: Fields | None = None

    @property
    def about(self) -> ModelDescription:
        """The worker's description of it, from when it was loaded."""
        return self._about

    @about.setter
    def about(self, about: ModelDescription) -> None:
        self._about, self.fields = about, None
        if about["record"]:
            self.fields = Fields(about["record"])

    @property
    def version(self) -> str:
        """The model version, empty where there is none."""
        return str(self._about["version"])

    @property
    def snapshot(self) -> str:
        """The snapshot that it was trained on."""
        return str(self._about["snapshot"])

    @property
    def answers(self) -> str:
        """The snapshot of its answer index."""
        return str(self._about["answers"])

    @property
    def form(self) -> PredictionForm:
        """What a prediction holds."""
        return PredictionForm.from_json(self._about["form"])

    @property
    def labels(self) -> list[str]:
        """The labels that may come out."""
        return list(self._about["labels"])

    @property
    def speaks(self) -> bool:
        """Whether it answers questions."""
        return bool(self._about["speaks"])

    def answer(self, rows: Sequence[Row]) -> list[RowAnswer]:
        """Predict raw rows, as `LocalModel.answer`. Rows over which workers die are tried one by
        one, so that one that kills fails alone.
        """
        if self.broken:
            raise MesocosmError(self.broken)
        try:
            found = self.pool.call("answer", model=self.key, rows=list(rows))
            return cast(list[RowAnswer], found)
        except WorkerLost:
            if len(rows) == 1:
                return [{"died": True}]
        answers: list[RowAnswer] = []
        for row in rows:
            answers += self.answer([row])
        return answers

    def ask(self, question: str) -> SpokenAnswer:
        """Answer a question from its answer index.

        Raises:
            MesocosmError: workers died over it.
        """
        try:
            found = self.pool.call("ask", model=self.key, question=question)
            return cast(SpokenAnswer, found)
        except WorkerLost as lost:
            raise MesocosmError(Message("serving.died_over_question")) from lost

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        """Predict cleaned rows.

        Raises:
            MesocosmError: workers died over them.
        """
        return cast(list[Prediction], self._call("predict", rows))

    def held(self) -> list[dict[str, Json]]:
        """Cleaned held-out rows of the version.

        Raises:
            MesocosmError: workers died over it.
        """
        return cast(list[dict[str, Json]], self._call("held"))

    def embed(self, rows: Sequence[Row]) -> list[list[float]]:
        """Embeddings of the texts and images of cleaned rows.

        Raises:
            MesocosmError: workers died over them.
        """
        return cast(list[list[float]], self._call("embed", rows))

    def _call(self, do: str, rows: Sequence[Row] | None = None) -> Json:
        try:
            if rows is None:
                return self.pool.call(do, model=self.key)
            return self.pool.call(do, model=self.key, rows=list(rows))
        except WorkerLost as lost:
            raise MesocosmError(Message("serving.died_over_call", name=do)) from lost

    def close(self) -> None:
        """Release it in the workers."""
        self.pool.drop(self.key)
