"""How good Mesocosm is for people who work in Chinese. A part is a function in `zh/`, or a
scene, and a line here.

    make bench-chinese
    ONLY=reviews make bench-chinese
"""

from __future__ import annotations

import sys

from chinese_scenes import newsroom, support
from chinese_tags import tags
from parts import Parts, run_parts
from zh.reviews import reviews
from zh.serving import served

PARTS: Parts = {
    "reviews": reviews,
    "serving": served,
    "tags": tags,
    "support-zh": support,
    "newsroom-zh": newsroom,
}

if __name__ == "__main__":
    sys.exit(run_parts(PARTS))
