"""Names of people in Chinese, Japanese and Korean, by family names and what stands around them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mesocosm.data.parsing.chinese.words import is_word
from mesocosm.data.privacy.names import CHINESE_FAMILY
from mesocosm.data.privacy.peoples.latin_names import FoundName

_KANJI = "\u4e00-\u9fff々"
_JA = (  # common family names of Japan
    "佐藤|鈴木|高橋|田中|伊藤|渡辺|渡邊|山本|中村|小林|加藤|吉田|山田|佐々木|山口|松本|井上|木村|林|斎藤|斉藤|"
    "清水|山崎|森|池田|橋本|阿部|石川|山下|中島|石井|小川|前田|岡田|長谷川|藤田|後藤|近藤|村上|遠藤|青木|坂本|"
    "福田|太田|西村|藤井|金子|岡本|藤原|三浦|中野|中川|原田|松田|竹内|小野|田村|中山|和田|石田|森田|上田|原|"
    "内田|柴田|酒井|宮崎|横山|高木|安藤|宮本|大野|小島|谷口|今井|工藤|高田|増田|丸山|杉山|村田|大塚|新井|小山|"
    "平野|河野|藤本|上野|野口|武田|松井|千葉|岩崎|菅原|木下|久保|佐野|野村|松尾|市川|菊地|杉本|古川|大西|島田|"
    "水野|桜井|高野|渡部|吉川|山内|西田|飯田|菊池|西川|小松|北村|安田|五十嵐|川口|平田|関|中田|久保田|服部|東|"
    "岩田|土屋|川崎|福島|本田|辻|樋口|秋山|永井|山中|中西|吉村|川上|大橋|石原|松岡|浜田|馬場|森本|矢野|浅野|"
    "松下|星野|大久保|吉岡|小池|野田|荒木|熊谷|松浦|大谷|内藤|黒田|尾崎|川村|永田|望月|松村|田口|荒井|堀|桑原"
)
_NOT_JA = r"(?!お客|皆|奥|王|神|多|同|仕|模|各位|関係|利用|患者|会員|担当者)"
_GIVEN = rf"(?:(?![様氏殿君])[{_KANJI}ぁ-んァ-ヶー])"
_JA_NAME = (
    rf"{_NOT_JA}(?:(?:{_JA})[ 　]?{_GIVEN}{{1,4}}?|"
    rf"[{_KANJI}]{{1,4}}[ 　]{_GIVEN}{{1,4}}?|(?:{_JA}))"
)
_JA_AFTER = (
    r"(?:[ 　]?(?:さん|様|さま|氏|君|くん|ちゃん|先生|殿)(?!子|々)|と(?:申|言|い)[いし]ます)"
)
JAPANESE = (
    re.compile(rf"(?<![{_KANJI}])({_JA_NAME})(?={_JA_AFTER})"),
    re.compile(
        rf"(?:名前は|氏名は?|名義は?|担当者?は?|署名|敬具|顧客の?|患者の?|契約者の?|会員の?|"
        rf"送り主|宛名|私は)[：: 　]{{0,2}}"
        rf"({_NOT_JA}(?:(?:{_JA})[ 　]?{_GIVEN}{{1,4}}?|[{_KANJI}]{{1,4}}[ 　]{_GIVEN}{{1,4}}?))"
        r"(?=$|です|と|[、。,. 　（(]|が|は|電話|メール)"
    ),
)
_KO = (
    "(?:남궁|독고|황보|선우|제갈|[김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진지엄"
    "채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국은편용예경봉사부나])"
)
_KO_NAME = rf"(?<![가-힣])({_KO}[가-힣]{{1,2}})"
KOREAN = (
    re.compile(
        rf"{_KO_NAME}(?= ?(?:씨|드림|올림)(?![가-힣]{{3}})| ?님(?![가-힣]{{3}})| (?:고객|"
        rf"회원|환자|대리|과장|부장|사원|선생))"
    ),
    re.compile(
        r"(?:(?:제|내|저의) ?이름은|성명[은:]?|이름[은:]?|저는|나는|담당자[는:]?|고객|환자|"
        r"회원|수취인[은:]?|예금주[는:]?|신청인[은:]?)"
        rf" ?{_KO_NAME}(?=$|입니다|이고|이라|라고|예요|이에요|이며|[,. ]|"
        rf"[이가은는을를의](?![가-힣]))"
    ),
)
_NOT_KO = frozenset(
    [
        "고객",
        "고객님",
        "여러분",
        "회원",
        "선생",
        "사장",
        "부모",
        "손님",
        "주인",
        "이번",
        "이분",
        "한국",
        "서울",
        "정보",
        "주문",
        "문의",
        "이용",
    ]
)
_ZH = rf"((?:欧阳|司马|上官|诸葛|[{CHINESE_FAMILY}])[\u4e00-\u9fff]{{1,2}}?)"
CHINESE_MORE = (
    re.compile(
        rf"(?:此致[，,\s]{{0,2}}|敬上[，,\s]{{0,2}}|(?:^|[，。\s])(?:昨天|今天|刚才|上午|"
        rf"下午)|更新|修改|由(?!于)|我是|您好，)"
        rf"{_ZH}(?=$|[，。,\s]|的(?:资料|信息|账户|地址|电话|档案|订单)|(?:打|来)电|出示|"
        rf"提交|询问|申请|签字|签名|投诉|来信|负责|处理|跟进)"
    ),
    re.compile(
        rf"(?:客户|用户|患者|病人|员工|业主|车主|会员|申请人|持卡人|我叫|名叫|姓名)[:：是]?{_ZH}"
        rf"(?=丢失|遗失|反映|表示|要求|希望|购买|退货|取消|更改|支付|住在|[，。,；])"
    ),
    re.compile(rf"(?<![\u4e00-\u9fff]){_ZH}(?=先生|女士|小姐|(?:打|来)电话|敬上)"),
)
_FORMS = ((re.compile(rf"[{_KANJI}]"), (*JAPANESE, *CHINESE_MORE)), (re.compile("[가-힣]"), KOREAN))


def find_asian_names(text: str) -> Iterator[FoundName]:
    """Names of people in Chinese characters or Hangul.

    >>> text = "昨日、佐藤 陽一様から電話"
    >>> [text[n.start : n.end] for n in find_asian_names(text)]
    ['佐藤 陽一']
    """
    for script, forms in _FORMS:
        if script.search(text):
            for form in forms:
                yield from _find_each(form, text)


def _find_each(form: re.Pattern[str], text: str) -> Iterator[FoundName]:
    for match in form.finditer(text):
        name = match[1]
        if name in _NOT_KO or (form in CHINESE_MORE and is_word(name, begins=False)):
            continue
        yield FoundName(match.start(1), match.end(1), 0.8)
