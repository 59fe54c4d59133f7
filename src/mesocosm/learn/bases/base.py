"""Find a base by its name: one of ours, a folder, or a hub id; only safetensors, never its code.

Knows folders laid out as a hub's. Knows nothing of training.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mesocosm.base.digest import digest, digest_file
from mesocosm.base.errors import Wrong


@dataclass(frozen=True)
class Base:
    """A base on this machine: its name, folder, licence, the print of its weights, and whether it writes (is causal)."""

    name: str
    folder: Path
    licence: str
    weights: str
    writes: bool = False


def kept_features(base: Base, texts: Sequence[str], most: int, store: Path) -> Path:
    """Where the features of texts under an untouched base are kept, once they are computed."""
    return store / "features" / f"{digest(base.weights, most, list(texts))}.safetensors"


def named(name: str, root: Path) -> bool:
    """Whether a base is one of ours, a folder or a GGUF file; anything else is a hub id."""
    from mesocosm.learn.bases import BASES

    return name in BASES or (root / name).is_dir() or _single(root / name)


def _single(path: Path) -> bool:
    return path.suffix == ".gguf" and path.is_file()


def folder_of(name: str, root: Path) -> tuple[Path, str]:
    """The folder and licence of a base, or the GGUF file that it is.

    Raises:
        Wrong: there is no such base, or the hub cannot be reached.
    """
    from mesocosm.learn.bases import BASES

    if name in BASES:
        return BASES[name].folder(), BASES[name].licence
    local = root / name
    if local.is_dir() or _single(local):
        return local.resolve(), "as its folder says"
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise Wrong("base", f"no base is named '{name}'", "a name of ours, a folder, or a hub id as owner/name", sorted(BASES), name)
    return _from_hub(name), "as the hub's page says"


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    wanted = ["*.json", "*.safetensors", "*.txt", "*.model"]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted, etag_timeout=5))
    except Exception as error:
        from mesocosm.learn.bases import BASES

        raise Wrong("base", f"'{name}' cannot be had from the hub now", "a base that is here, or a network", sorted(BASES), name) from error


def resolve(name: str, root: Path) -> Base:
    """A base, ready to load.

    Raises:
        Wrong: it is not there, or its weights are not safetensors.
    """
    folder, licence = folder_of(name, root)
    packed = [folder] if folder.is_file() else sorted(folder.glob("*.gguf"))
    if len(packed) == 1 and not (folder / "config.json").is_file():
        from mesocosm.learn.bases.gguf import unpacked

        folder = unpacked(name, packed[0], root / ".mesocosm")
    files = sorted(folder.glob("*.safetensors"))
    if not (folder / "config.json").is_file() or not files:
        raise Wrong("base", f"the folder of '{name}' holds no config.json with safetensors", "a folder laid out as a hub's")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise Wrong("base", f"the config.json of '{name}' is no JSON", "a folder laid out as a hub's") from error
    if "auto_map" in config:
        raise Wrong("base", f"'{name}' brings code of its own", "a base whose architecture transformers knows")
    writes = any(str(a).endswith(("ForCausalLM", "LMHeadModel")) for a in config.get("architectures") or ())
    return Base(name, folder, licence, digest_file(files[0]), writes)
