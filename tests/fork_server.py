"""A process that has imported what the commands need and forks one for each command: a test's
command starts in milliseconds.

    python tests/fork_server.py SOCKET

A client connects, sends its words, environment and folder with three files (standard input, output,
errors), and reads the new process's number and, when it has ended, its exit status, a line each.
Each command is a process of its own; what it shares with the others is what Python has imported.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import random
import runpy
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

IMPORTED = (
    "typer",
    "rich.console",
    "ruamel.yaml",
    "sqlalchemy",
    "pydantic",
    "httpx",
    "numpy",
    "pandas",
    "pyarrow",
    "pyarrow.parquet",
    "pyarrow.dataset",
    "scipy.stats",
    "scipy.linalg",
    "sklearn.linear_model",
    "sklearn.ensemble",
    "sklearn.feature_extraction.text",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "sklearn.kernel_ridge",
    "sklearn.cluster",
    "duckdb",
    "ibis",
    "ibis.backends.duckdb",
    "sqlglot",
    "torch",
    "onnx",
    "onnxscript",
    "tokenizers",
    "safetensors.torch",
    "lightgbm",
    "pint",
    "phonenumbers",
    "fastapi",
    "uvicorn",
    "starlette",
    "websockets",
    "prometheus_client",
    "jinja2",
    "cryptography.fernet",
    "mesocosm.api.ecosystem",
    "mesocosm.cli.app",
    "transformers.models.auto.modeling_auto",
    "transformers.models.bert.modeling_bert",
    "peft",
    "mlflow",
    "mlflow.store.tracking.sqlalchemy_store",
    "optuna",
    "mesocosm.learning.training.train",
    "mesocosm.learning.training.loop.trainer",
    "mesocosm.learning.export.onnx_export",
    "mesocosm.app.run",
    "mesocosm.lifecycle.jobs.train",
    "mesocosm.lifecycle.access.answer_index",
)


class Forked:
    """A command that the server forked; what tests ask of a `subprocess.Popen`."""

    def __init__(self, link: socket.socket, args: Sequence[str], output: Any) -> None:
        self.link, self.args, self.stdout = link, list(args), output
        self.returncode: int | None = None
        self.told = b""
        self.pid = int(self._line(30) or -1)

    def _line(self, timeout: float | None) -> bytes:
        """The next line, empty where none came in time."""
        self.link.settimeout(timeout)
        try:
            while b"\n" not in self.told:
                more = self.link.recv(64)
                if not more:
                    raise RuntimeError("the fork server has ended")
                self.told += more
        except (TimeoutError, BlockingIOError):
            return b""
        line, _, self.told = self.told.partition(b"\n")
        return line

    def poll(self) -> int | None:
        return self._ended(0.0)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and (line := self._line(timeout)):
            self.returncode = int(line)
            self.link.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        self.wait(timeout)
        self.stdout.seek(0)
        return self.stdout.read(), b""

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def ask(
    path: str,
    words: Sequence[str],
    env: dict[str, str],
    cwd: str,
    files: Sequence[int],
    output: Any = None,
) -> Forked:
    """Have the server at a socket run `mesocosm` with these words."""
    link = socket.socket(socket.AF_UNIX)
    link.connect(path)
    head = json.dumps([list(words), env, cwd]).encode()
    socket.send_fds(link, [struct.pack("!I", len(head))], list(files))
    link.sendall(head)
    return Forked(link, words, output)


def start(env: dict[str, str] | None = None) -> tuple[subprocess.Popen[bytes], str]:
    """A server in a process of its own, and its socket, which is there once the server can be asked
    (`await_server`).
    """
    path = str(Path(tempfile.mkdtemp(prefix="mesocosm-fork-")) / "socket")
    return subprocess.Popen([sys.executable, __file__, path], env=env), path


def await_server(path: str, ended: Callable[[], bool] = lambda: False) -> None:
    """Wait until the server at a socket can be asked.

    Raises:
        RuntimeError: it has ended, or two minutes were not enough.
    """
    until = time.monotonic() + 120
    while not os.path.exists(path):
        if ended() or time.monotonic() > until:
            raise RuntimeError("the fork server did not start")
        time.sleep(0.02)


def shim(folder: Path, path: str) -> None:
    """Write a `mesocosm` for shells that runs on the server at a socket."""
    text = f"""#!{sys.executable} -SE
import os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from fork_server import ask
sys.exit(ask({path!r}, sys.argv[1:], dict(os.environ), os.getcwd(), [0, 1, 2]).wait())
"""
    (folder / "mesocosm").write_text(text)
    (folder / "mesocosm").chmod(0o755)


def _asked(link: socket.socket) -> tuple[list[str], dict[str, str], str, list[int]]:
    data, files, _, _ = socket.recv_fds(link, 4, 3)
    (size,) = struct.unpack("!I", data)
    body = b""
    while len(body) < size:
        body += link.recv(size - len(body))
    words, env, cwd = json.loads(body)
    return words, env, cwd, list(files)


def _become(words: list[str], env: dict[str, str], cwd: str, files: list[int]) -> None:
    """Be the command: its files, folder, environment and words, and chance of its own."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(cwd)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        file = open(  # noqa: SIM115, it stays open
            number,
            mode,
            encoding="utf-8",
            errors="backslashreplace" if number == 2 else "strict",
            closefd=False,
            buffering=1 if number == 2 else -1,
        )
        setattr(sys, name, file)
        setattr(sys, f"__{name}__", file)
    sys.argv = ["mesocosm", *words]
    random.seed()
    import numpy as np

    np.random.seed()


def main(path: str) -> None:
    """Serve until the process that started the server is gone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in IMPORTED:
            with suppress(ImportError):
                import_module(name)
    gc.freeze()
    parent, waiting = os.getppid(), dict[int, socket.socket]()
    wake, woken = os.pipe()  # read and written
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path + ".soon")
    listener.listen(64)
    os.rename(path + ".soon", path)  # who sees the socket can connect
    select = selectors.DefaultSelector()
    select.register(listener, selectors.EVENT_READ)
    select.register(wake, selectors.EVENT_READ)
    while os.getppid() == parent:
        for key, _ in select.select(5):
            if key.fileobj == wake:
                os.read(wake, 4096)
                continue
            link, _ = listener.accept()
            asked = _asked(link)
            pid = os.fork()
            if not pid:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for held in (listener, link, select, *waiting.values()):
                    held.close()
                os.close(wake)
                os.close(woken)
                _become(*asked)
                return
            for file in asked[3]:
                os.close(file)
            waiting[pid] = link
            link.sendall(f"{pid}\n".encode())
        while waiting:
            with suppress(ChildProcessError):
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    break
                link = waiting.pop(pid)
                with suppress(OSError):
                    link.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
                link.close()
    for pid in waiting:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    raise SystemExit


def _end(run: Callable[[], None]) -> None:
    """Run a command and end as Python ends, without the taking apart of all that was imported."""
    code: Any = 0
    try:
        run()
    except SystemExit as error:
        code = error.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _run_script() -> None:
    """Run the script that the command names, as `python SCRIPT` does."""
    script = str(Path(sys.argv[2]).resolve())
    sys.argv, sys.path[0] = sys.argv[2:], str(Path(script).parent)
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1])
    sys.path[0] = os.getcwd()  # as `python -m` has it
    from mesocosm.cli.app import run

    _end(_run_script if sys.argv[1:2] == ["--script"] else run)
