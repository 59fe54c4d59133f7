"""The image of `mesocosm export docker`, built and run for real: buildah over a base made by
debootstrap, both Debian's (`apt-get install buildah debootstrap crun`).

    BUILD_ARGS="-v /etc/pip.conf:/etc/pip.conf:ro"      words for `buildah bud`, where pip needs
    them to reach its packages

`make bench-image`, as root. What a container may do is not tried: without a runtime of its own the
image runs in a changed root (chroot).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
Line = tuple[str, float, str, bool]
BASE, IMAGE, USER, PORT = (
    "localhost/mesocosm-base:bookworm",
    "localhost/mesocosm-bank:bench",
    10001,
    8799,
)
ENV = os.environ | {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}
ASKED = {"sentence": "I lost my card, what now?"}


def buildah(*words: str, check: bool = True, **more: Any) -> str:
    """What buildah says."""
    return (
        subprocess.run(
            ["buildah", *words],
            check=check,
            env=ENV,
            text=True,
            **({"stdout": subprocess.PIPE} | more),
        ).stdout
        or ""
    )


def based(folder: Path) -> None:
    """A Debian with Python as an image, once."""
    if BASE in buildah("images", "--format", "{{.Name}}:{{.Tag}}"):
        return
    subprocess.run(
        [
            "debootstrap",
            "--variant=minbase",
            "--include=python3,python3-venv,ca-certificates",
            "bookworm",
            str(folder / "root"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (folder / "root" / "usr" / "bin" / "python").symlink_to("python3")
    for cached in (folder / "root" / "var" / "cache" / "apt" / "archives").glob("*.deb"):
        cached.unlink()
    made = buildah("from", "scratch").strip()
    buildah("add", "-q", made, str(folder / "root"), "/")
    buildah("commit", "-q", "--rm", made, BASE)


def image() -> list[Line]:
    """Its lines."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        based(folder)
        home = folder / "bank"
        shutil.copytree(
            ROOT / "examples" / "bank", home, ignore=shutil.ignore_patterns(".mesocosm")
        )
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(home), str(ROOT)],
            check=True,
        )
        (wheel,) = home.glob("*.whl")
        export = [
            sys.executable,
            "-m",
            "mesocosm",
            "export",
            "docker",
            str(home),
            "-f",
            str(home),
            "--set",
            f"base={BASE}",
            "--set",
            f"wheel={wheel.name}",
        ]
        subprocess.run(export, check=True, stdout=subprocess.DEVNULL)
        began = time.time()
        with (folder / "build.log").open("w") as log:
            buildah(
                "bud",
                "--format",
                "docker",
                "--network",
                "host",
                *shlex.split(os.environ.get("BUILD_ARGS", "")),
                "-t",
                IMAGE,
                str(home),
                stdout=log,
                stderr=log,
            )
        took, size = time.time() - began, buildah("images", "--format", "{{.Size}}", IMAGE).strip()
        print(f"  built in {took:.0f} s, {size}")
        (folder / "store").mkdir()
        (folder / "tmp").mkdir()
        for volume in ("store", "tmp"):
            os.chown(folder / volume, USER, USER)
        inside = buildah("from", IMAGE).strip()
        try:
            return ran(folder, home, inside)
        finally:
            buildah("rm", inside, check=False)


def ran(folder: Path, home: Path, inside: str) -> list[Line]:
    """The lines of what the image does when it runs."""
    volumes = ["-v", f"{folder}/store:/project/.mesocosm", "-v", f"{folder}/tmp:/tmp"]
    began, ready, says = time.time(), float("inf"), ""
    log = folder / "up.log"
    with log.open("w") as told:
        words = [
            "buildah",
            "run",
            "--network",
            "host",
            *volumes,
            inside,
            "--",
            "mesocosm",
            "up",
            "--host",
            "127.0.0.1",
            "--port",
            str(PORT),
        ]
        up = subprocess.Popen(words, stdout=told, stderr=told, env=ENV)
    while up.poll() is None and time.time() - began < 600:
        found = re.search(r"\?token=(\S+)", log.read_text())
        if found:
            with (
                contextlib.suppress(httpx.TransportError),
                httpx.Client(
                    base_url=f"http://127.0.0.1:{PORT}",
                    headers={"Authorization": f"Bearer {found[1]}"},
                    timeout=30,
                ) as http,
            ):
                if http.get("/readyz").status_code == 200:
                    ready = time.time() - began
                    says = http.post("/v1/services/help-desk/predict", json=ASKED).text
                    break
        time.sleep(0.5)
    if not says:
        up.kill()
        print(log.read_text()[-2000:])
        return [("image: seconds until it serves, from nothing", ready, "<= 180", False)]
    asked = json.loads(buildah("inspect", "--type", "image", IMAGE))["Docker"]["config"][
        "Healthcheck"
    ]["Test"][1:]
    healthy = (
        subprocess.run(
            [asked[0], *(w.replace("8765", str(PORT)) for w in asked[1:])], check=False
        ).returncode
        == 0
    )
    runs = {
        int(p.name): p.stat().st_uid
        for p in Path("/proc").glob("[0-9]*")
        if (p / "cmdline").read_bytes().startswith(b"/venv/bin/python")
    }
    owners = set(runs.values())
    where = buildah("mount", inside).strip()
    wrote = subprocess.run(
        ["find", where, "-xdev", "-newermt", f"@{began}", "-type", "f", "-user", str(USER)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.split()
    frozen = buildah("run", *volumes, inside, "--", "/venv/bin/pip", "freeze", "--all")
    there = dict(
        line.lower().replace("_", "-").split("==") for line in frozen.splitlines() if "==" in line
    )
    pins = dict(
        line.lower().replace("_", "-").split("==")
        for line in (home / "pins.txt").read_text().splitlines()
    )
    other = sorted(n for n, v in pins.items() if n in there and there[n].split("+")[0] != v)
    asked_at = time.time()
    os.kill(min(runs), signal.SIGTERM)  # the first of its processes, as a runtime does
    up.wait(60)
    stopped = time.time() - asked_at
    print(
        f"  users {owners}, written outside the volumes: {wrote[:3]}, versions besides the pins:"
        f" {other[:5]}"
    )
    answered = '"label"' in says
    return [
        ("image: seconds until it serves, from nothing", ready, "<= 180", ready <= 180),
        ("image: a request is answered", float(answered), ">= 1", answered),
        ("image: its health check holds", float(healthy), ">= 1", healthy),
        ("image: processes of another user", float(len(owners - {USER})), "<= 0", owners == {USER}),
        ("image: files written outside its volumes", float(len(wrote)), "<= 0", not wrote),
        ("image: versions that are not as pinned", float(len(other)), "<= 0", not other),
        ("image: seconds until it has stopped when asked", stopped, "<= 10", stopped <= 10),
    ]


if __name__ == "__main__":
    missing = [tool for tool in ("buildah", "debootstrap") if not shutil.which(tool)]
    if missing or os.geteuid():
        print(f"the image cannot be built here: {', '.join(missing) or 'root'} is missing")
        sys.exit(1)
    lines = image()
    for line in lines:
        print(f"{line[0]}  {line[1]:.4f}  {line[2]}  {'met' if line[3] else 'missed'}")
    sys.exit(0 if all(line[3] for line in lines) else 1)
