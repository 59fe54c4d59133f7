"""Where an ecosystem's server is. Knows one file; imports nothing of the server, so that commands that ask are quick."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from mesocosm.base.files import write_json


def record_server(store: Path, url: str, token: str) -> None:
    """Say where the server is, in a file only its owner reads."""
    path = store / "server.json"
    write_json(path, {"url": url, "token": token, "pid": os.getpid()})
    path.chmod(0o600)


def running_server(store: Path) -> dict[str, Any] | None:
    """Where this ecosystem's server is, when it answers."""
    import httpx

    try:
        said: dict[str, Any] = json.loads((store / "server.json").read_text(encoding="utf-8"))
        httpx.get(said["url"] + "/healthz", timeout=2).raise_for_status()
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        return None
    return said
