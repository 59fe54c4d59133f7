"""What a visitor asks an inhabitant after: an element of the world, or more of what was asked
before. Words in English and Chinese.

Knows scenes and texts; makes up nothing: what is said of an element is the sentence that the
element itself shows, and a question is never said back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mesocosm.world.wire import Element, Scene

SECTIONS = {
    "sources": ("source", "sources", "spring", "springs", "数据源", "来源", "泉"),
    "datasets": ("dataset", "datasets", "lake", "lakes", "数据集", "湖"),
    "models": ("model", "models", "tree", "trees", "模型", "树"),
    "services": ("service", "services", "lighthouse", "lighthouses", "服务", "灯塔"),
    "monitors": ("monitor", "monitors", "vane", "vanes", "监控", "监测", "风向标"),
}
STATE = (
    "status",
    "state",
    "doing",
    "healthy",
    "health",
    "quality",
    "accuracy",
    "accurate",
    "score",
    "version",
    "rows",
    "requests",
    "latency",
    "drift",
    "drifted",
    "low",
    "how",
    "状态",
    "情况",
    "怎么样",
    "怎样",
    "如何",
    "正常",
    "健康",
    "表现",
    "质量",
    "准确",
    "得分",
    "版本",
    "多少",
    "几行",
    "行数",
    "请求",
    "延迟",
    "漂移",
)
OPEN = ("open", "any", "many", "what", "有", "吗", "哪些", "多少", "什么")
ALERTS = ("alert", "alerts", "alarm", "alarms", "告警", "警报", "报警")
BACK = ("it", "its", "that")
HAN_BACK = re.compile("它|那|这个|(?<!尤|与|极)其(?!他|它|余|实|次|中)|(?<!应|活)该")
FILLERS = frozenset(
    [
        "and",
        "so",
        "then",
        "how",
        "long",
        "much",
        "many",
        "when",
        "why",
        "where",
        "what",
        "about",
        "is",
        "it",
        "that",
        "this",
        "does",
        "take",
        "do",
        "i",
        "can",
        "you",
        "will",
        "be",
        "for",
        "please",
        "again",
        "more",
        "days",
        "exactly",
        "the",
    ]
)
HAN_FILLERS = (  # the longer ones first: what they leave is looked at
    *("需要多久", "要多久", "多长时间", "是什么时候", "什么时候", "为什么", "怎么办", "多少钱"),
    *("多久", "几天", "什么", "哪里", "哪儿", "如何", "怎么", "怎样", "多少", "还有", "那么"),
    *("然后", "具体", "麻烦", "请问", "可以", "能", "吗", "呢", "吧", "啊", "呀", "那", "和", "这"),
    *("它", "又", "再", "请", "是", "要", "的", "我", "你", "您", "就", "会", "需", "都", "也"),
)
HAN_LINKING = re.compile(r"^(?:那么|那|还有|以及|和|再|请问|如果是|换成)+|[呢吗吧啊呀]+$")
SHORT = 6  # words of a question that is understood from the one before
SHORT_HAN = 12  # letters of such a question in Chinese
BEGINNING = 8  # words of the question before that are looked at
BEGINNING_HAN = 10  # letters of it, in Chinese
MOST = 4  # elements described in one answer
HAN = r"\u3400-\u9fff"
# behind the Chinese word of a kind where the whole kind is asked after: "模型的准确率", no "服务费"
OF_KIND = (
    rf"(?:[们都的里中有最是还各]|现在|目前|今天|当前|运行|整体)*"
    rf"(?:{'|'.join(word for word in STATE if not word.isascii())}|[吗呢吧啊]|(?![{HAN}]))"
)
# before one of a single letter, which is a part of names: "湖南", "芜湖", "泉州"
APART = rf"(?:(?<![{HAN}])|(?<=[这那个片座眼棵些]))"
WORDS = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+")  # Chinese stands by itself beside other letters


def _spoken(text: str) -> str:
    """A name or question as it would be said: words and single spaces, lower case.

    >>> _spoken("How is the Credit-Desk?"), _spoken("credit湖怎么样？")
    (' how is the credit desk ', ' credit 湖怎么样 ')
    """
    return f" {' '.join(WORDS.findall(text.lower()))} "


def supposes(question: str, words: Sequence[str]) -> bool:
    """Whether a question has one of some words."""
    return _has(_spoken(question), words)


def _has(spoken: str, words: Sequence[str]) -> bool:
    return any(_contains(spoken, word) for word in words)


def _contains(spoken: str, word: str) -> bool:
    """Whether a word is in a text; Chinese has no spaces around its words."""
    if word.isascii():
        return f" {word} " in spoken
    return word in spoken


def _names(spoken: str, name: str) -> bool:
    words = _spoken(name)
    if name.isascii():
        return words in spoken
    return words.strip() in spoken


def find_elements(question: str, scene: Scene, *, loosely: bool = False) -> list[Element]:
    """The elements whose state a question asks after; none where it asks for something else.

    An element is meant where its address is written, or its name beside what it is ("the credit
    lake"). Loosely, also where a name of two words or a whole kind comes with a word of state ("how
    is the credit desk", "how are the models"), or where alerts are asked for, which the monitors
    have.
    """
    spoken = _spoken(question)
    kinds = [section for section, words in SECTIONS.items() if _has(spoken, words)]
    meant = _find_named(question, kinds, scene)
    if not meant and loosely:
        meant = _find_loosely(spoken, kinds, scene)
    meant = _keep_longest_name(spoken, meant)
    return sorted(meant, key=lambda e: (e.state not in ("alarm", "watch"), e.depth))[:MOST]


def _find_named(question: str, kinds: Sequence[str], scene: Scene) -> list[Element]:
    """The elements whose address is written, or whose name is beside what they are."""
    spoken, addresses = _spoken(question), question.lower().split()
    return [
        element
        for element in scene.elements
        if element.id in addresses or (_section(element) in kinds and _names(spoken, element.name))
    ]


def _section(element: Element) -> str:
    return element.id.partition(".")[0]


def _list_kinds(scene: Scene, kinds: Sequence[str]) -> list[Element]:
    """The elements of some sections."""
    return [element for element in scene.elements if _section(element) in kinds]


def _find_loosely(spoken: str, kinds: Sequence[str], scene: Scene) -> list[Element]:
    """The elements of a long name or of a kind, beside a word of state; or the monitors, where
    alerts are asked for.
    """
    meant: list[Element] = []
    if _has(spoken, STATE):
        meant = [element for element in scene.elements if _has_long_name(spoken, element)]
        whole = [kind for kind in kinds if any(_asks_of(spoken, w) for w in SECTIONS[kind])]
        meant = meant or _list_kinds(scene, whole)
    if not meant and _has(spoken, ALERTS) and _has(spoken, OPEN):
        return _list_kinds(scene, ["monitors"])
    return meant


def _asks_of(spoken: str, word: str) -> bool:
    """Whether a text asks after all of a kind by its word, and has it not as a part of another.

    >>> _asks_of(" 湖怎么样 ", "湖"), _asks_of(" 湖南的订单怎么样 ", "湖")
    (True, False)
    """
    if word.isascii():
        return _contains(spoken, word)
    before = APART if len(word) == 1 else ""
    return re.search(f"{before}{word}{OF_KIND}", spoken) is not None


def _has_long_name(spoken: str, element: Element) -> bool:
    """Whether a text has the name of an element, of two words or more."""
    is_long = len(_spoken(element.name).split()) > 1
    return is_long and _section(element) in SECTIONS and _names(spoken, element.name)


def _keep_longest_name(spoken: str, meant: list[Element]) -> list[Element]:
    """Of elements with several names, those of the longest: "credit desk" means no "credit"."""
    several = len({element.name for element in meant}) > 1
    if not several or not any(_names(spoken, element.name) for element in meant):
        return meant
    longest = max(len(element.name) for element in meant)
    return [element for element in meant if len(element.name) == longest]


def upstream(ident: str, scene: Scene, through: str = "") -> list[str]:
    """The path from an element up to a spring, each the next one's neighbour; `through` is taken
    where the path forks there.
    """
    by_id = {element.id: element for element in scene.elements}
    path = [ident]
    while needs := [need for need in by_id[path[-1]].needs if need in by_id and need not in path]:
        path.append(_choose_need(needs, through))
    return path


def _choose_need(needs: Sequence[str], through: str) -> str:
    if through in needs:
        return through
    return next((need for need in needs if need.startswith("datasets.")), needs[0])


def expand_question(before: str, last: str) -> list[str]:
    """What a short question may mean after another one: the other's beginning with this one's
    words.

    >>> expand_question("How do I change my PIN?", "and my phone number?")[-2]
    'How do I change my phone number'
    >>> expand_question("How do I change my PIN?", "Is it true that the moon is of green cheese?")
    []
    >>> expand_question("怎么修改我的密码？", "那电话号码呢？")[2]
    '怎么修改电话号码'
    """
    if _is_chinese(last):
        return _expand_chinese(before, last)
    linking = ("and", "what", "about", "then")
    words = [word for word in _split(last) if word.lower() not in linking]
    if not 0 < len(words) <= SHORT:
        return []
    beginning = _split(before)[:BEGINNING]
    return [" ".join([*beginning[:count], *words]) for count in range(2, len(beginning))]


def _is_chinese(text: str) -> bool:
    return re.search(f"[{HAN}]", text) is not None


def _expand_chinese(before: str, last: str) -> list[str]:
    """As `expand_question`, of a language that has no spaces between its words."""
    words = HAN_LINKING.sub("", "".join(_split(last)))
    if not 0 < len(words) <= SHORT_HAN:
        return []
    beginning = "".join(_split(before))[:BEGINNING_HAN]
    return [beginning[:count] + words for count in range(2, len(beginning))]


def _split(question: str) -> list[str]:
    """The words of a question as they were written."""
    words: list[str] = re.findall(r"[^\s?!.？！。，]+", question)
    return words


def continues(last: str) -> bool:
    """Whether a question asks nothing new, so that the answer before still answers it.

    >>> continues("and how long?"), continues("and my dog?")
    (True, False)
    >>> continues("那要多久呢？"), continues("那我的狗呢？")
    (True, False)
    """
    return all(word in FILLERS or _is_filler(word) for word in _spoken(last).split())


def _is_filler(word: str) -> bool:
    """Whether a run of Chinese letters asks nothing new."""
    if not _is_chinese(word):
        return False
    for filler in HAN_FILLERS:
        word = word.replace(filler, "")
    return not word


def refers_back(last: str) -> bool:
    """Whether a question speaks of what the one before named.

    >>> refers_back("and its accuracy?"), refers_back("它的准确率呢？")
    (True, True)
    >>> refers_back("and my phone?"), refers_back("应该怎么办？")
    (False, False)
    """
    spoken = _spoken(last)
    return _has(spoken, BACK) or HAN_BACK.search(spoken) is not None
