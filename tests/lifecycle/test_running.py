"""One server of a folder: a second is refused, a crash lets the lock go, and what is recorded is
removed by who recorded it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import uvicorn
from conftest import begin

from mesocosm.core.errors import MesocosmError
from mesocosm.lifecycle.server_info import find_server, forget_server, lock_server, record_server
from mesocosm.serving.http.shutdown import DrainingServer

HOLD = """import signal, sys, time; from pathlib import Path; from mesocosm.lifecycle.server_info import lock_server, record_server; from mesocosm.serving.http.shutdown import exit_on_signals
signal.signal(signal.SIGHUP, signal.SIG_DFL); exit_on_signals(); store = Path(sys.argv[1]); signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
with lock_server(store):
    record_server(store, "http://127.0.0.1:1", "secret"); print("up", flush=True); time.sleep(60)
"""


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_second_server_is_refused_until_the_first_ends(tmp_path: Path, sig: int) -> None:
    one = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert one.stdout and one.stdout.readline() == b"up\n"
    file = tmp_path / "server.json"
    with (
        pytest.raises(
            MesocosmError,
            match=f"serves this folder already at http://127.0.0.1:1 .process {one.pid}",
        ),
        lock_server(tmp_path),
    ):
        pass
    forget_server(tmp_path)
    assert json.loads(file.read_text())["pid"] == one.pid  # another's is left
    one.send_signal(sig)
    one.wait(20)
    assert file.exists() == (sig == signal.SIGKILL)
    began = time.perf_counter()
    assert find_server(tmp_path) is None and time.perf_counter() - began < 1
    with lock_server(tmp_path):
        record_server(tmp_path, "http://127.0.0.1:2", "secret")
        assert (
            json.loads(file.read_text())["pid"] == os.getpid()
            and file.stat().st_mode & 0o777 == 0o600
        )
    assert not file.exists()


def test_servers_over_a_shared_catalog_go_together(tmp_path: Path) -> None:
    """As replicas over one volume; one that owns the folder is refused beside them, and they beside
    it.
    """
    with lock_server(tmp_path, shared=True):
        with lock_server(tmp_path, shared=True):
            pass
        with (
            pytest.raises(MesocosmError, match="serves this folder already"),
            lock_server(tmp_path),
        ):
            pass
    with (
        lock_server(tmp_path),
        pytest.raises(MesocosmError, match="serves this folder already"),
        lock_server(tmp_path, shared=True),
    ):
        pass


def test_it_says_that_it_leaves_before_it_stops_listening() -> None:
    left: list[float] = []
    server = DrainingServer(uvicorn.Config("none"), lambda: left.append(time.monotonic()), 30.0)
    server.handle_exit(signal.SIGTERM, None)
    assert left and not server.should_exit and server.until and server.until > time.monotonic() + 20
    server.handle_exit(signal.SIGTERM, None)
    assert server.should_exit
    quick = DrainingServer(uvicorn.Config("none"), lambda: None, 30.0)
    quick.handle_exit(signal.SIGINT, None)
    assert quick.should_exit


def test_a_copied_record_tells_of_no_server_here(tmp_path: Path) -> None:
    here, copy = tmp_path / "here", tmp_path / "copy"
    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        with lock_server(here):
            record_server(here, f"http://127.0.0.1:{http.server_port}", "secret")
            shutil.copytree(here, copy)
            assert find_server(here) is not None and find_server(copy) is None
        http.shutdown()


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def test_data_alone_have_a_console_and_a_world_and_the_address_is_told_once_it_answers(
    tmp_path: Path,
) -> None:
    """No model and no service: a data steward sees the datasets all the same. Ended by the keyboard
    it says so, and leaves no token.
    """
    (tmp_path / "a.csv").write_text("id,v\n1,2\n2,3\n")
    (tmp_path / "ecosystem.yaml").write_text(
        "grammar: 1\necosystem: m\nsources: {a: {type: csv, path: a.csv}}\ndatasets:\n  d: {from:"
        " a, key: id, fields: {id: integer, v: integer}}\n"
    )
    process = begin("up", str(tmp_path), "--port", "0")
    file = tmp_path / ".mesocosm" / "server.json"
    until = time.monotonic() + 60
    while not file.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    told = json.loads(file.read_text())
    with httpx.Client(
        base_url=told["url"], headers={"Authorization": f"Bearer {told['token']}"}, timeout=20
    ) as http:
        assert (
            http.get("/readyz").status_code == 200
        )  # at the first try: nothing is told before it is true
        assert [
            e["id"] for e in http.get("/v1/scene").json()["elements"] if e["kind"] == "lake"
        ] == ["datasets.d"]
        assert http.get("/v1/ecosystem").json()["datasets"]["d"]["account"]["kept"] == 2
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(30)
    assert (
        process.returncode == 0
        and out.decode().rstrip().endswith("Stopped.")
        and "Now break it" not in out.decode()
    )
    assert not file.exists()
