"""A base that sees is tuned by gradient, on real digits (scikit-learn's, NIST's pencil): what it
learnt on five of them is moved to the other five by few rows.
"""

from __future__ import annotations

import base64
import io
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import said_of
from little_base import little_base
from PIL import Image

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.learning.augmentation import AUGMENT
from mesocosm.learning.fine_tuning import FINE_TUNING
from mesocosm.learning.tasks.vision.features import open_encoder
from mesocosm.learning.tasks.vision.fine_tuning import MultiImageNet
from mesocosm.learning.tasks.vision.net import load_pretrained
from mesocosm.learning.tasks.vision.pixels import ImageLoader, decode_pixels
from mesocosm.learning.training.loop import trainer

pytestmark = pytest.mark.slow

WAYS = [n for n, kind in AUGMENT.items() if kind.of == "image"]  # type: ignore[attr-defined]
SIDE = 16
FILE = """grammar: 2
ecosystem: post
sources: {scans: {type: csv, path: scans.csv}}
datasets:
  digits:
    from: scans
    key: id
    fields: {id: {type: integer}, scan: {type: image, size: 16}, box: {type: category, values: [a, b]}, digit: {type: category, values: ["5", "6", "7", "8", "9"]}}
    split: {test: 0.5, validation: 0.12}
models:
  reader:
    dataset: digits
    target: digit
    features: [scan, box]
    image_base: vit
    track: []
    fine_tune: TUNE
services: {desk: {model: reader}}
"""


def refusals(failed: Any) -> list[str]:
    """The baselines that a version was refused for: a base that saw other digits and hardly moved
    is worse than the pixels alone, and does not serve.
    """
    told = [
        re.fullmatch(
            r"reader-v1-\w+ is refused \(it is significantly worse than the (\w+) baseline .*\)",
            str(f.found),
        )
        for f in failed
    ]
    assert all(told), failed
    return [one[1] for one in told if one]


def scan(pixels: Any) -> str:
    out = io.BytesIO()
    Image.fromarray((255 - pixels * 15.9).astype(np.uint8)).resize(
        (SIDE, SIDE), Image.Resampling.BILINEAR
    ).convert("RGB").save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


@pytest.fixture(scope="module")
def digits() -> tuple[list[str], Any]:
    from sklearn.datasets import load_digits

    found = load_digits()
    return [scan(p) for p in found.images], found.target


@pytest.fixture(scope="module")
def vit(digits: tuple[list[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ViT of three layers that learnt the digits 0 to 4, in a folder laid out as a hub's."""
    import torch
    from transformers import ViTConfig, ViTModel

    torch.manual_seed(0)
    scans, y = digits
    pick = np.flatnonzero(y < 5)
    net = ViTModel(
        ViTConfig(
            hidden_size=48,
            num_hidden_layers=3,
            num_attention_heads=4,
            intermediate_size=96,
            image_size=SIDE,
            patch_size=4,
        ),
        add_pooling_layer=False,
    )
    head = torch.nn.Linear(48, 5)
    x, target = (
        torch.from_numpy(decode_pixels([scans[i] for i in pick], SIDE, [0.5] * 3, [0.5] * 3)),
        torch.from_numpy(y[pick]),
    )
    optimiser = torch.optim.AdamW([*net.parameters(), *head.parameters()], lr=1e-3)
    for _ in range(12):
        for some in torch.randperm(len(pick)).split(64):
            loss = torch.nn.functional.cross_entropy(
                head(net(pixel_values=x[some]).last_hidden_state.mean(1)), target[some]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    folder = tmp_path_factory.mktemp("bases") / "vit"
    net.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        json.dumps(
            {
                "size": {"height": SIDE, "width": SIDE},
                "image_mean": [0.5] * 3,
                "image_std": [0.5] * 3,
            }
        )
    )
    return folder


def post(home: Path, vit: Path, digits: tuple[list[str], Any], tune: str, rows: int = 240) -> Path:
    """The digits 5 to 9; one in thirty without its scan, and a box that says nothing."""
    (home / "vit").symlink_to(vit)
    scans, y = digits
    pick = np.flatnonzero(y >= 5)[:rows]
    lines = [
        f"{i},{'' if n % 30 == 11 else scans[i]},{'ab'[n % 2]},{y[i]}" for n, i in enumerate(pick)
    ]
    (home / "scans.csv").write_text("\n".join(["id,scan,box,digit", *lines]) + "\n")
    (home / "ecosystem.yaml").write_text(FILE.replace("TUNE", tune))
    return home


@pytest.mark.parametrize("name", WAYS)
def test_every_change_of_a_picture_leaves_its_size_and_is_the_seeds(
    name: str, digits: tuple[list[str], Any]
) -> None:
    way: Any = AUGMENT[name].model_validate({"method": name})
    draw = np.random.default_rng(1)
    for size in ((24, 16), (16, 24), (7, 7)):
        picture = Image.fromarray(draw.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8))
        before, made = (
            np.asarray(picture).copy(),
            [np.asarray(way.apply(picture, random.Random(s))) for s in range(20)],
        )
        assert all(
            m.shape == before.shape and m.dtype == np.uint8 for m in made
        ) and np.array_equal(np.asarray(picture), before)
        assert any(not np.array_equal(m, before) for m in made) and np.array_equal(
            made[3], np.asarray(way.apply(picture, random.Random(3)))
        )
    plain, changed = (
        ImageLoader({"side": SIDE, "mean": [0.5] * 3, "sd": [0.5] * 3}),
        ImageLoader({"side": SIDE, "mean": [0.5] * 3, "sd": [0.5] * 3}, (way,)),
    )
    rows: Any = [((digits[0][i], None), "") for i in range(4)]
    shown, there = changed.load(changed.reseed(rows, 7))
    assert (
        there.tolist() == [[1, 0]] * 4
        and not shown[:, 1].any()
        and np.array_equal(changed.load(rows)[0], plain.load(rows)[0])
    )
    assert not np.array_equal(changed.load(changed.reseed(rows, 8))[0], shown) and np.array_equal(
        changed.load(changed.reseed(rows, 7))[0], shown
    )


@pytest.mark.parametrize(
    "method", ["full", "gradual", "last", "lora", "dora", "adalora", "ia3", "adapter", "bitfit"]
)
def test_every_method_moves_what_sees(
    method: str, vit: Path, digits: tuple[list[str], Any]
) -> None:
    import torch

    from mesocosm.learning.base_models import resolve

    net, how = load_pretrained(resolve("vit", vit.parent))
    tune: Any = FINE_TUNING[method].model_validate(
        {"method": method, "epochs": 2, "learning_rate": 3e-3}
    )
    torch.manual_seed(1)
    looking = MultiImageNet(tune.attach(net.net))
    scans, y = digits
    pick = np.flatnonzero(y >= 5)[:96]
    rows = trainer.TrainingRows(
        [((scans[i],), "") for i in pick],
        np.zeros((96, 1), np.float32),
        y[pick] - 5,
        eyes=ImageLoader(how),
    )
    joined = trainer.TrunkWithHead(
        looking,
        np.random.default_rng(0).normal(size=(49, 5)).astype(np.float32) * 0.1,
        np.zeros(5, np.float32),
        0.0,
        first=1,
    )
    before = looking(*rows.batch(rows.ids, range(8), torch.float32)).detach()
    told = trainer.train(joined, tune, rows, rows, 7, None, lambda _: None)
    assert told[-1]["held_loss"] < told[0]["train_loss"]
    after = looking.eval()(*rows.batch(rows.ids, range(8), torch.float32)).detach()
    assert not torch.allclose(before, after, atol=1e-4) and torch.allclose(
        after.norm(dim=1), torch.ones(8), atol=1e-4
    )
    net.net = tune.merge(looking.net)
    shown, _ = rows.batch(rows.ids, range(8), torch.float32)
    assert torch.allclose(net.eval()(shown[:, 0]), after, atol=2e-3)


def test_a_residual_net_keeps_what_it_knows_of_batches(
    tmp_path: Path, digits: tuple[list[str], Any]
) -> None:
    import torch
    from transformers import ResNetConfig, ResNetModel

    from mesocosm.learning.base_models import resolve

    torch.manual_seed(0)
    ResNetModel(
        ResNetConfig(
            embedding_size=8,
            hidden_sizes=[8, 16],
            depths=[1, 1],
            layer_type="basic",
            num_channels=3,
        )
    ).save_pretrained(tmp_path / "res")
    (tmp_path / "res" / "preprocessor_config.json").write_text(
        json.dumps({"size": {"shortest_edge": 32}})
    )
    net, how = load_pretrained(resolve("res", tmp_path))
    tune: Any = FINE_TUNING["full"].model_validate(
        {"method": "full", "epochs": 1, "learning_rate": 1e-2}
    )
    looking = MultiImageNet(tune.attach(net.net))
    known = {n: b.clone() for n, b in looking.named_buffers()}
    rows = trainer.TrainingRows(
        [((digits[0][i],), "") for i in range(40)],
        np.zeros((40, 0), np.float32),
        digits[1][:40] % 2,
        eyes=ImageLoader(how),
    )
    trainer.train(
        trainer.TrunkWithHead(looking, np.zeros((16, 2), np.float32), np.zeros(2, np.float32), 0.0),
        tune,
        rows,
        rows,
        7,
        None,
        lambda _: None,
    )
    assert known and all(torch.equal(b, known[n]) for n, b in looking.named_buffers())


def test_tuning_beats_the_base_as_it_is_and_is_served_as_it_was_judged(
    tmp_path: Path, vit: Path, digits: tuple[list[str], Any], cli: Callable[..., Any]
) -> None:
    metrics = {}
    for name, tune in (
        ("frozen", "{method: frozen, head: linear}"),
        (
            "full",
            (
                "{method: full, epochs: 60, patience: 60, batch: 16, learning_rate: 1e-3, augment:"
                " [crop, rotate]}"
            ),
        ),
    ):
        (tmp_path / name).mkdir()
        eco, said = open_ecosystem(post(tmp_path / name, vit, digits, tune)), list[str]()
        failed = eco.build(say=lambda _, text, said=said: said.append(text)).failed  # type: ignore[misc]
        assert refusals(failed) == (["linear"] if name == "frozen" else []), failed
        metrics[name] = eco.catalog.versions("reader")[-1]
    assert any(
        "trainable parameters" in s and "texts and table stay as they are" in s for s in said
    )
    judged = {n: v["metrics"]["accuracy"] for n, v in metrics.items()}
    assert judged["full"] > judged["frozen"] + 0.03, judged
    version = metrics["full"]
    folder = next((tmp_path / "full" / ".mesocosm" / "models" / "reader").iterdir())
    assert (
        version["recipe"]["sight"] == "."
        and version["recipe"]["method"] == "full"
        and (folder / "sight.onnx").is_file()
    )
    assert version["metrics"]["price"]["took"]["phases"]["tuning"] > 0 and {
        c.sign for c in eco.plan()
    } == {"="}
    file = tmp_path / "full" / "ecosystem.yaml"
    scans, y = digits
    fresh = np.flatnonzero(y >= 5)[240:300]
    from mesocosm.lifecycle.access.model_access import load_version

    net = load_version(eco.spec, version)
    right = [
        net.labels[p.argmax()] == str(y[i])
        for i, p in zip(
            fresh,
            net.outputs({"scan": [scans[i] for i in fresh], "box": ["a"] * len(fresh)}, len(fresh)),
            strict=True,
        )
    ]
    assert abs(np.mean(right) - judged["full"]) < 0.15
    out = json.loads(
        cli(
            "predict",
            "desk",
            "--input",
            json.dumps({"scan": scans[fresh[0]], "box": "a"}),
            "-f",
            str(file),
            "--json",
        ).stdout
    )
    assert (
        out["label"]
        == net.labels[int(net.outputs({"scan": [scans[fresh[0]]], "box": ["a"]}, 1)[0].argmax())]
    )
    card = cli("model", "card", "reader", "-f", str(file)).stdout
    assert "- Images: base vit (as its folder says), fine-tuned by full, " in card


def test_lora_keeps_what_it_learnt_and_takes_the_rest_from_its_base(
    tmp_path: Path, vit: Path, digits: tuple[list[str], Any]
) -> None:
    eco = open_ecosystem(post(tmp_path, vit, digits, "{method: lora, epochs: 2}", 120))
    assert refusals(eco.build().failed) == ["linear"]
    version = eco.catalog.versions("reader")[-1]
    folder = next((tmp_path / ".mesocosm" / "models" / "reader").iterdir())
    (shared,) = (tmp_path / ".mesocosm" / "trunks").glob("*/sight.onnx")
    assert (folder / "sight.weights").stat().st_ino == (
        shared.parent / "sight.weights"
    ).stat().st_ino  # one file on disk
    assert version["recipe"]["sight_mb"] == pytest.approx(
        (folder / "sight.onnx").stat().st_size / 1e6, abs=0.01
    )
    eye = open_encoder(folder, version["recipe"]["sees"])
    assert not np.allclose(
        eye.features(digits[0][:4]),
        open_encoder(shared.parent, version["recipe"]["sees"]).features(digits[0][:4]),
        atol=1e-4,
    )


def test_a_search_tunes_what_sees(tmp_path: Path, vit: Path, digits: tuple[list[str], Any]) -> None:
    home = post(tmp_path, vit, digits, "{method: lora, epochs: 1}", 120)
    file = home / "ecosystem.yaml"
    file.write_text(
        file.read_text().replace(
            "    track: []",
            "    track: []\n    search: {over: {fine_tune.rank: [2, 4]}, sampler: grid, trials: 2}",
        )
    )
    eco = open_ecosystem(home)
    assert refusals(eco.build().failed) == ["linear"]
    assert len(eco.catalog.versions("reader")[-1]["recipe"]["trials"]) == 2


def test_what_reads_and_what_sees_both_move_and_are_served_as_they_were_judged(
    tmp_path: Path, vit: Path, digits: tuple[list[str], Any]
) -> None:
    """Cards with a digit and a note: one half of what they are is seen, the other read."""
    (tmp_path / "vit").symlink_to(vit)
    scans, y = digits
    draw, pick = np.random.default_rng(1), np.flatnonzero(y >= 5)[:260]
    words = [["lovely", "kind", "splendid", "warm"], ["awful", "cruel", "dismal", "harsh"]]
    tone = draw.integers(0, 2, len(pick))
    lines = [
        f"{i},{scans[i]},what a {words[k][draw.integers(4)]} day in month"
        f" {draw.integers(1, 13)},{'ab'[n % 2]},{'high' if y[i] > 7 else 'low'}"
        f" {'bad' if k else 'good'}"
        for n, (i, k) in enumerate(zip(pick, tone, strict=True))
    ]
    (tmp_path / "scans.csv").write_text("\n".join(["id,scan,note,box,sort", *lines]) + "\n")
    model = (
        f"  NAME: {{base: {little_base()}, image_base: vit, dataset: cards, target: sort, features:"
        " [scan, note, box], track: [], fine_tune: TUNE}\n"
    )
    ways = {
        "still": "{method: frozen, head: linear}",
        "both": (
            "{method: full, trainable: both, epochs: 8, patience: 8, batch: 16, augment: [crop, mask]}"
        ),
        "texts": "{method: prefix, trainable: text, epochs: 1}",
    }
    (tmp_path / "ecosystem.yaml").write_text(
        """grammar: 2
ecosystem: post
sources: {scans: {type: csv, path: scans.csv}}
datasets:
  cards:
    from: scans
    key: id
    fields: {id: {type: integer}, scan: {type: image, size: 16}, note: {type: text}, box: {type: category, values: [a, b]}, sort: {type: category}}
    split: {test: 0.4, validation: 0.12}
models:
"""
        + "".join(model.replace("NAME", n).replace("TUNE", t) for n, t in ways.items())
    )
    eco, said = open_ecosystem(tmp_path), list[str]()
    assert not eco.build(say=lambda _, text: said.append(text)).failed
    told = {n: eco.catalog.versions(n)[-1] for n in ways}
    assert any("texts follow" in s for s in said) and any(
        s.startswith("epoch 9") or s.startswith("epoch 16") for s in said
    ), said
    assert told["both"]["metrics"]["accuracy"] > told["still"]["metrics"]["accuracy"] + 0.08, {
        n: v["metrics"]["accuracy"] for n, v in told.items()
    }
    assert [bool((v["recipe"]["trunk"] or "").count("..")) for v in told.values()] == [
        True,
        False,
        False,
    ] and [v["recipe"]["sight"] == "." for v in told.values()] == [False, True, False]
    assert told["both"]["metrics"]["price"]["took"]["phases"]["tuning"] > told["texts"]["metrics"][
        "price"
    ]["took"]["phases"]["tuning"] and {c.sign for c in eco.plan()} == {"="}
    from mesocosm.lifecycle.access.data_access import read_columns
    from mesocosm.lifecycle.access.model_access import load_version

    net = load_version(eco.spec, told["both"])
    rows, part = read_columns(
        eco.spec, eco.catalog.snapshot(dataset="cards"), ["scan", "note", "box", "sort"]
    )
    test = [i for i, p in enumerate(part) if p == "test"]
    given = {n: [rows[n][i] for i in test] for n in ("scan", "note", "box")}
    right = [
        net.labels[p.argmax()] == rows["sort"][i]
        for i, p in zip(test, net.outputs(given, len(test)), strict=True)
    ]
    assert np.mean(right) == pytest.approx(
        told["both"]["metrics"]["accuracy"], abs=0.02
    )  # through the graphs, of which one may be int8


@pytest.mark.parametrize(
    "old, new, wanted",
    [
        ("fine_tune: lora", "fine_tune: {method: lora, trainable: both}", "no input is a text"),
        (
            "features: [scan, box]\n    image_base: vit\n    track: []\n    fine_tune: lora",
            "features: [box]\n    track: []\n    fine_tune: {method: lora, trainable: text}",
            "no input is an image, so there is one base to fine-tune",
        ),
        ("image_base: vit", "max_length: 64", "images are read by filters trained on them"),
        ("fine_tune: lora", "fine_tune: prefix", "'prefix' puts tokens before a text"),
        (
            "fine_tune: lora",
            "fine_tune: {method: lora, adversarial: fgm}",
            "'adversarial' is for a text base",
        ),
        (
            "fine_tune: lora",
            "fine_tune: {method: lora, processes: 2}",
            "'processes' is for a text base",
        ),
        (
            "fine_tune: lora",
            "fine_tune: {method: lora, augment: [mask]}",
            "'mask' augments texts, and what is fine-tuned takes images",
        ),
        (
            "fine_tune: lora",
            "fine_tune: lora\n    continual: 1",
            "a model is fine-tuned from named base models",
        ),
        ("features: [scan, box]", "features: [box]", "no input is an image"),
    ],
)
def test_what_does_not_fit_is_a_sentence(tmp_path: Path, old: str, new: str, wanted: str) -> None:
    (tmp_path / "ecosystem.yaml").write_text(FILE.replace("TUNE", "lora").replace(old, new))
    assert any(wanted in line for line in said_of(tmp_path)), said_of(tmp_path)
