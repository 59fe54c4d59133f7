"""A base that sees, moved to other pictures: scikit-learn's digits (pencil, 1,797 scans). A ViT of
three layers learns 0 to 4; 5 to 9 are learnt from few rows.

The peer is Transformers' Trainer on the same base, rows and epochs (AdamW 1e-3, batches of 16,
linear decay), judged on the same test rows; both train on all others.
"""

from __future__ import annotations

import base64
import io
import json
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from parts import size, some

Line = tuple[str, float, str, bool]
SEEDS = some((1, 2, 3), 1)
SIDE, EPOCHS, ROWS = 16, size(30, 2), size(240, 60)
FILE = """grammar: 2
ecosystem: post
sources: {scans: {type: csv, path: scans.csv}}
datasets:
  digits:
    from: scans
    key: id
    fields: {id: {type: integer}, scan: {type: image, size: 16}, digit: {type: category, values: ["5", "6", "7", "8", "9"]}}
    split: {test: 0.5, validation: 0, seed: SEED}
models:
  frozen: {dataset: digits, target: digit, features: [scan], image_base: vit, track: [], seed: SEED, fine_tune: frozen}
  tuned: {dataset: digits, target: digit, features: [scan], image_base: vit, track: [], seed: SEED, fine_tune: {method: full, epochs: EPOCHS, patience: EPOCHS, batch: 16, learning_rate: 1e-3, augment: [crop, rotate, brightness]}}
"""


def scan(values: Any) -> str:
    """One scan as a PNG in base64."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray((255 - values * 15.9).astype(np.uint8)).resize(
        (SIDE, SIDE), Image.Resampling.BILINEAR
    ).convert("RGB").save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def base_of(folder: Path, scans: list[str], y: Any) -> None:
    """Write a ViT that learnt these scans, laid out as a hub's folder."""
    import torch
    from transformers import ViTConfig, ViTModel

    from mesocosm.learning.tasks.vision.pixels import decode_pixels

    torch.manual_seed(0)
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
        torch.from_numpy(decode_pixels(scans, SIDE, [0.5] * 3, [0.5] * 3)),
        torch.from_numpy(y),
    )
    optimiser = torch.optim.AdamW([*net.parameters(), *head.parameters()], lr=1e-3)
    for _ in range(size(12, 2)):
        for batch in torch.randperm(len(y)).split(64):
            loss = torch.nn.functional.cross_entropy(
                head(net(pixel_values=x[batch]).last_hidden_state.mean(1)), target[batch]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
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


def trainer(base: Path, scans: list[str], y: Any, part: list[str], seed: int) -> float:
    """Accuracy of Transformers' Trainer on the test rows."""
    import torch
    from transformers import Trainer, TrainingArguments, ViTForImageClassification

    from mesocosm.learning.tasks.vision.pixels import decode_pixels

    x = decode_pixels(scans, SIDE, [0.5] * 3, [0.5] * 3)
    train, test = (
        [i for i, p in enumerate(part) if p in some]
        for some in (("train", "validation"), ("test",))
    )
    torch.manual_seed(seed)
    net = ViTForImageClassification.from_pretrained(base, num_labels=5, use_safetensors=True)
    rows: Any = [{"pixel_values": torch.from_numpy(x[i]), "labels": int(y[i]) - 5} for i in train]
    with tempfile.TemporaryDirectory() as out:
        asked = TrainingArguments(
            out,
            num_train_epochs=EPOCHS,
            per_device_train_batch_size=16,
            learning_rate=1e-3,
            seed=seed,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            logging_strategy="no",
            use_cpu=True,
        )
        Trainer(net, asked, train_dataset=rows).train()
    with torch.inference_mode():
        said = net.eval()(pixel_values=torch.from_numpy(x[test])).logits.argmax(1).numpy() + 5
    return float((said == y[test]).mean())


def sight() -> list[Line]:
    """Accuracy on held-out digits: ours tuned and as it is, and the peer's; medians of three
    seeds.
    """
    from sklearn.datasets import load_digits

    from mesocosm.api.ecosystem import open_ecosystem
    from mesocosm.lifecycle.access.data_access import read_columns

    found = load_digits()
    scans, y = [scan(p) for p in found.images], found.target
    told: dict[str, list[float]] = {"frozen": [], "tuned": [], "Trainer": []}
    took: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        base_of(Path(folder) / "vit", [scans[i] for i in np.flatnonzero(y < 5)], y[y < 5])
        pick = np.flatnonzero(y >= 5)
        for seed in SEEDS:
            home = Path(folder) / str(seed)
            home.mkdir()
            (home / "vit").symlink_to(Path(folder) / "vit")
            some = np.sort(np.random.default_rng(seed).permutation(pick)[:ROWS])
            (home / "scans.csv").write_text(
                "\n".join(["id,scan,digit", *(f"{i},{scans[i]},{y[i]}" for i in some)]) + "\n"
            )
            (home / "ecosystem.yaml").write_text(
                FILE.replace("SEED", str(seed)).replace("EPOCHS", str(EPOCHS))
            )
            eco = open_ecosystem(home)
            assert not eco.build().failed
            for name in ("frozen", "tuned"):
                told[name].append(eco.catalog.versions(name)[-1]["metrics"]["accuracy"])
            rows, part = read_columns(eco.spec, eco.catalog.snapshot(dataset="digits"), ["id"])
            ids = [int(i) for i in rows["id"]]
            began = time.process_time()
            told["Trainer"].append(
                trainer(home / "vit", [scans[i] for i in ids], y[ids], part, seed)
            )
            took.append(
                (
                    eco.catalog.versions("tuned")[-1]["metrics"]["price"]["took"]["phases"][
                        "tuning"
                    ],
                    time.process_time() - began,
                )
            )
    mid = {k: median(v) for k, v in told.items()}
    print(
        f"  digits 5 to 9 from {ROWS // 2} rows: "
        + ", ".join(f"{k} {m:.3f} {[round(x, 3) for x in told[k]]}" for k, m in mid.items())
        + f"; tuning with its export {median(t[0] for t in took):.0f} s, Trainer"
        f" {median(t[1] for t in took):.0f} CPU s"
    )
    return [
        (
            "digits: accuracy tuned less the base as it is",
            mid["tuned"] - mid["frozen"],
            ">= 0.15",
            mid["tuned"] - mid["frozen"] >= 0.15,
        ),
        (
            "digits: accuracy less Trainer's",
            mid["tuned"] - mid["Trainer"],
            ">= 0",
            mid["tuned"] >= mid["Trainer"],
        ),
    ]


if __name__ == "__main__":
    for name, figure, target, met in sight():
        print(f"{name}  {figure:.4f}  {target}  {'met' if met else 'missed'}")
