"""Operations against its peers, in one run: serving, drift and rollouts, the log's size, and a
service in trouble.

    make bench-operate          SWAPS=1000 MINUTES=10 ROUNDS=3 LOG=1000000; about forty minutes on
    two cores

`parts.py` says how parts are chosen, made small and printed.
"""

from __future__ import annotations

import os
import sys

from log_size import log_size
from parts import Parts, run_parts, size
from serving import serving
from trouble import cases, swaps, trouble
from watching import alarms, evidently, sequential

PARTS: Parts = {
    "sequential": sequential,
    "alarms": alarms,
    "evidently": evidently,
    "log": lambda: log_size(int(os.environ.get("LOG", size(1_000_000, 20_000)))),
    "serving": lambda: serving(int(os.environ.get("ROUNDS", size(3, 1)))),
    "swaps": lambda: swaps(int(os.environ.get("SWAPS", size(1000, 2)))),
    "trouble": lambda: trouble(float(os.environ.get("MINUTES", size(600, 3) / 60))),
    "cases": lambda: cases(size(5000, 12)),
}

if __name__ == "__main__":
    sys.exit(run_parts(PARTS))
