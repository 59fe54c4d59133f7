"""How fast a service answers, beside other servers of the same int8 classifier, all in one run on
the same two cores. Called by `operate.py`.

wrk sends five messages in turn, each with a running number, so that no server gains from equal
texts (ours runs those once). Every server runs with one process of two threads and with two of one
thread, and what it does better with counts; the naive batcher and the bare model are one process.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from parts import SMALL, size, some

Line = tuple[str, float, str, bool]
HERE = Path(__file__).parent
VENV = HERE.parent / ".venv-peers"
FIVE = (
    "I lost my card and someone is using it, what should I do now?",
    "How do I raise the limit of my credit card for a trip abroad?",
    "My transfer from last Friday has still not arrived",
    "Can I open a joint account with my wife online?",
    "Why was I charged a fee for taking cash out",
)
SECONDS = size(10, 1)
WARM = size(3, 1)
MANY = size(64, 4)  # connections
ROWS, ONES = size(2560, 64), size(300, 10)  # of the model alone: in batches, and one by one
ONE, TWO = (
    "runtime: {type: onnx, precision: int8}",
    "runtime: {type: onnx, precision: int8, workers: 2, threads: 1}",
)


def tools() -> None:
    """wrk from Debian, and the peers in a virtual environment of their own (at the smallest size,
    only where they are there).
    """
    if not shutil.which("wrk"):
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "wrk"], check=True, stdout=subprocess.DEVNULL
        )
    if not SMALL and not (VENV / ".ready").exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        for name in (
            "litserve",
            "bentoml",
            "ray[serve]",
            "onnxruntime tokenizers numpy fastapi uvicorn",
        ):
            subprocess.run(
                [str(VENV / "bin" / "pip"), "install", "-q", "--no-compile", *name.split()],
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        (VENV / ".ready").touch()


def built() -> Path:
    """The bank's desk for messages, its model served in int8."""
    from mesocosm.api.ecosystem import open_ecosystem
    from mesocosm.lifecycle.apply import apply

    home = Path(tempfile.mkdtemp(prefix="serving-")) / "bank"
    shutil.copytree(
        HERE.parent / "examples" / "bank", home, ignore=shutil.ignore_patterns(".mesocosm")
    )
    path = home / "ecosystem.yaml"
    path.write_text(
        path.read_text().replace("    model: intent\n", f"    model: intent\n    {ONE}\n")
    )
    if SMALL:  # a part of the sentences of each intent
        file = home / "data" / "sentences.csv"
        head, *rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join([head, *rows[::3]]), encoding="utf-8")
    eco = open_ecosystem(home)
    others = (".risk", ".credit-desk", "datasets.credit")
    wanted = [c for c in eco.plan() if not c.address.endswith(others)]
    if failed := apply(eco.spec, eco.catalog, wanted, lambda address, text: None).failed:
        raise RuntimeError(f"the bank's desk for messages could not be built: {failed[0]}")
    lay_out(eco, home, "help-desk")
    return home


def lay_out(eco: Any, home: Path, service: str) -> None:
    """The graphs, the tokenizer and the labels of what a service runs, for servers that know
    nothing of Mesocosm, in `model`.
    """
    version = eco.catalog.version(eco.catalog.deployment(service)["version"])
    folder = home / ".mesocosm" / version["path"]
    card = json.loads((folder / "card.json").read_text())
    model = home / "model"
    model.mkdir()
    trunk = (folder / card["trunk"]).resolve()
    for file in trunk.iterdir():
        if file.suffix != ".onnx" or "int8" in file.name:
            shutil.copy(file, model / file.name)
    shutil.copy(folder / "head.onnx", model / "head.onnx")
    (model / "labels.json").write_text(json.dumps(card["labels"]))


def script(folder: Path, token: str, many: bool) -> Path:
    """What wrk sends; BentoML's batches want each text as a list of one."""
    listed = ",".join(json.dumps(m, ensure_ascii=False) for m in FIVE)
    path = folder / f"five{'-many' if many else ''}.lua"
    left, right = ("[", "]") if many else ("", "")
    path.write_text(
        'wrk.method="POST"\nwrk.headers["Content-Type"]="application/json"\nwrk.headers["Authorization"]="Bearer'
        f' {token}"\nlocal m={{{listed}}}\nlocal i=0\n'
        'request=function() i=i+1; return wrk.format(nil,nil,nil,\'{"sentence":'
        f"{left}\"'..m[i%5+1]..' '..(i%9973)..'\"{right}"
        "}') end\n",
        encoding="utf-8",
    )
    return path


def load(url: str, lua: Path, connections: int, seconds: int = SECONDS) -> dict[str, float]:
    """Requests a second, p50 and p99 in milliseconds, and how many failed."""
    words = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}",
        "--timeout",
        "20",
        "--latency",
        "-s",
        str(lua),
        url,
    ]
    text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = {"rate": 0.0, "p50": 0.0, "p99": 0.0, "failed": 0.0}
    for line in text.splitlines():
        words = line.split()
        if line.strip().startswith(("50%", "99%")):
            found["p50" if words[0] == "50%" else "p99"] = _ms(words[1])
        elif "Requests/sec" in line:
            found["rate"] = float(words[1])
        elif "Non-2xx" in line:
            found["failed"] += float(words[-1])
        elif "Socket errors" in line:
            found["failed"] += sum(float(w.strip(",")) for w in words if w.strip(",").isdigit())
    return found


def _ms(text: str) -> float:
    return (
        float(text.removesuffix("us")) / 1000
        if text.endswith("us")
        else (
            float(text.removesuffix("ms"))
            if text.endswith("ms")
            else float(text.removesuffix("s")) * 1000
        )
    )


@contextmanager
def running(words: list[str], url: str, env: dict[str, str], many: bool = False) -> Iterator[str]:
    """A server while the block runs."""
    process = subprocess.Popen(
        words,
        env=dict(os.environ, **env),
        cwd=HERE / "peers",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until = time.time() + 60
        while time.time() < until:
            try:
                answer = httpx.post(
                    url,
                    json={"sentence": ["hello"] if many else "hello"},
                    headers={"Authorization": "Bearer bench"},
                    timeout=20,
                )
                if answer.status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            if process.poll() is not None:
                raise RuntimeError(f"{words} ended")
            time.sleep(0.3)
        else:
            raise RuntimeError(f"{words} did not come up")
        yield url
    finally:
        os.killpg(process.pid, 15)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)


def bare(home: Path) -> tuple[float, float]:
    """Rows a second of the model alone over rows sorted by length in batches of 64, and
    milliseconds of one row.
    """
    code = (
        "import sys,time;sys.path.insert(0,'.');from classifier import Classifier;c=Classifier()\n"
        f"m={FIVE!r};t=[f'{{m[i%5]}} {{i}}' for i in range({ROWS})]\n"
        "s=sorted(t,key=lambda"
        " x:len(c.tokens.encode(x).ids));c.predict(s[:64]);b=time.perf_counter()\n"
        f"for i in range(0,{ROWS},64): c.predict(s[i:i+64])\n"
        f"r={ROWS}/(time.perf_counter()-b);o=[]\n"
        f"for x in t[:{ONES}]:\n"
        " b=time.perf_counter();c.predict([x]);o.append(time.perf_counter()-b)\n"
        "print(r,sorted(o)[len(o)//2]*1000)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        cwd=HERE / "peers",
        env=dict(os.environ, MODEL=str(home / "model")),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return float(out[0]), float(out[1])


def serving(rounds: int = 3) -> list[Line]:
    """Every server in turn, some rounds; medians."""
    tools()
    home = built()
    env = {"MODEL": str(home / "model"), "MESOCOSM_TOKEN": "bench"}
    python = str(VENV / "bin" / "python")
    servers: dict[str, tuple[list[str], str]] = {
        "ours": (
            [sys.executable, "-m", "mesocosm", "up", str(home), "--port", "8911", "--no-build"],
            "http://127.0.0.1:8911/v1/services/help-desk/predict",
        ),
        "naive batcher": (
            [sys.executable, "serve_naive.py", "8912"],
            "http://127.0.0.1:8912/predict",
        ),
        "LitServe": ([python, "serve_litserve.py", "8913"], "http://127.0.0.1:8913/predict"),
        "BentoML": (
            [python, "-m", "bentoml", "serve", "serve_bentoml:Serve", "--port", "8914"],
            "http://127.0.0.1:8914/predict",
        ),
        "Ray Serve": ([python, "serve_ray.py", "8915"], "http://127.0.0.1:8915/predict"),
    }
    if not (VENV / ".ready").exists():
        servers = {n: servers[n] for n in ("ours", "naive batcher")}
    many: dict[str, dict[str, list[dict[str, float]]]] = {}
    one: list[float] = []
    alone: list[tuple[float, float]] = []
    for _ in range(rounds):
        alone.append(bare(home))
        for name, (words, url) in servers.items():
            for workers in ("1",) if name == "naive batcher" else some(("1", "2"), "1"):
                if name == "ours":
                    path = home / "ecosystem.yaml"
                    path.write_text(
                        path.read_text().replace(*((TWO, ONE) if workers == "1" else (ONE, TWO)))
                    )
                try:
                    listed = name == "BentoML"
                    lua = script(home, "bench", listed)
                    with running(words, url, env | {"WORKERS": workers}, listed) as at:
                        load(at, lua, MANY, WARM)
                        said = load(at, lua, MANY)
                        many.setdefault(name, {}).setdefault(workers, []).append(said)
                        if name == "ours" and workers == "1":
                            one.append(load(at, lua, 1, size(5, 1))["p50"])
                except (RuntimeError, subprocess.CalledProcessError) as error:
                    print(f"  {name}, {workers} workers: {str(error)[:100]}", flush=True)
    shutil.rmtree(home.parent, ignore_errors=True)
    middle: dict[str, dict[str, Any]] = {}
    for name, found in many.items():
        ways = {
            w: {k: statistics.median(r[k] for r in rounds) for k in rounds[0]}
            for w, rounds in found.items()
        }
        best = max(ways, key=lambda w: ways[w]["rate"])
        middle[name] = ways[best] | {
            "workers": best,
            "other": ", ".join(f"{m['rate']:.0f} with {w}" for w, m in ways.items() if w != best),
        }
    rate, single = statistics.median(a for a, _ in alone), statistics.median(b for _, b in alone)
    print(f"  the model alone, sorted by length: {rate:.0f} rows a second; one row {single:.1f} ms")
    for name, m in middle.items():
        print(
            f"  {name:<14} {m['rate']:6.0f} a second at {MANY} connections, p50 {m['p50']:.0f} ms,"
            f" p99 {m['p99']:.0f} ms, failed {m['failed']:.0f}; workers {m['workers']}"
            + (f" ({m['other']})" if m["other"] else "")
        )
    ours = middle["ours"]
    lines: list[Line] = [
        (
            f"serving: share of the bare model's rows a second, {MANY} connections",
            ours["rate"] / rate,
            ">= 0.9",
            ours["rate"] / rate >= 0.9,
        )
    ]
    for name, times in (("LitServe", 2.0), ("BentoML", 2.5), ("Ray Serve", 4.0)):
        ratio = (
            ours["rate"] / middle[name]["rate"]
            if middle.get(name, {}).get("rate")
            else float("nan")
        )
        lines.append((f"serving: times {name}", ratio, f">= {times}", ratio >= times))
    naive = middle["naive batcher"]["p99"]
    p99 = ours["p99"] / naive if naive else float("nan")
    lines.append(("serving: p99 over the naive batcher's", p99, "<= 1.5", p99 <= 1.5))
    gap = statistics.median(one) - single
    lines.append(
        ("serving: p50 of one connection minus the bare model's, ms", gap, "<= 1", gap <= 1)
    )
    return lines


if __name__ == "__main__":
    for line in serving(int(os.environ.get("ROUNDS", "3"))):
        print(f"{line[0]}  {line[1]:.4f}  {line[2]}  {'met' if line[3] else 'missed'}")
