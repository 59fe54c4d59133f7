"""How fast a service on e5 in int8 answers in Chinese, as a share of its own bare model; measured
as `benchmarks/serving.py` measures the bank's.
"""

from __future__ import annotations

import csv
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import serving
from parts import Line, size

from zh.review_texts import read_reviews

ROUNDS = int(os.environ.get("ROUNDS", "3"))
ROWS = size(400, 120)
FIVE = (
    "我的银行卡丢了，有人正在用它消费，现在应该怎么办？",
    "去国外旅行之前怎么提高信用卡的额度？",
    "上周五的转账到现在还没有到账",
    "我和妻子可以在网上开联名账户吗？",
    "取现金为什么收了我手续费",
)
FILE = """grammar: 2
ecosystem: reviews
sources: {rows: {type: csv, path: rows.csv}}
datasets:
  said:
    from: rows
    fields: {sentence: {type: text}, mood: {type: category, missing: quarantine}}
    split: {test: 0.25, stratify: mood}
models:
  mood: {base: e5, dataset: said, target: mood, features: [sentence], track: []}
services:
  desk: {model: mood, runtime: {type: onnx, precision: int8}}
"""
WAYS = {"one process of two threads": serving.ONE, "two processes of one thread": serving.TWO}


def served() -> list[Line]:
    """Rows a second at 64 connections over those of the bare model, the median of the rounds."""
    from mesocosm.api.ecosystem import open_ecosystem

    serving.tools()
    serving.FIVE = FIVE
    home = Path(tempfile.mkdtemp(prefix="serving-zh-")) / "reviews"
    home.mkdir()
    with (home / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        rows = [(text, ("bad", "good")[mood]) for text, mood in read_reviews()[:ROWS]]
        csv.writer(file).writerows([("sentence", "mood"), *rows])
    (home / "ecosystem.yaml").write_text(FILE, encoding="utf-8")
    eco = open_ecosystem(home)
    if failed := eco.build().failed:
        raise RuntimeError(f"the reviews' desk could not be built: {failed[0]}")
    serving.lay_out(eco, home, "desk")
    shares: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for way, runtime in WAYS.items():
            (home / "ecosystem.yaml").write_text(FILE.replace(serving.ONE, runtime), "utf-8")
            shares.setdefault(way, []).append(_measure(home, way))
    shutil.rmtree(home.parent, ignore_errors=True)
    share = max(map(statistics.median, shares.values()))  # as the bank's: what does better counts
    name = f"serving: e5's share of its bare rows a second, {serving.MANY} connections"
    return [(name, share, ">= 0.9", share >= 0.9)]


def _measure(home: Path, way: str) -> float:
    """One round: the bare model, then the service."""
    rate, single = serving.bare(home)
    words = [sys.executable, "-m", "mesocosm", "up", str(home), "--port", "8921", "--no-build"]
    url = "http://127.0.0.1:8921/v1/services/desk/predict"
    lua = serving.script(home, "bench", False)
    with serving.running(words, url, {"MESOCOSM_TOKEN": "bench"}) as at:
        serving.load(at, lua, serving.MANY, serving.WARM)
        found = serving.load(at, lua, serving.MANY)
    print(
        f"  {way}: e5 alone {rate:.0f} rows a second, one {single:.1f} ms; served {found['rate']:.0f} at"
        f" {serving.MANY} connections, p50 {found['p50']:.0f} ms, failed {found['failed']:.0f}",
        flush=True,
    )
    if found["failed"]:
        raise RuntimeError(f"{found['failed']:.0f} requests failed: no rate is told")
    return found["rate"] / rate
