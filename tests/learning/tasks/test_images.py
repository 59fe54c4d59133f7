"""Images are governed, seen and served: one form without what cameras add, a net from a folder or
filters learnt here, fused with texts and table.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL, said_of
from PIL import Image

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.data.types.image import image_of
from mesocosm.learning.tasks.vision.net import PatchFilters, export_net, fit_filters
from mesocosm.learning.tasks.vision.pixels import ImageEncoder, decode_pixels

pytestmark = pytest.mark.slow


def picture(striped: bool, seed: int, size: int = 40) -> Image.Image:
    """A patch of noise, with stripes or with a blot: neither colour nor mean tells them apart."""
    draw = np.random.default_rng(seed)
    flat = draw.integers(60, 200, (size, size, 3)).astype(float)
    if striped:
        flat[(np.arange(size) + draw.integers(6)) % 6 < 3] += 50
    else:
        y, x = np.mgrid[:size, :size]
        flat[(y - size // 2) ** 2 + (x - draw.integers(10, 30)) ** 2 < size * 6] += 50
    return Image.fromarray(flat.clip(0, 255).astype(np.uint8))


def bytes_of(image: Image.Image, form: str = "PNG", **more: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **more)
    return out.getvalue()


def shown(image: Image.Image, form: str = "PNG", **more: Any) -> str:
    return base64.b64encode(bytes_of(image, form, **more)).decode()


def test_an_image_has_one_form_and_nothing_beside_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home, 52.1 N 5.1 E"
    exif[0x0112] = 6  # turned
    wide = picture(True, 1, 80).crop((0, 0, 80, 40))
    told = image_of(shown(wide, "JPEG", exif=exif), "32")
    assert told is not None and b"taken at home" not in base64.b64decode(told)
    with Image.open(io.BytesIO(base64.b64decode(told))) as made:
        assert made.size == (16, 32) and made.mode == "RGB" and not made.getexif()
    assert image_of(told, "32") == told == image_of("data:image/png;base64," + told, "32")
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.png").write_bytes(bytes_of(wide))
    (tmp_path / "in" / "a.png").write_bytes(bytes_of(wide))
    assert image_of("a.png", "32", tmp_path / "in") == image_of(shown(wide), "32")
    assert (
        image_of("../secret.png", "32", tmp_path / "in") is None and image_of("a.png", "32") is None
    )
    small = shown(Image.new("RGB", (8, 8), (10, 200, 30)).resize((9, 9)))
    long = shown(
        Image.fromarray(np.random.default_rng(0).integers(0, 9, (10, 10, 3), dtype=np.uint8))
    )
    assert (
        255 < len(long) < 1000
        and image_of(long, "32", tmp_path) == image_of(long, "32")
        and image_of(small, "32", tmp_path)
    )
    clear = Image.new("RGBA", (10, 10), (200, 0, 0, 0))
    with Image.open(io.BytesIO(base64.b64decode(image_of(shown(clear), "16") or ""))) as made:
        assert made.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "hello",
        "data:image/png,abc",
        "AAAA",
        base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 50).decode(),
        shown(picture(True, 1))[:400],
        "x\0y",
        "a" * 2000,
    ],
)
def test_what_is_no_image_is_none(bad: str, tmp_path: Path) -> None:
    assert image_of(bad, "32") is None and image_of(bad, "32", tmp_path) is None


def test_a_picture_of_too_many_pixels_is_not_opened() -> None:
    huge = bytearray(bytes_of(Image.new("L", (8, 8))))
    huge[16:24] = (60_000).to_bytes(4, "big") * 2
    assert image_of(base64.b64encode(bytes(huge)).decode(), "32") is None


def test_filters_learnt_here_tell_shapes_and_the_graph_sees_what_they_see(tmp_path: Path) -> None:
    values = [image_of(shown(picture(i % 2 == 0, i)), "40") or "" for i in range(80)]
    net, how = fit_filters(values, 7)
    export_net(net, how, tmp_path)

    def open_session(path: Path) -> Any:
        import onnxruntime

        return onnxruntime.InferenceSession(str(path))

    eye = ImageEncoder(tmp_path, how, open_session)
    found = eye.features([*values, None])
    import torch

    with torch.inference_mode():
        mine = net(
            torch.from_numpy(decode_pixels(values, how["side"], how["mean"], how["sd"]))
        ).numpy()
    assert (
        np.abs(found[:80] - mine).max() < 1e-4 and not found[80].any() and found.shape == (81, 512)
    )
    assert np.array_equal(
        fit_filters(values, 7)[0].look.weight.detach().numpy(), net.look.weight.detach().numpy()
    )
    assert isinstance(net, PatchFilters)
    from sklearn.linear_model import LogisticRegression

    told = LogisticRegression(max_iter=500).fit(found[:50], [i % 2 for i in range(50)])
    assert told.score(found[50:80], [i % 2 for i in range(50, 80)]) > 0.85


SEEN = (
    SMALL.replace("      amount:", "      photo: {type: image, size: 40}\n      amount:")
    .replace("features: [text, amount]", "features: [text, amount, photo]")
    .replace(
        "fine_tune: {method: frozen, head: kernel}", "fine_tune: {method: frozen, head: linear}"
    )
)


def gallery(home: Path, rows: int = 90) -> None:
    """Texts that say nothing, and photos that tell the label; one in twelve has no photo."""
    (home / "photos").mkdir()
    lines = ["id,text,amount,label,photo"]
    for i in range(rows):
        good = i % 2 == 0
        (home / "photos" / f"{i}.png").write_bytes(bytes_of(picture(good, i)))
        lines.append(
            f"{i},ticket {i * 37 % 91},{100 + i * 31 % 50}"
            f" EUR,{'Yes please' if good else 'no thanks'},{'' if i % 12 == 5 else f'photos/{i}.png'}"
        )
    (home / "notes.csv").write_text("\n".join(lines) + "\n")


def test_photos_are_built_on_served_and_left_out_of_the_log(
    pond: Path, cli: Callable[..., Any]
) -> None:
    gallery(pond)
    file = pond / "ecosystem.yaml"
    file.write_text(SEEN)
    done = cli("build", "-f", str(file))
    assert done.returncode == 0 and "filters fitted on the training images" in " ".join(
        done.stderr.split()
    ), done.stdout + done.stderr
    eco = open_ecosystem(pond)
    version = eco.catalog.versions("judge")[-1]
    assert (
        version["metrics"]["accuracy"] > 0.8
        and version["metrics"]["baselines"]["majority"]["accuracy"] < 0.7
    )  # texts and table alone tell nothing
    alone = {name: told["accuracy"] for name, told in version["metrics"]["beside"].items()}
    assert set(alone) == {"text alone", "images alone", "table alone"} and alone[
        "images alone"
    ] > 0.8 > max(alone["text alone"], alone["table alone"]), alone
    (pond / "new.jpg").write_bytes(bytes_of(picture(True, 1234), "JPEG", quality=95))
    said = cli(
        "predict",
        "desk",
        "--input",
        '{"text": "ticket 5", "amount": "120 EUR", "photo": "@new.jpg"}',
        "-f",
        str(file),
        "--json",
    )
    out = json.loads(said.stdout)
    assert out["label"] == "yes please", said.stdout + said.stderr
    logged = eco.catalog.prediction(out["id"])
    assert (
        logged is not None
        and logged["input"]["raw"]["photo"].startswith("(an image of ")
        and logged["input"]["clean"]["photo"]
    )
    none = json.loads(
        cli(
            "predict",
            "desk",
            "--input",
            '{"text": "ticket 5", "amount": "120 EUR", "photo": null}',
            "-f",
            str(file),
            "--json",
        ).stdout
    )
    assert none["label"] in ("yes please", "no thanks")
    path = cli(
        "predict",
        "desk",
        "--input",
        '{"text": "ticket 5", "amount": "120 EUR", "photo": "photos/3.png"}',
        "-f",
        str(file),
    )
    assert path.returncode != 0 and "not an image" in " ".join(
        (path.stdout + path.stderr).split()
    )  # a request names no file
    told = json.loads(cli("explain", out["id"], "-f", str(file), "--json").stdout)
    assert abs(told["inputs"]["photo"]["share"]) > abs(told["inputs"]["amount"]["share"])
    assert (
        "iVBOR" not in cli("report", "mail", "-f", str(file)).stdout
    )  # no image's text in a report


def small_vit(folder: Path) -> None:
    """A ViT of 2 layers, trained here on other pictures of the same kinds."""
    import torch
    from transformers import ViTConfig, ViTModel

    torch.manual_seed(0)
    net = ViTModel(
        ViTConfig(
            hidden_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=96,
            image_size=40,
            patch_size=8,
        ),
        add_pooling_layer=False,
    )
    head = torch.nn.Linear(48, 2)
    x = torch.from_numpy(
        decode_pixels(
            [shown(picture(i % 2 == 0, 5000 + i)) for i in range(256)], 40, [0.5] * 3, [0.25] * 3
        )
    )
    y = torch.arange(256) % 2
    optimiser = torch.optim.AdamW([*net.parameters(), *head.parameters()], lr=2e-3)
    for step in range(60):
        pick = torch.randperm(256)[:64]
        loss = torch.nn.functional.cross_entropy(
            head(net(pixel_values=x[pick]).last_hidden_state.mean(1)), y[pick]
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step > 20 and float(loss.detach()) < 0.02:
            break
    net.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        json.dumps(
            {"size": {"height": 40, "width": 40}, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
        )
    )


def test_a_base_that_sees_is_taken_from_a_folder_and_fused(pond: Path) -> None:
    gallery(pond)
    small_vit(pond / "vit")
    (pond / "ecosystem.yaml").write_text(
        SEEN.replace("base: minilm", "base: minilm, image_base: vit, fusion: attention").replace(
            "fine_tune: {method: frozen, head: linear}", "seed: 3"
        )
    )
    eco, said = open_ecosystem(pond), list[str]()
    assert not eco.build(say=lambda address, text: said.append(text)).failed
    assert any("images with vit: 48 features each" in s for s in said)
    version = eco.catalog.versions("judge")[-1]
    assert version["metrics"]["accuracy"] > 0.85 and version["recipe"]["sight"].startswith(
        "../../../trunks/"
    )
    assert {c.sign for c in eco.plan()} == {"="}


def test_what_cannot_see_is_said(pond: Path) -> None:
    for old, new, wanted in (
        (
            "fine_tune: {method: frozen, head: linear}",
            "fine_tune: lora",
            "images are read by filters trained on them",
        ),
        (
            "features: [text, amount, photo]",
            "features: [text], image_base: minilm",
            "no input is an image",
        ),
    ):
        (pond / "ecosystem.yaml").write_text(SEEN.replace(old, new))
        assert any(wanted in line for line in said_of(pond))
    gallery(pond, 40)
    (pond / "ecosystem.yaml").write_text(
        SEEN.replace("base: minilm", "base: minilm, image_base: minilm")
    )
    eco = open_ecosystem(pond)
    (fault,) = eco.build().failed
    assert "'minilm' is not an image base" in fault.text()
