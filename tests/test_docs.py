"""What the documents say stands: the same blocks in both languages, commands that exist, pictures that are there."""

from __future__ import annotations

import re
import sys

from conftest import ROOT, SMALL

from mesocosm.cli.main import COMMANDS

ENGLISH, CHINESE = (ROOT / "README.md").read_text(), (ROOT / "README.zh.md").read_text()


def test_both_readmes_have_the_same_blocks_and_commands() -> None:
    blocks = [re.findall(r"```\n(.*?)```", text, re.S) for text in (ENGLISH, CHINESE)]
    assert len(blocks[0]) >= 2 and blocks[0] == blocks[1]
    named = [re.findall(r"`(mesocosm [^`]*)`", text) for text in (ENGLISH, CHINESE)]
    assert len(named[0]) >= 10 and named[0] == named[1]


def test_every_command_named_exists_and_every_path_is_there() -> None:
    called = {words.split()[1] for words in re.findall(r"mesocosm [a-z]+", ENGLISH)}
    assert len(called) > 8 and called <= set(COMMANDS)
    paths = [p for p in re.findall(r"\]\(([\w./-]+)\)", ENGLISH) if not p.startswith("http")]
    assert len(paths) >= 3 and all((ROOT / p).is_file() for p in paths)


def test_every_example_of_the_pages_is_a_file_that_holds() -> None:
    from mesocosm.spec.read import read_text

    blocks = [b for page in ("governing", "learning") for b in re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / f"{page}.md").read_text(), re.S) if "ecosystem:" in b]
    assert len(blocks) == 9
    for block in blocks:
        eco = read_text(block, ROOT / "docs" / "ecosystem.yaml", {}).eco
        assert eco.sources


def test_the_example_of_operating_holds() -> None:
    from mesocosm.spec.read import read_text

    block, provider = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "operating.md").read_text(), re.S)
    whole = SMALL.split("services:")[0] + block.replace("serves: risk", "serves: judge") + provider
    eco = read_text(whole, ROOT / "docs" / "ecosystem.yaml", {"HOOK": "https://hooks.example/x"}).eco
    assert eco.services["desk"].batch.target == "200ms" and eco.monitors["watch"].notify.mail == "oncall@example.org"
    assert eco.oidc is not None and eco.oidc.roles["oncall"] == "change"


def test_every_kind_has_its_page_as_the_code_says_it() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    from make_kinds import PAGES, page

    count = 0
    for title, (_, kinds) in PAGES.items():
        assert (ROOT / "docs" / "kinds" / f"{title}.md").read_text() == page(title), f"run: python docs/make_kinds.py ({title})"
        for name, kind in kinds.items():
            count += 1
            assert "Source:" in (kind.__doc__ or "") and ">>>" in (kind.__doc__ or ""), name
    assert count >= 50


def test_no_name_of_this_machine_stands_in_the_files() -> None:
    seen = 0
    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "constraints.txt"]:
        seen += 1
        here = str(ROOT.parent)
        assert len(here) < 3 or f"{here}/" not in path.read_text(), path
    assert seen > 100
