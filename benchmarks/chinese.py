"""How good Mesocosm is for people who work in Chinese. A part is a function in `zh/` and a line
here.

    make bench-chinese
    ONLY=reviews make bench-chinese
"""

from __future__ import annotations

import sys

from parts import Parts, run_parts
from zh.reviews import reviews
from zh.serving import served

PARTS: Parts = {"reviews": reviews, "serving": served}

if __name__ == "__main__":
    sys.exit(run_parts(PARTS))
