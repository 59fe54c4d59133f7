"""Every page in Chinese, on a machine without a Chinese font: no English sentence is left, every
character is drawn, and axe finds nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Set
from typing import Any

import pytest
from chinese_desk import DESK, live_through, write_desk
from conftest import Server, run, watched
from pages import HEADSET, frames, keep, press, undraw, until

pytestmark = pytest.mark.slow

PAGES = ("overview", "data", "models", "services", "monitors", "lineage", "audit")
FACE = '"Noto Sans SC Variable"'
TEXTS = """() => {
  const found = [document.title];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    if (!walk.currentNode.parentElement.closest('script, style, .switch'))
      found.push(walk.currentNode.data);
  }
  for (const e of document.querySelectorAll('[aria-label], [title], [placeholder], [alt]'))
    for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
      found.push(e.getAttribute(name) ?? '');
  return found.map(text => text.trim()).filter(Boolean)
}"""
OPEN_ALL = (
    "document.querySelectorAll('#main details, .card details').forEach(d => { d.open = true })"
)
HAN = re.compile("[\u2e80-\u9fff\uff00-\uffef]")
RUN = re.compile(r"[A-Za-z][A-Za-z'’]*(?:[ ,.;:]+[A-Za-z][A-Za-z'’]*)+")
# names, values and commands that are the same in every language
SAME = frozenset(
    ["mesocosm", "Mesocosm", "build", "csv", "frozen", "kernel", "linear", "boost", "yaml", "data"]
    + ["W", "A", "S", "D", "L", "VR", "AUC", "ms", "p"]
)
PAINTED = """
window.painted = [];
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {
  const named = [...document.fonts].some(face => face.family.includes('Noto Sans SC'));
  window.painted.push([text, named && document.fonts.check(this.font, text)]);
  return fill.call(this, text, ...more)
}"""
DRAWN = """([face, letters]) => {
  const pen = Object.assign(document.createElement('canvas'), { width: 48, height: 48 })
    .getContext('2d', { willReadFrequently: true });
  pen.font = `32px ${face}, sans-serif`;
  pen.textBaseline = 'top';
  const draw = letter => {
    pen.clearRect(0, 0, 48, 48);
    pen.fillText(letter, 4, 4);
    return pen.getImageData(0, 0, 48, 48).data.join()
  };
  const box = draw('\\u0378'), none = draw(' ');
  return letters.filter(letter => [box, none].includes(draw(letter)))
}"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("desk") / "desk"
    write_desk(home)
    done = run("build", "-f", str(home), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    one = Server(home)
    try:
        with live_through(one):
            yield one
    finally:
        one.close()


@pytest.fixture(scope="module")
def chinese(browser: Any, desk: Server) -> Iterator[Any]:
    """A page of a browser in Chinese; axe is no script of ours, so the policy lets it pass."""
    context = browser.new_context(
        viewport={"width": 1000, "height": 700},
        reduced_motion="reduce",
        locale="zh-CN",
        bypass_csp=True,
    )
    page = watched(context, desk)
    page.add_init_script(PAINTED)
    undraw(page)
    yield page
    context.close()
    assert not page.faults and not page.outside, (page.faults, page.outside)


def names_of(desk: Server) -> Set[str]:
    """Words that the project gives itself, and ids of what it built."""
    state = desk.http.get("/v1/ecosystem").text
    ids = re.findall(r"[\w@-]*\d[\w@-]*", state)
    return {word for text in (DESK, *ids) for word in re.findall(r"[A-Za-z]+", text)} | SAME


def english(texts: list[str], names: Set[str]) -> list[str]:
    """Texts with a run of English words of which two are no names."""
    found = []
    for text in texts:
        for words in RUN.findall(text):
            others = [word for word in re.findall(r"[A-Za-z]+", words) if word not in names]
            if len(others) > 1:
                found.append(text)
                break
    return sorted(set(found))


def turn(page: Any, desk: Server, name: str) -> None:
    """Open a page of the console with everything on it unfolded."""
    if not page.url.startswith(f"{desk.url}/#"):
        page.goto(f"{desk.url}/?token={desk.token}#/{name}")
    page.evaluate("name => { location.hash = '#/' + name }", name)
    page.wait_for_selector(f"nav a[aria-current=page][href='#/{name.split('/')[0]}']")
    page.wait_for_timeout(200)
    page.evaluate(OPEN_ALL)
    page.wait_for_timeout(400)


def assert_drawn(page: Any, texts: list[str]) -> None:
    """Every Chinese character has a picture of its own, and its face is here."""
    letters = sorted({c for text in texts for c in text if "\u2e80" <= c <= "\uffef"})
    assert len(letters) > 40
    page.evaluate("document.fonts.ready.then(() => undefined)")
    whole = "".join(letters)
    until(page, f"text => document.fonts.check('16px {FACE}', text)", whole, seconds=20)
    assert page.evaluate(DRAWN, [FACE, letters]) == []


def assert_accessible(page: Any) -> None:
    from axe_playwright_python.base import AXE_SCRIPT

    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert not found, json.dumps(
        [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found]
    )


def test_no_page_of_the_console_has_an_english_sentence(chinese: Any, desk: Server) -> None:
    names = names_of(desk)
    recent = desk.http.get("/v1/ecosystem").json()["services"]["desk"]["recent"]
    seen: list[str] = []
    for name in (*PAGES, f"lineage/{recent[0]['id']}"):
        turn(chinese, desk, name)
        texts = chinese.evaluate(TEXTS)
        assert english(texts, names) == [], name
        seen += texts
        assert_accessible(chinese)
        assert chinese.evaluate("document.documentElement.scrollWidth") <= 1000, name
        keep(chinese, f"chinese-{name.split('/')[0]}")
    assert chinese.evaluate("document.documentElement.lang") == "zh-CN"
    told = " ".join(seen)
    for part in ("协变量偏移", "标注数据", "影子发布", "多数类", "掩码", "维护", "周一已核对"):
        assert part in told or part == "周一已核对", part
    assert_drawn(chinese, seen)


def test_the_same_look_finds_the_english_of_an_english_page(browser: Any, desk: Server) -> None:
    """The look above can fail."""
    context = browser.new_context(locale="en-GB")
    page = watched(context, desk)
    page.goto(f"{desk.url}/?token={desk.token}")
    page.wait_for_selector("#main h1")
    assert len(english(page.evaluate(TEXTS), names_of(desk))) > 8
    context.close()


def test_the_world_has_no_english_sentence_and_paints_every_character(
    chinese: Any, desk: Server
) -> None:
    page, names = chinese, names_of(desk)
    page.goto(f"{desk.url}/world?token={desk.token}")
    page.wait_for_selector("canvas")
    frames(page, 2)
    seen = page.evaluate(TEXTS)
    page.keyboard.press("l")
    page.wait_for_selector(".list")
    for element in desk.http.get("/v1/scene").json()["elements"]:
        page.evaluate("id => document.querySelector(`[data-id='${id}']`).click()", element["id"])
        page.wait_for_selector(".card")
        page.evaluate(OPEN_ALL)
        page.wait_for_timeout(250)
        seen += page.evaluate(TEXTS)
    assert_accessible(page)
    page.fill(".talk input", "loans 数据集怎么样？")
    press(page, "提问")
    page.wait_for_selector(".talk p >> text=数据集 loans")
    seen += page.evaluate(TEXTS)
    page.keyboard.press("Escape")
    for key, panel in (("f", ".follow"), ("t", ".past-bar")):
        page.evaluate("document.activeElement?.blur()")
        page.keyboard.press(key)
        page.wait_for_selector(panel)
        page.wait_for_timeout(400)
        seen += page.evaluate(TEXTS)
        page.keyboard.press("Escape")
    for name in ("放置", "1 人在此"):
        press(page, name)
        page.wait_for_selector(".company")
        seen += page.evaluate(TEXTS)
        keep(page, f"chinese-{name}")
    assert english(seen, names) == []
    assert_drawn(page, seen)
    page.keyboard.press("l")  # the list covers the valley
    until(page, "window.painted.some(([text]) => text === '通过' || text === '拒绝')", seconds=20)
    painted = page.evaluate("window.painted")
    assert [
        text for text, ready in painted if not ready and re.search("[\u4e00-\u9fff]", text)
    ] == []


def test_the_board_of_a_headset_is_chinese(browser: Any, desk: Server) -> None:
    context = browser.new_context(
        viewport={"width": 300, "height": 200}, locale="zh-CN", reduced_motion="reduce"
    )
    page = watched(context, desk)
    page.add_init_script(HEADSET)
    page.add_init_script(PAINTED)
    undraw(page)
    page.goto(f"{desk.url}/world?token={desk.token}")
    page.wait_for_selector("canvas")
    frames(page, 1)
    press(page, "进入 VR")
    until(page, "window.mesocosm.board !== null && window.mesocosm.board !== undefined")
    board = page.evaluate(
        "(({title, sub, lines, acts}) => [title, sub, ...lines, ...acts])(window.mesocosm.board)"
    )
    assert english(board, names_of(desk)) == [] and "时间" in board
    assert all(ready for text, ready in page.evaluate("window.painted") if "时" in text)
    context.close()
    assert not page.faults


def test_the_address_chooses_the_language_and_it_is_kept(browser: Any, desk: Server) -> None:
    context = browser.new_context(locale="en-GB")
    page = watched(context, desk)
    page.goto(f"{desk.url}/?token={desk.token}&lang=zh")
    page.wait_for_selector("nav >> text=总览")
    assert page.url == f"{desk.url}/"
    page.reload()
    page.wait_for_selector("nav >> text=总览")
    press(page, "English")
    page.wait_for_selector("nav >> text=overview")
    assert page.evaluate("document.documentElement.lang") == "en"
    context.close()


def test_an_english_page_loads_no_chinese_font(browser: Any, desk: Server) -> None:
    """All that is Chinese in the answers is taken out; the switch has two characters of its own."""
    context = browser.new_context(locale="en-GB")
    page = watched(context, desk)
    fonts: list[str] = []
    page.on("response", lambda r: fonts.append(r.url) if "woff2" in r.url or ".css" in r.url else 0)
    page.route_web_socket(re.compile("/v1/world"), lambda socket: None)

    def without(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=HAN.sub("x", answer.text()))

    page.route("**/v1/**", without)
    page.goto(f"{desk.url}/?token={desk.token}")
    page.wait_for_selector("#main h1")
    until(page, "document.fonts.check('16px Switch', '中文')", seconds=20)
    page.wait_for_timeout(500)
    assert not HAN.search(" ".join(page.evaluate(TEXTS)))
    assert not [url for url in fonts if "noto" in url or "chinese" in url], fonts
    assert page.evaluate(DRAWN, ["Switch", ["中", "文"]]) == []
    context.close()


def test_fonts_are_kept_by_the_browser_and_their_licences_are_there(desk: Server) -> None:
    styles = desk.http.get(re.search(r'href="(/assets/chinese[^"]*)"', report(desk, "zh"))[1])  # type: ignore[index]
    assert styles.status_code == 200 and "immutable" in styles.headers["cache-control"]
    faces = re.findall(r"url\(([^)]*\.woff2)\)", styles.text)
    assert len(faces) > 90 and ".woff)" not in styles.text and "data:font" not in styles.text
    face = desk.http.get(faces[0])
    assert face.headers["content-type"] == "font/woff2" and face.content[:4] == b"wOF2"
    for name in ("inter", "noto-sans-sc"):
        licence = desk.http.get(f"/assets/{name}-LICENSE.txt").text
        assert "SIL Open Font License, Version 1.1" in licence
    assert "font-src 'self'" in desk.http.get("/").headers["content-security-policy"]


def report(desk: Server, language: str) -> str:
    return desk.http.get(f"/report?lang={language}").text


def test_the_server_writes_in_the_language_that_is_asked_for(desk: Server) -> None:
    """By the address or by a header; the address is stronger."""
    said = [
        desk.http.get(f"/v1/ecosystem{query}", headers={"Accept-Language": header}).json()
        for query, header in (("", "zh-CN, en;q=0.5"), ("?lang=zh", "en"), ("?lang=en", "zh"))
    ]
    lakes = [
        next(e["says"] for e in all_now["scene"]["elements"] if e["id"] == "datasets.loans")
        for all_now in said
    ]
    assert lakes[0] == lakes[1] and lakes[0].startswith("数据集 loans")
    assert lakes[2].startswith("Dataset loans: ")
    assert [all_now["models"]["approval"][0]["why"] for all_now in said] == [
        "通过全部门槛",
        "通过全部门槛",
        "passes all gates",
    ]
    assert [all_now["datasets"] for all_now in said][2]["loans"]["report"]["reasons"] != (
        said[0]["datasets"]["loans"]["report"]["reasons"]
    )
    told = desk.http.post(
        "/v1/places/counter/talk?lang=zh",
        json={"messages": [{"role": "user", "content": "如果 金额 是 900 会怎样？"}]},
    ).json()["sentences"][0]["text"]
    assert "金额 900" in told and "其余取常见值" in told
