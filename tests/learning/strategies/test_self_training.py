"""Rows without a label teach where the model is sure, and only where that helps."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import numpy as np
from conftest import said_of
from little_base import little_base

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.progress import say_as_text
from mesocosm.learning.heads import HEADS
from mesocosm.learning.strategies.self_training import SelfTraining, self_train

FILE = """grammar: 2
ecosystem: pond
sources: {notes: {type: csv, path: notes.csv}}
datasets:
  mail:
    from: notes
    key: id
    fields: {id: {type: integer}, text: {type: text}, mood: {type: category, values: ["good", "bad"]}}
    split: {test: 0.3, validation: 0.0}
models: {mood: {base: minilm, dataset: mail, target: mood, features: [text], track: [], self_training: 0.8, fine_tune: {method: frozen, head: kernel}}}
""".replace("base: minilm", f"base: {little_base()}")


def blobs(rows: int, seed: int) -> tuple[Any, Any]:
    draw, y = np.random.default_rng(seed), np.arange(rows) % 2
    x = draw.normal(size=(rows, 20))
    x[:, :6] += np.where(y, 0.9, -0.9)[:, None]
    return x.astype(np.float32), y


def test_rows_without_a_label_lift_a_model_of_few_labels_and_noise_does_not_get_in() -> None:
    x, y = blobs(400, 0)
    few, rest, held = np.arange(6), np.arange(6, 300), np.arange(300, 400)
    none = np.zeros((400, 0), np.float32)

    def fit(text: Any, table: Any, labels: Any, sure: Any = None) -> Any:
        return HEADS["kernel"]().fit(text, table, labels, 2, 7)

    head = fit(none[few], x[few], y[few])
    said: list[str] = []
    better, told = self_train(
        head,
        SelfTraining(above=0.8, rounds=10),
        (none[few], x[few], y[few]),
        (none[rest], x[rest]),
        (none[held], x[held], y[held]),
        fit,
        say_as_text(said.append),
    )
    assert (
        told["bare"] == len(rest)
        and told["used"] > 50
        and told["after"] < told["before"]
        and "confident on" in said[0]
    )
    judged, answers = blobs(500, 9)
    right = [
        float((h.logits(np.zeros((500, 0), np.float32), judged).argmax(1) == answers).mean())
        for h in (head, better)
    ]
    assert right[1] > right[0]

    def worse(text: Any, table: Any, labels: Any, sure: Any) -> Any:
        return fit(text, table, np.concatenate([labels[:6], 1 - labels[6:]]))

    same, told = self_train(
        head,
        SelfTraining(above=0.8),
        (none[few], x[few], y[few]),
        (none[rest], x[rest]),
        (none[held], x[held], y[held]),
        worse,
        say_as_text(said.append),
    )
    assert same is head and told["used"] == 0
    nobody, told = self_train(
        head,
        SelfTraining(),
        (none[few], x[few], y[few]),
        (none[:0], x[:0]),
        None,
        fit,
        say_as_text(said.append),
    )
    assert nobody is head and told["used"] == 0


def pond(home: Path, text: str = FILE) -> Path:
    draw = random.Random(1)
    with (home / "notes.csv").open("w", newline="") as out:
        write = csv.writer(out)
        write.writerow(("id", "text", "mood"))
        for i in range(160):
            good = i % 2
            said = (
                f"{draw.choice(['lovely', 'kind', 'splendid', 'great'] if good else ['awful', 'rude', 'terrible', 'sad'])}"
                f" {draw.choice(['service', 'people', 'day', 'visit'])} number {i}"
            )
            write.writerow(
                (i, said, ("good" if good else "bad") if i % 5 == 0 or i % 5 == 1 else "")
            )
    (home / "ecosystem.yaml").write_text(text)
    return home


def test_a_build_tells_what_they_taught(tmp_path: Path) -> None:
    eco = open_ecosystem(pond(tmp_path))
    said: list[str] = []
    assert not eco.build(say=lambda _, text: said.append(text)).failed
    (version,) = eco.catalog.versions("mood")
    told = version["recipe"]["settings"]["self_training"]
    assert told["bare"] > 40 and any("confident on" in s for s in said)
    assert (told["used"] > 0) == (told["after"] < told["before"])
    kept = list((tmp_path / ".mesocosm" / "models").rglob("forget.safetensors"))
    assert bool(kept) == (told["used"] == 0)


def test_it_is_for_classes_over_a_base_that_stays(tmp_path: Path) -> None:
    home = pond(
        tmp_path, FILE.replace("fine_tune: {method: frozen, head: kernel}", "fine_tune: lora")
    )
    assert any("self-training is for classes" in line for line in said_of(home))
