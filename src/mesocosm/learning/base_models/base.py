"""Find a base by its name: one that comes with Mesocosm, a folder, or a hub id; only safetensors,
never its code.

Knows folders laid out as a hub's. Knows nothing of training.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypedDict, cast

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.hashing import digest, digest_file
from mesocosm.core.messages import Message


@dataclass(frozen=True)
class Base:
    """A base on this machine: its name, folder, licence, the fingerprint of its weights, and
    whether it is causal (`writes`).
    """

    name: str
    folder: Path
    licence: str
    weights: str
    writes: bool = False


def feature_cache_path(base: Base, texts: Sequence[str], most: int, store: Path) -> Path:
    """Where the features of texts under an untouched base are cached."""
    return store / "features" / f"{digest(base.weights, most, list(texts))}.safetensors"


def is_local_base(name: str, root: Path) -> bool:
    """Whether a base comes with Mesocosm, is a folder or a GGUF file; else it is a hub id."""
    from mesocosm.learning.base_models import BASES

    return name in BASES or (root / name).is_dir() or _is_gguf(root / name)


def _is_gguf(path: Path) -> bool:
    return path.suffix == ".gguf" and path.is_file()


def locate_base(name: str, root: Path) -> tuple[Path, str]:
    """The folder and licence of a base, or the GGUF file that it is.

    Raises:
        ConfigValueError: there is no such base, or the hub cannot be reached.
    """
    from mesocosm.learning.base_models import BASES

    if name in BASES:
        return BASES[name].folder(), BASES[name].licence
    local = root / name
    if local.is_dir() or _is_gguf(local):
        return local.resolve(), "as its folder says"
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name) and not canonical_hub_id(name):
        raise ConfigValueError(
            "base",
            Message("learning.no_base", name=name),
            Message("learning.base_name"),
            sorted(BASES),
            name,
        )
    return _download(name), "as the hub's page says"


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


def canonical_hub_id(name: str) -> str | None:
    """The full id of a hub's canonical id, None for any other name.

    Source: https://huggingface.co/models (canonical models and where they were moved).

    >>> canonical_hub_id("bert-base-cased"), canonical_hub_id("minilmm")
    ('google-bert/bert-base-cased', None)
    >>> canonical_hub_id("xlm-roberta-base")
    'FacebookAI/xlm-roberta-base'
    """
    if not re.fullmatch(r"[\w.-]+", name):
        return None
    for family in sorted(OWNERS, key=len, reverse=True):
        if name == family or name.startswith(f"{family}-"):
            return f"{OWNERS[family]}/{name}"
    return None


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    patterns = ["*.json", "*.safetensors", "*.txt", "*.model"]
    full_name = canonical_hub_id(name)
    if full_name:  # a cache may hold it under either id, and is read before the hub is asked
        for cached in (name, full_name):
            try:
                return Path(
                    snapshot_download(cached, allow_patterns=patterns, local_files_only=True)
                )
            except LocalEntryNotFoundError:
                continue
    try:
        return Path(snapshot_download(full_name or name, allow_patterns=patterns, etag_timeout=5))
    except Exception as error:
        from mesocosm.learning.base_models import BASES

        raise ConfigValueError(
            "base",
            Message("learning.base_not_downloaded", name=name),
            Message("learning.base_or_network"),
            sorted(BASES),
            name,
        ) from error


def resolve(name: str, root: Path) -> Base:
    """A base, ready to load.

    Raises:
        ConfigValueError: it is not there, or its weights are not safetensors.
    """
    located, licence = locate_base(name, root)
    folder = _unpack(name, located, root)
    files = sorted(folder.glob("*.safetensors"))
    if not (folder / "config.json").is_file() or not files:
        raise ConfigValueError(
            "base",
            Message("learning.folder_without_weights", name=name),
            Message("learning.hub_folder"),
        )
    weights = _fingerprint_weights(files)
    return Base(name, folder, licence, weights, is_causal(name, folder))


def _unpack(name: str, located: Path, root: Path) -> Path:
    """The folder of a base; of a packed file or a GGUF file, alone or in a folder of its own, the
    one that it is unpacked into.
    """
    from mesocosm.learning.base_models.packed_e5 import is_packed_e5, unpack_e5

    is_file = located.is_file()
    if is_packed_e5(located) or (is_file and not _is_gguf(located)):  # it refuses what is neither
        return unpack_e5(name, located, root / ".mesocosm")
    packed = [located] if is_file else sorted(located.glob("*.gguf"))
    if len(packed) != 1 or (located / "config.json").is_file():
        return located
    from mesocosm.learning.base_models.gguf import unpack_gguf

    return unpack_gguf(name, packed[0], root / ".mesocosm")


def is_causal(name: str, folder: Path) -> bool:
    """Whether the base in a folder predicts the next word.

    Raises:
        ConfigValueError: its config.json cannot be read.
    """
    return _is_causal(_read_config(name, folder))


def _is_causal(config: BaseSettings) -> bool:
    """Whether a base predicts the next word."""
    architectures = [str(a) for a in config.get("architectures") or ()]
    return any(a.endswith(("ForCausalLM", "LMHeadModel")) for a in architectures)


def _fingerprint_weights(files: Sequence[Path]) -> str:
    """The fingerprint of a base's files of weights."""
    fingerprints = []
    for file in files:
        state = file.stat()
        fingerprints.append(_fingerprint_file(file, state.st_size, state.st_mtime_ns, state.st_ino))
    if len(fingerprints) == 1:
        return fingerprints[0]
    return digest(fingerprints)


class BaseSettings(TypedDict, total=False):
    """What is read of a base's config.json."""

    architectures: Sequence[object] | None
    auto_map: object


def _read_config(name: str, folder: Path) -> BaseSettings:
    """A base's config.json; refused where the base needs code of its own."""
    try:
        config = cast(
            BaseSettings, json.loads((folder / "config.json").read_text(encoding="utf-8"))
        )
    except ValueError as error:
        raise ConfigValueError(
            "base",
            Message("learning.config_not_json", name=name),
            Message("learning.hub_folder"),
        ) from error
    if "auto_map" in config:
        raise ConfigValueError(
            "base",
            Message("learning.base_needs_code", name=name),
            Message("learning.known_architecture"),
        )
    return config


@lru_cache(maxsize=64)
def _fingerprint_file(file: Path, size: int, changed: int, inode: int) -> str:
    """The digest of a file, read once as long as its size, its time and its place on the disk stay
    the same.
    """
    return digest_file(file)
