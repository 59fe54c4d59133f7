"""Build the wheel, install it in a fresh environment elsewhere, and try it: `make release`.

The wheel is in `dist/` where all steps pass; nothing is uploaded.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def call(*words: str | Path, cwd: Path = ROOT) -> str:
    """Run a command and return what it prints; end with its output where it fails."""
    print("+", *words, flush=True)
    done = subprocess.run([str(w) for w in words], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}\n{done.stderr}\nfailed: {' '.join(map(str, words))}")
    return done.stdout


def main() -> None:
    """The steps of a release, up to the wheel."""
    dist = ROOT / "dist"
    for old in dist.glob("mesocosm-*.whl"):
        old.unlink()
    call(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", dist, ROOT)
    (wheel,) = dist.glob("mesocosm-*.whl")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        call(sys.executable, "-m", "venv", home / "venv")
        binaries = home / "venv" / "bin"
        pins = ROOT / "constraints.txt"
        call(binaries / "pip", "install", "-q", "-c", pins, f"{wheel}[all]", cwd=home)
        mesocosm = binaries / "mesocosm"
        version = call(mesocosm, "--version", cwd=home).strip()
        if f"-{version}-" not in wheel.name:
            sys.exit(f"the command says {version}, the wheel is {wheel.name}")
        call(mesocosm, "init", "demo", "--template", "bank", cwd=home)
        call(mesocosm, "build", "-f", "demo", cwd=home)
        call(mesocosm, "doctor", "-f", "demo", cwd=home)
        answer = json.loads(
            call(mesocosm, "ask", "help-desk", "I lost my card", "-f", "demo", "--json", cwd=home)
        )
        print("help-desk:", answer["answer"])
    print(f"{wheel.relative_to(ROOT)} is built, installed and tried")


if __name__ == "__main__":
    main()
