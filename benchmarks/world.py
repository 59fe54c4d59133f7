"""The world in one run: the valley, what it costs to draw, whether it is true, and many visitors.

    make bench-world          CHANGES=1000; about fifteen minutes on two cores

Each line at the end: name, figure, target, met or missed; exits 1 where one is missed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from meeting import meeting
from valley import drawn, laid_out, truth
from visitors import many_visitors


def main() -> int:
    """Run all and print the lines."""
    lines = [*laid_out(), *drawn(), *truth(int(os.environ.get("CHANGES", "1000"))), *many_visitors(), *meeting()]
    for name, figure, target, met in lines:
        print(f"{name}  {figure:.4f}  {target}  {'met' if met else 'missed'}")
    return 0 if all(line[3] for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
