"""Everything that people read names the commands of now; former words still run and are nobody's
advice.
"""

from __future__ import annotations

import re

from conftest import ROOT

from mesocosm.cli.app import FORMER

WORDS = (*FORMER, "rollback")  # of which there are two now, of data and of services
ADVICE = re.compile(rf"mesocosm ({'|'.join(map(re.escape, WORDS))})\b")


def test_the_law_sees_a_former_command() -> None:
    assert ADVICE.search("run 'mesocosm rollback'") and ADVICE.search("mesocosm tune-up")
    assert not ADVICE.search("mesocosm service rollback")


def test_no_text_advises_a_former_command() -> None:
    paths = [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]
    for kind in ("*.py", "*.po"):
        paths += (ROOT / "src").rglob(kind)
    for kind in ("*.ts", "*.tsx"):
        paths += (ROOT / "web" / "src").rglob(kind)
    paths += (ROOT / "examples").rglob("*.yaml")
    found = [
        f"{path.relative_to(ROOT)}: {advice[0]}"
        for path in paths
        if path.name != "log.md"
        for advice in ADVICE.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found
