"""What many tests share: small projects, a built bank, a running server."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

if (
    "PYTEST_XDIST_WORKER" in os.environ
):  # before torch is imported: each of the two workers has one core
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import fork_server
import httpx
import pytest
from hypothesis import HealthCheck, settings

os.environ.pop(
    "PYTHONDONTWRITEBYTECODE", None
)  # or every command that a test runs compiles five thousand files anew
sys.dont_write_bytecode = False
ROOT = Path(__file__).parents[1]
BANK = ROOT / "examples" / "bank"
settings.register_profile(
    "ci", max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
settings.load_profile("ci")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


def rounds(few: int, many: int) -> int:
    """How often a random trial is tried: `few` times in `make test`, `many` in `make test-long`."""
    return many if os.environ.get("LONG") else few


SMALL = """grammar: 2
ecosystem: pond
sources:
  notes: {type: csv, path: notes.csv}
datasets:
  mail:
    from: notes
    key: id
    fields:
      id: {type: integer}
      text: {type: text}
      amount: {type: number, unit: EUR, missing: median, outliers: {method: iqr, action: clip}}
      label: {type: category, values: [yes please, no thanks], missing: quarantine}
    duplicates: row
    split: {test: 0.25, validation: 0.1, stratify: label}
models:
  judge: {base: minilm, dataset: mail, target: label, features: [text, amount], track: [], fine_tune: {method: frozen, head: kernel}}
services:
  desk: {model: judge}
monitors:
  watch: {service: desk, drift: {window: 40}}
world: {places: {counter: {service: desk}}}
"""


def small_rows(rows: int = 80) -> str:
    lines = ["id,text,amount,label"]
    for i in range(rows):
        good = i % 2
        text = f"please send {i} more, lovely" if good else f"stop sending number {i}, awful"
        lines.append(
            f'{i},"{text}",{"" if i % 9 == 4 else f"{100 + i + 50 * good} EUR"},{"Yes please" if good else "no thanks"}'
        )
    return "\n".join([*lines, lines[5]]) + "\n"


HEAVY = (
    "bank",
    "test_lint",
    "test_benchmarks",
    "test_engines",
    "test_build",
    "test_snapshot",
    "test_processes",
    "test_examine",
    "test_bad_input",
    "test_writing",
    "test_sources",
)


def group(nodeid: str) -> str:
    """Tests of one file stay together, and all that want the built bank."""
    path = ROOT / nodeid.split("::", 1)[0]
    return (
        "bank"
        if re.search(r"\b(bank|server): (Path|Server)", path.read_text(encoding="utf-8"))
        else path.stem
    )


def pytest_configure(config: pytest.Config) -> None:
    """One fork server for all workers; it imports while they collect."""
    if (
        getattr(config.option, "numprocesses", None)
        and "PYTEST_XDIST_WORKER" not in os.environ
        and not config.option.collectonly
    ):
        server, os.environ["MESOCOSM_TEST_FORKS"] = fork_server.start(
            dict(os.environ, OMP_NUM_THREADS=os.environ.get("OMP_NUM_THREADS", "1"))
        )
        atexit.register(server.terminate)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Two workers share the groups."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first."""
    known: dict[Path, str] = {}
    for item in items:
        known.setdefault(item.path, group(str(item.path.relative_to(ROOT))))
    items.sort(
        key=lambda item: HEAVY.index(known[item.path]) if known[item.path] in HEAVY else len(HEAVY)
    )


@pytest.fixture(scope="session", autouse=True)
def one_export(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An untouched base is exported once a run; every other store, of commands too, takes it from
    the cache.
    """
    base = tmp_path_factory.getbasetemp()
    os.environ["MESOCOSM_CACHE"] = str(
        (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    )


@pytest.fixture
def pond(tmp_path: Path) -> Path:
    (tmp_path / "ecosystem.yaml").write_text(SMALL)
    (tmp_path / "notes.csv").write_text(small_rows())
    return tmp_path


@lru_cache(maxsize=1)
def forks() -> str:
    """The socket of the run's fork server, or of this process's own where none runs for all
    workers.
    """
    if shared := os.environ.get("MESOCOSM_TEST_FORKS"):
        fork_server.await_server(shared)
        return shared
    server, path = fork_server.start()
    atexit.register(server.terminate)
    fork_server.await_server(path, lambda: server.poll() is not None)
    return path


def begin(*words: str, **more: Any) -> Any:
    """Start `mesocosm` with some words, in a process of its own; its output is in `stdout` once it
    has ended.
    """
    env, cwd = dict(os.environ, **more.pop("env", {})), str(more.pop("cwd", os.getcwd()))
    out, err = tempfile.TemporaryFile(), more.pop("stderr", None)  # noqa: SIM115, it is read later
    with open(os.devnull) as nothing:
        return fork_server.ask(
            forks(), words, env, cwd, [nothing.fileno(), out.fileno(), (err or out).fileno()], out
        )


def run(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run `mesocosm` with some words to its end."""
    with tempfile.TemporaryFile() as err:
        process = begin(*words, stderr=err, **{k: v for k, v in more.items() if k != "timeout"})
        try:
            out, _ = process.communicate(more.get("timeout", 300))
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        err.seek(0)
        return subprocess.CompletedProcess(
            ["mesocosm", *words], process.returncode, out.decode(), err.read().decode()
        )


def said_of(home: Path, plan: bool = False) -> list[str]:
    """What is said of a file that cannot be, a sentence a finding, each with its place."""
    from mesocosm.api.ecosystem import open_ecosystem
    from mesocosm.core.errors import ConfigError

    with pytest.raises(ConfigError) as caught:
        eco = open_ecosystem(home)
        if plan:
            eco.plan()
    assert all(f.place.file and f.place.line for f in caught.value.findings)
    return [f.text() for f in caught.value.findings]


@pytest.fixture(scope="session")
def cli() -> Callable[..., subprocess.CompletedProcess[str]]:
    return run


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bank example, built once."""
    home = tmp_path_factory.mktemp("bank") / "bank"
    shutil.copytree(BANK, home, ignore=shutil.ignore_patterns(".mesocosm"))
    done = run("build", "-f", str(home), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return home


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL of its own, on a free port of the loopback address."""
    bins = max(Path("/usr/lib/postgresql").glob("*/bin"))
    home = Path(tempfile.mkdtemp(prefix="mesocosm-pg-"))
    home.chmod(0o777)
    who = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def call(*words: str) -> None:
        subprocess.run(
            [*who, *words],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )

    data = home / "data"
    call(str(bins / "initdb"), "-D", str(data), "-U", "bank", "-A", "trust")
    call(
        str(bins / "pg_ctl"),
        "-D",
        str(data),
        "-w",
        "-l",
        str(home / "log"),
        "-o",
        f"-p {port} -k {home} -c listen_addresses=127.0.0.1",
        "start",
    )
    yield f"postgresql://bank@127.0.0.1:{port}/postgres"
    call(str(bins / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
    shutil.rmtree(home, ignore_errors=True)


class Server:
    """A running `mesocosm up`."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.process = begin("up", str(home), "--port", "0", *options)
        until = time.time() + 120
        said: dict[str, Any] = {}
        with httpx.Client(
            timeout=2, verify=False
        ) as asks:  # certificates take longer to read than the answer to come
            while time.time() < until:
                try:
                    said = json.loads((home / ".mesocosm" / "server.json").read_text())
                    if asks.get(said["url"] + "/readyz").status_code == 200:
                        break
                except (OSError, ValueError, httpx.HTTPError):
                    pass
                assert self.process.poll() is None, self.process.communicate()[0].decode()[-2000:]
                time.sleep(0.2)
        self.url, self.token = said["url"], said["token"]
        self.http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=60
        )

    def close(self) -> None:
        self.http.close()
        self.process.terminate()
        try:
            self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate(timeout=20)  # until its workers have ended too


@pytest.fixture(scope="session")
def server(bank: Path) -> Iterator[Server]:
    one = Server(bank)
    yield one
    one.close()


ROW = {
    "checking": "... < 0 DM",
    "duration": "24 months",
    "history": "existing credits paid back duly till now",
    "purpose": "car (new)",
    "amount": "4,870 DM",
    "savings": "... < 100 DM",
    "employment": "1 <= ... < 4 years",
    "rate": 3,
    "guarantors": "none",
    "residence": 4,
    "property": "unknown / no property",
    "age": 53,
    "plans": "none",
    "housing": "for free",
    "credits": 2,
    "job": "skilled employee / official",
}


@pytest.fixture
def row() -> dict[str, Any]:
    return dict(ROW)


FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu-watchdog",
    "--disable-dev-shm-usage",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        one = p.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield one
        one.close()


def watched(context: Any, server: Server) -> Any:
    """A page that notes errors and whatever it asks of another host."""
    one = context.new_page()
    one.set_default_timeout(150_000)
    one.faults, one.outside = [], []
    one.on("pageerror", lambda e: one.faults.append(f"{e}\n{getattr(e, 'stack', '')}"))
    one.on("crash", lambda _: one.faults.append("the page crashed"))
    one.on(
        "request",
        lambda r: (
            one.outside.append(r.url)
            if not r.url.startswith(
                (server.url, "data:", "blob:", server.url.replace("http", "ws"))
            )
            else None
        ),
    )
    return one


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    context = browser.new_context(
        viewport={"width": 720, "height": 450}, reduced_motion="reduce", locale="en-GB"
    )
    one = watched(context, server)
    yield one
    context.close()
    assert not one.faults and not one.outside, (one.faults, one.outside)


def follow(page: Path, built: Path, home: Path) -> int:
    """Run every command of a tutorial's `console` blocks in `home`; the lines below a command must
    come in its output, in order (`...` stands for anything). What `mesocosm init` writes is given
    the store of `built`, the same scene built before, so that nothing is trained twice.

    Returns how many lines were found.
    """
    found = 0
    fork_server.shim(home, forks())
    paths = os.pathsep.join([str(home), str(Path(sys.executable).parent), os.environ["PATH"]])
    for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, *wanted = part.strip().splitlines()
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=home,
                capture_output=True,
                text=True,
                timeout=300,
                env=dict(os.environ, PATH=paths, NO_COLOR="1", COLUMNS="400"),
                check=False,
            )
            said = " ".join((done.stdout + done.stderr).split())
            assert done.returncode == 0, f"{page.name}: {command}\n{said}"
            if made := re.match(r"mesocosm init (\S+)", command):
                shutil.copytree(built / ".mesocosm", home / made[1] / ".mesocosm")
            at = 0
            for line in wanted:
                hit = re.compile(
                    ".*?".join(
                        re.escape(" ".join(bit.split()))
                        for bit in re.split(r"\.\.\.(?!\.)", line.strip())
                    )
                ).search(said, at)
                assert hit, f"{page.name}: {command}\nwanted: {line}\nsaid: {said[at:][:2000]}"
                at, found = hit.end(), found + 1
    return found


class Model(BaseHTTPRequestHandler):
    """A language model behind an OpenAI-style endpoint: says what its server's `says` gives for
    what is asked (status, words or bytes, seconds of waiting).
    """

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, self.headers.get("Authorization"), asked))  # type: ignore[attr-defined]
        status, body, wait = self.server.says(asked)  # type: ignore[attr-defined]
        time.sleep(wait)
        data = (
            body
            if isinstance(body, bytes)
            else json.dumps(
                {"choices": [{"message": {"role": "assistant", "content": body}}]}
            ).encode()
        )
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def model() -> Iterator[Any]:
    one = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    one.seen, one.says = [], lambda _: (200, "Yes.", 0)  # type: ignore[attr-defined]
    threading.Thread(target=one.serve_forever, daemon=True).start()
    yield one
    one.shutdown()
    one.server_close()
