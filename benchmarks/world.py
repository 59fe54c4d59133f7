"""The world in one run: the valley, what it costs to draw, whether it is true, and many visitors.

    make bench-world          CHANGES=1000; about fifteen minutes on two cores

`parts.py` says how parts are chosen, made small and printed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from meeting import meeting
from parts import Parts, run_parts, size
from valley import drawn, laid_out, truth
from visitors import many_visitors

PARTS: Parts = {
    "layout": laid_out,
    "drawing": drawn,
    "truth": lambda: truth(int(os.environ.get("CHANGES", size(1000, 6)))),
    "visitors": many_visitors,
    "meeting": meeting,
}

if __name__ == "__main__":
    sys.exit(run_parts(PARTS))
