"""Operations against its peers, in one run: serving, drift and rollouts, and a service in trouble.

    make bench-operate          SWAPS=1000 MINUTES=10 ROUNDS=3; about forty minutes on two cores

Each line at the end: name, figure, target, met or missed; exits 1 where one is missed.
"""

from __future__ import annotations

import os
import sys

from log_size import log_size
from serving import serving
from trouble import all_trouble
from watching import alarms, evidently, sequential


def main() -> int:
    """Run all and print the lines."""
    lines = [*sequential(), *alarms(), *evidently(), *log_size(int(os.environ.get("LOG", "1000000"))), *serving(int(os.environ.get("ROUNDS", "3"))), *all_trouble()]
    for name, figure, target, met in lines:
        print(f"{name}  {figure:.4f}  {target}  {'met' if met else 'missed'}")
    return 0 if all(line[3] for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
