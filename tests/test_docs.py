"""What the documents say stands: the same blocks in both languages, commands that exist, pictures
that are there.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from conftest import ROOT, SMALL

from mesocosm.cli.app import COMMANDS, GROUPS
from mesocosm.core.version import VERSION

HOW_TO = ROOT / "docs" / "how-to"
EXAMPLES = sorted(  # those that add a kind have tests of their own
    page for page in HOW_TO.glob("*.md") if not page.name.startswith(("add-", "write-"))
)
ENGLISH, CHINESE = (ROOT / "README.md").read_text(), (ROOT / "README.zh.md").read_text()


def command_of(words: str) -> str:
    """The command that words begin with: `data versions`, or `plan`."""
    return " ".join(words.split()[: 2 if words.split()[0] in GROUPS else 1])


def test_both_readmes_have_the_same_blocks_and_commands() -> None:
    blocks = [re.findall(r"^```\w*\n(.*?)^```", text, re.S | re.M) for text in (ENGLISH, CHINESE)]
    assert len(blocks[0]) >= 2 and blocks[0] == blocks[1]
    named = [re.findall(r"`(mesocosm [^`]*)`", text) for text in (ENGLISH, CHINESE)]
    assert len(named[0]) >= 10 and named[0] == named[1]


def test_every_command_named_exists_and_every_path_is_there() -> None:
    called = {command_of(words) for words in re.findall(r"mesocosm ([a-z]+(?: [a-z]+)?)", ENGLISH)}
    assert len(called) > 8 and called <= set(COMMANDS)
    paths = [p for p in re.findall(r"\]\(([\w./-]+)\)", ENGLISH) if not p.startswith("http")]
    assert len(paths) >= 3 and all((ROOT / p).is_file() for p in paths)


def test_every_example_of_the_pages_is_a_file_that_holds() -> None:
    from mesocosm.config.loader import read_text

    blocks = [
        b
        for page in EXAMPLES
        for b in re.findall(r"```yaml\n(ecosystem:.*?)```", page.read_text(), re.S)
    ]
    assert len(blocks) == 12
    for block in blocks:
        eco = read_text(block, ROOT / "docs" / "ecosystem.yaml", {}).eco
        assert eco.sources


def test_the_example_of_operating_holds() -> None:
    from mesocosm.config.loader import read_text

    (block,), (provider,) = (
        re.findall(r"```yaml\n(.*?)```", (HOW_TO / page).read_text(), re.S)
        for page in ("serve-predictions.md", "sign-in.md")
    )
    whole = SMALL.split("services:")[0] + block.replace("model: risk", "model: judge") + provider
    eco = read_text(
        whole, ROOT / "docs" / "ecosystem.yaml", {"HOOK": "https://hooks.example/x"}
    ).eco
    assert (
        eco.services["desk"].batch.target == "200ms"
        and eco.monitors["watch"].notify.mail == "oncall@example.org"
    )
    assert eco.oidc is not None and eco.oidc.roles["oncall"] == "change"


def test_every_kind_has_its_page_as_the_code_says_it() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    from make_kinds import CHOOSING, FOLDERS, PAGES, page

    count = 0
    for title, (_, kinds) in PAGES.items():
        text = page(title)
        untold = {
            (n, f)
            for n, kind in kinds.items()
            for f, known in kind.model_fields.items()
            if f not in CHOOSING and f"`{known.alias or f}`" not in text
        }
        assert untold <= {("masked", "fields")}, untold  # it takes none
        for language, folder in FOLDERS.items():
            assert (folder / "kinds" / f"{title}.md").read_text() == page(title, language), (
                f"run: python docs/make_kinds.py ({title})"
            )
        for name, kind in kinds.items():
            count += 1
            assert "Source:" in (kind.__doc__ or "") and ">>>" in (kind.__doc__ or ""), name
    assert count >= 50


def test_tutorials_are_equal_in_both_languages() -> None:
    english = {page.name: page.read_text() for page in (ROOT / "docs" / "tutorials").glob("*.md")}
    scenes = {"bank.md", "hospital.md", "support.md", "newsroom.md", "shop.md"}
    scenes |= {"support-zh.md", "newsroom-zh.md"}
    assert set(english) == scenes | {"getting-started.md"}
    for name, text in english.items():
        chinese = (ROOT / "docs" / "zh" / "tutorials" / name).read_text()
        for what in (r"```console\n(.*?)```", r"`(mesocosm [^`]*)`", r"^##? ()", r"^(    [^\n]+)$"):
            assert re.findall(what, text, re.S | re.M) == re.findall(what, chinese, re.S | re.M), (
                name,
                what,
            )


def test_the_newest_changes_are_those_of_this_version() -> None:
    newest = re.search(r"^## (\S+),", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest is not None and newest[1] == VERSION


def test_no_name_of_this_machine_stands_in_the_files() -> None:
    seen = 0
    for path in [
        *(ROOT / "src").rglob("*.py"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "README.md",
        ROOT / "constraints.txt",
    ]:
        seen += 1
        here = str(ROOT.parent)
        assert len(here) < 3 or f"{here}/" not in path.read_text(), path
    assert seen > 100


def test_the_reference_is_as_the_code_says_it() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    from make_reference import FOLDERS, WRITTEN

    for language, folder in FOLDERS.items():
        for title, made in WRITTEN.items():
            assert (folder / "reference" / f"{title}.md").read_text() == made(language), (
                f"run: python docs/make_reference.py ({title})"
            )


def test_every_kind_that_the_file_can_hold_has_its_place_in_the_reference() -> None:
    import typing

    sys.path.insert(0, str(ROOT / "docs"))
    from make_kinds import PAGES as KINDS
    from make_reference import SECTIONS

    from mesocosm.core.settings import Settings

    def within(annotation: Any) -> Iterator[type[Settings]]:
        if isinstance(annotation, type) and issubclass(annotation, Settings):
            yield annotation
        for part in typing.get_args(annotation):
            yield from within(part)

    told = {*SECTIONS.values(), *(kind for _, kinds in KINDS.values() for kind in kinds.values())}
    missing = {
        f"{name}.{key}: {kind.__name__}"
        for name, held in SECTIONS.items()
        for key, field in held.model_fields.items()
        for kind in within(field.annotation)
        if kind not in told
    }
    assert not missing, f"add them to SECTIONS in docs/make_reference.py: {missing}"


PAGES = sorted((ROOT / "docs").rglob("*.md"))


def test_every_command_and_option_of_the_pages_is_there() -> None:
    reference = (ROOT / "docs" / "reference" / "commands.md").read_text()
    options = {
        name: set(re.findall(r"`(--?[a-z-]+)`", said))
        for name, said in re.findall(r"## mesocosm ([a-z ]+)\n(.*?)(?=\n## |\Z)", reference, re.S)
    }
    assert set(options) == set(COMMANDS)
    seen = 0
    for page in [*PAGES, ROOT / "README.md"]:
        for words in re.findall(r"mesocosm ([a-z]+(?:-[a-z]+)*(?: [^`\n]*)?)", page.read_text()):
            name = command_of(words)
            if name in options and page.name != "log.md":
                given = {o for o in re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", words)}
                assert given <= options[name], f"{page.name}: mesocosm {words}"
                seen += 1
    assert seen > 60


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built without a warning."""
    folder = tmp_path_factory.mktemp("site")
    words = ["-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(ROOT / "docs")]
    done = subprocess.run(
        [sys.executable, *words, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_all_links_of_the_site_lead_somewhere(site: Path) -> None:
    pages = {p: p.read_text() for p in site.rglob("*.html") if "_static" not in p.parts}
    assert len(pages) >= len(PAGES)
    anchors = {p: set(re.findall(r'\bid="([^"]+)"', text)) for p, text in pages.items()}
    followed = 0
    for page, text in pages.items():
        for kind, link in re.findall(r'\b(href|src)="([^"]+)"', text):
            where, _, anchor = unquote(link).partition("#")
            if re.match(r"[a-z]+:", link):
                assert kind == "href", f"{page.name} loads {link} from elsewhere"
                continue
            target = (page.parent / where.split("?")[0]).resolve() if where else page
            assert target.is_file(), f"{page.name}: {link}"
            assert not anchor or target not in anchors or anchor in anchors[target], (
                f"{page.name}: {link}"
            )
            followed += 1
    assert followed > 1000


@pytest.mark.parametrize(
    ("query", "page", "other"),
    [
        ("漂移", "zh/how-to/on-call.html", "zh/how-to/sign-in.html"),
        ("概念漂移", "zh/concepts/glossary.html", "zh/how-to/deploy.html"),
        ("树", "zh/how-to/visit-the-world.html", "zh/how-to/sign-in.html"),
        ("lora微调", "zh/how-to/fine-tune.html", "zh/how-to/sign-in.html"),
        ("quarantined rows", "how-to/prepare-a-dataset.html", "zh/how-to/sign-in.html"),
        ("鹦鹉螺壳", None, "zh/how-to/deploy.html"),
    ],
)
def test_the_site_is_searched_in_both_languages(
    site: Path, browser: Any, query: str, page: str | None, other: str
) -> None:
    """The page's own script splits a query as the index was."""
    search = browser.new_page()
    search.goto(f"file://{site}/search.html?q={query}")
    search.wait_for_function("/finished|did not match/.test(document.body.innerText)")
    links = search.locator("ul.search a").evaluate_all("all => all.map(a => a.href)")
    search.close()
    found = {link.split(f"{site}/")[1].split("#")[0].split("?")[0] for link in links}
    assert other not in found and (page in found if page else not found)


NOT_SETTINGS = {
    "missing: flor",
    "fine_tune: norm",
    "missing: floor",
    "fine_tune: norms",  # of the how-tos, which add them
    "labels: another",
    "labels: true",
    "rows: 60",
    "rows: [{...}, {...}]",
    "where: {field: value}",
    "upper: amount",  # of stories and requests
    "engine: {spark: URL}",  # with a word for an address
}


def test_every_setting_that_a_page_names_may_stand_in_the_file() -> None:
    """What the pages say in passing, as `surge: {unsure: true}`, is a value that some section of
    the file takes there.
    """
    import typing

    from pydantic import TypeAdapter, ValidationError
    from ruamel.yaml import YAML

    from mesocosm.config.schema import Ecosystem
    from mesocosm.core.plugins.choices import NamedChoice
    from mesocosm.core.settings import Settings

    seen: list[type[Settings]] = []

    def walk(annotation: Any) -> None:
        if (
            isinstance(annotation, type)
            and issubclass(annotation, Settings)
            and annotation not in seen
        ):
            seen.append(annotation)
            for field in annotation.model_fields.values():
                walk(field.annotation)
                for data in field.metadata:
                    walk(data)
        if isinstance(annotation, NamedChoice):
            for kind in annotation.kinds.built_in.values():
                walk(kind)
        for part in typing.get_args(annotation):
            walk(part)

    def takes(kind: type[Settings], key: str, value: Any) -> bool:
        """Whether a kind takes a value there, whatever else it lacks."""
        field = {field.alias or name: field for name, field in kind.model_fields.items()}.get(key)
        if field is None:
            return False
        with suppress(ValidationError):
            TypeAdapter(typing.Annotated[field.annotation, *field.metadata, field]).validate_python(
                value
            )
            return True
        try:
            kind.model_validate({key: value})
        except ValidationError as error:
            return all(one["loc"] and one["loc"][0] != key for one in error.errors())
        return True

    walk(Ecosystem)
    pages = [
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs" / "how-to").glob("*.md"),
        *(ROOT / "docs" / "concepts").glob("*.md"),
        *(ROOT / "docs" / "tutorials").glob("*.md"),
        ROOT / "README.md",
    ]
    named = {
        (page.name, said)
        for page in pages
        for said in re.findall(r"`([a-z_]+: [^`]+)`", page.read_text())
        if "..." not in said and said not in NOT_SETTINGS
    }
    wrong = []
    for page, said in sorted(named):
        ((key, value),) = YAML(typ="safe").load(said).items()
        key = "null" if key is None else key  # as the file's reader takes it
        if not any(takes(kind, key, value) for kind in seen):
            wrong.append(f"{page}: {said}")
    assert len(named) > 70 and not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "scene", sorted(p.parent.name for p in (ROOT / "examples").glob("*/ecosystem.yaml"))
)
def test_a_scenes_day_is_one_command(scene: str) -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", "story", f"SCENE={scene}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        done.stdout.splitlines()[-1].endswith(f"mesocosm test scenario -f examples/{scene}")
        and (ROOT / "examples" / scene / "story.yaml").is_file()
    )
