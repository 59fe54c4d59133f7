"""The main job: build and serve the bank, print the address. MESOCOSM_EXIT=1 checks it and
stops.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

BANK = Path(__file__).parent / "bank"
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


def check(url: str, token: str) -> None:
    """Predict, chat, trace and scrape; every step must hold."""
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60
    ) as http:
        assert http.get("/readyz").json()["ready"]
        said = http.post("/v1/services/credit-desk/predict", json=ROW).raise_for_status().json()
        print(
            f"predict   {said['label']} ({said['probability']:.2f}) by {said['version']},"
            f" {said['id']}"
        )
        body = {
            "model": "help-desk",
            "messages": [{"role": "user", "content": "I lost my card yesterday"}],
        }
        chat = http.post("/v1/chat/completions", json=body).raise_for_status().json()["grounding"]
        assert chat["known"], chat
        print(
            f"chat      “{chat['answer'][:60]}…” from {chat['source']['file']} line"
            f" {chat['source']['line']}"
        )
        body["messages"][0]["content"] = "who won the football match last night"  # type: ignore[index]
        assert not http.post("/v1/chat/completions", json=body).json()["grounding"]["known"]
        past = http.get(f"/v1/lineage/{said['id']}").raise_for_status().json()
        print(
            f"trace     {past['version']['id']} <- {past['snapshot']['id']} <-"
            f" {', '.join(past['files'])} ({past['rows']['training']} rows)"
        )
        scraped = http.get("/metrics").raise_for_status().text
        assert 'mesocosm_requests_total{service="credit-desk"' in scraped
        print(f"metrics   {sum(not line.startswith('#') for line in scraped.splitlines())} series")
        page = http.get("/world").raise_for_status()
        assert "assets/" in page.text, "the pages are not installed"


def main() -> int:
    command = [
        sys.executable,
        "-m",
        "mesocosm",
        "up",
        str(BANK),
        "--port",
        os.environ.get("MESOCOSM_PORT", "8765"),
    ]
    if os.environ.get("MESOCOSM_EXIT") != "1":
        return subprocess.call(command)
    (BANK / ".mesocosm" / "server.json").unlink(missing_ok=True)
    began = time.time()
    process = subprocess.Popen(command)
    where = BANK / ".mesocosm" / "server.json"
    try:
        while time.time() - began < 300:
            if process.poll() is not None:
                print("the server ended before it was ready", file=sys.stderr)
                return 1
            try:
                server = json.loads(where.read_text())
                if httpx.get(server["url"] + "/readyz", timeout=2).status_code == 200:
                    break
            except (OSError, ValueError, httpx.HTTPError):
                pass
            time.sleep(0.3)
        print(f"ready     after {time.time() - began:.1f} s")
        check(server["url"], server["token"])
        print("The demo is ready and checked.")
        return 0
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


if __name__ == "__main__":
    sys.exit(main())
