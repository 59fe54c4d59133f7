"""Find a base by its name: one of ours, a folder, or a hub id; only safetensors, never its code.

Knows folders laid out as a hub's. Knows nothing of training.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mesocosm.core.errors import Wrong
from mesocosm.core.hashing import digest, digest_file


@dataclass(frozen=True)
class Base:
    """A base on this machine: its name, folder, licence, the print of its weights, and whether it
    writes (is causal).
    """

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
    from mesocosm.learning.base_models import BASES

    return name in BASES or (root / name).is_dir() or _single(root / name)


def _single(path: Path) -> bool:
    return path.suffix == ".gguf" and path.is_file()


def folder_of(name: str, root: Path) -> tuple[Path, str]:
    """The folder and licence of a base, or the GGUF file that it is.

    Raises:
        Wrong: there is no such base, or the hub cannot be reached.
    """
    from mesocosm.learning.base_models import BASES

    if name in BASES:
        return BASES[name].folder(), BASES[name].licence
    local = root / name
    if local.is_dir() or _single(local):
        return local.resolve(), "as its folder says"
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name) and not canonical(name):
        raise Wrong(
            "base",
            f"no base is named '{name}'",
            "a name of ours, a folder, or a hub id as owner/name",
            sorted(BASES),
            name,
        )
    return _from_hub(name), "as the hub's page says"


# of the hub's canonical ids, which have no owner, the organisation that they were moved to
OWNERS = {
    "bert": "google-bert",
    "gpt2": "openai-community",
    "openai-gpt": "openai-community",
    "distilbert": "distilbert",
    "distilgpt2": "distilbert",
    "distilroberta": "distilbert",
    "roberta": "FacebookAI",
    "xlm-roberta": "FacebookAI",
    "xlm": "FacebookAI",
    "albert": "albert",
    "t5": "google-t5",
    "xlnet": "xlnet",
    "camembert": "almanach",
    "ctrl": "Salesforce",
    "transfo-xl": "transfo-xl",
}


def canonical(name: str) -> str | None:
    """The full id of a hub's canonical id, None for any other name.

    Source: https://huggingface.co/models (canonical models and where they were moved).

    >>> canonical("bert-base-cased"), canonical("xlm-roberta-base"), canonical("minilmm")
    ('google-bert/bert-base-cased', 'FacebookAI/xlm-roberta-base', None)
    """
    family = next(
        (f for f in sorted(OWNERS, key=len, reverse=True) if name == f or name.startswith(f"{f}-")),
        None,
    )
    return f"{OWNERS[family]}/{name}" if family and re.fullmatch(r"[\w.-]+", name) else None


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    wanted = ["*.json", "*.safetensors", "*.txt", "*.model"]
    whole = canonical(name)
    if (
        whole
    ):  # a cache may hold it under either id; what is cached is taken before the hub is asked
        for one in (name, whole):
            try:
                return Path(snapshot_download(one, allow_patterns=wanted, local_files_only=True))
            except Exception:
                continue
    try:
        return Path(snapshot_download(whole or name, allow_patterns=wanted, etag_timeout=5))
    except Exception as error:
        from mesocosm.learning.base_models import BASES

        raise Wrong(
            "base",
            f"'{name}' cannot be had from the hub now",
            "a base that is here, or a network",
            sorted(BASES),
            name,
        ) from error


def resolve(name: str, root: Path) -> Base:
    """A base, ready to load.

    Raises:
        Wrong: it is not there, or its weights are not safetensors.
    """
    folder, licence = folder_of(name, root)
    packed = [folder] if folder.is_file() else sorted(folder.glob("*.gguf"))
    if len(packed) == 1 and not (folder / "config.json").is_file():
        from mesocosm.learning.base_models.gguf import unpacked

        folder = unpacked(name, packed[0], root / ".mesocosm")
    files = sorted(folder.glob("*.safetensors"))
    if not (folder / "config.json").is_file() or not files:
        raise Wrong(
            "base",
            f"the folder of '{name}' holds no config.json with safetensors",
            "a folder laid out as a hub's",
        )
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise Wrong(
            "base", f"the config.json of '{name}' is no JSON", "a folder laid out as a hub's"
        ) from error
    if "auto_map" in config:
        raise Wrong(
            "base",
            f"'{name}' brings code of its own",
            "a base whose architecture transformers knows",
        )
    writes = any(
        str(a).endswith(("ForCausalLM", "LMHeadModel")) for a in config.get("architectures") or ()
    )
    prints = [
        _print_of(file, (state := file.stat()).st_size, state.st_mtime_ns, state.st_ino)
        for file in files
    ]
    return Base(name, folder, licence, prints[0] if len(prints) == 1 else digest(prints), writes)


@lru_cache(maxsize=64)
def _print_of(file: Path, size: int, changed: int, inode: int) -> str:
    """The digest of a file, read once as long as its size, its time and its place on the disk stay
    the same.
    """
    return digest_file(file)
