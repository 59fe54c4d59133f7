"""A small base for tests of training: the first two layers of minilm with its most frequent words,
laid out as a hub's folder.

What is trained, exported and served is the same code as with minilm; its file has 28 MB, minilm's
91 MB.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

LAYERS, WORDS = 2, 8000
NAME = f"mesocosm-little-base-{os.getuid()}-{LAYERS}-{WORDS}"


def little_base() -> Path:
    """The folder of the small base; it is made where it is not there yet."""
    folder = Path(tempfile.gettempdir()) / NAME
    if not (folder / "config.json").is_file():
        aside = Path(tempfile.mkdtemp(prefix=NAME))
        _write(aside)
        try:
            aside.rename(folder)
        except OSError:  # another process was quicker
            shutil.rmtree(aside)
    return folder


def _write(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    from mesocosm.learning.base_models import resolve

    whole = resolve("minilm", Path("."))
    weights = {
        k: v
        for k, v in load_file(whole.folder / "model.safetensors").items()
        if "layer." not in k or int(k.split("layer.")[1].split(".")[0]) < LAYERS
    }
    weights["embeddings.word_embeddings.weight"] = weights["embeddings.word_embeddings.weight"][
        :WORDS
    ].copy()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer = json.loads((whole.folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["model"]["vocab"] = {
        word: number for word, number in tokenizer["model"]["vocab"].items() if number < WORDS
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(whole.folder / name, folder / name)
    config = json.loads((whole.folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(
        json.dumps(config | {"num_hidden_layers": LAYERS, "vocab_size": WORDS}), encoding="utf-8"
    )
