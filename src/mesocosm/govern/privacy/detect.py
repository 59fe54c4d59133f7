"""Private data found in columns and in free text, in English, German, French, Spanish and Chinese.

Knows forms with their checksums, words that go before a name, and lists of family names. Values are
never kept or printed: a finding is a kind and a span.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from mesocosm.govern.privacy.cues import NUMBERS, TOLD_BY, han_forms, name_forms

CHINESE_FAMILY = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
    "庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙薄伏岑习胥保和蔺"
)
PROVINCES = "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
STREETS = [
    "Alley",
    "Annex",
    "Arcade",
    "Avenue",
    "Bayou",
    "Beach",
    "Bend",
    "Bluff",
    "Bluffs",
    "Bottom",
    "Boulevard",
    "Branch",
    "Bridge",
    "Brook",
    "Brooks",
    "Burg",
    "Burgs",
    "Bypass",
    "Camp",
    "Canyon",
    "Cape",
    "Causeway",
    "Center",
    "Centers",
    "Circle",
    "Circles",
    "Cliff",
    "Cliffs",
    "Club",
    "Common",
    "Commons",
    "Corner",
    "Corners",
    "Course",
    "Court",
    "Courts",
    "Cove",
    "Coves",
    "Creek",
    "Crescent",
    "Crest",
    "Crossing",
    "Crossroad",
    "Curve",
    "Dale",
    "Dam",
    "Divide",
    "Drive",
    "Drives",
    "Estate",
    "Estates",
    "Expressway",
    "Extension",
    "Extensions",
    "Fall",
    "Falls",
    "Ferry",
    "Field",
    "Fields",
    "Flat",
    "Flats",
    "Ford",
    "Fords",
    "Forest",
    "Forge",
    "Forges",
    "Fork",
    "Forks",
    "Fort",
    "Freeway",
    "Garden",
    "Gardens",
    "Gateway",
    "Glen",
    "Glens",
    "Green",
    "Greens",
    "Grove",
    "Groves",
    "Harbor",
    "Harbors",
    "Haven",
    "Heights",
    "Highway",
    "Hill",
    "Hills",
    "Hollow",
    "Inlet",
    "Island",
    "Islands",
    "Isle",
    "Junction",
    "Junctions",
    "Key",
    "Keys",
    "Knoll",
    "Knolls",
    "Lake",
    "Lakes",
    "Land",
    "Landing",
    "Lane",
    "Light",
    "Lights",
    "Loaf",
    "Lock",
    "Locks",
    "Lodge",
    "Loop",
    "Mall",
    "Manor",
    "Manors",
    "Meadow",
    "Meadows",
    "Mews",
    "Mill",
    "Mills",
    "Mission",
    "Motorway",
    "Mount",
    "Mountain",
    "Mountains",
    "Neck",
    "Orchard",
    "Oval",
    "Overpass",
    "Park",
    "Parks",
    "Parkway",
    "Parkways",
    "Pass",
    "Passage",
    "Path",
    "Pike",
    "Pine",
    "Pines",
    "Place",
    "Plain",
    "Plains",
    "Plaza",
    "Point",
    "Points",
    "Port",
    "Ports",
    "Prairie",
    "Radial",
    "Ramp",
    "Ranch",
    "Rapid",
    "Rapids",
    "Rest",
    "Ridge",
    "Ridges",
    "River",
    "Road",
    "Roads",
    "Route",
    "Row",
    "Rue",
    "Run",
    "Shoal",
    "Shoals",
    "Shore",
    "Shores",
    "Skyway",
    "Spring",
    "Springs",
    "Spur",
    "Spurs",
    "Square",
    "Squares",
    "Station",
    "Stravenue",
    "Stream",
    "Street",
    "Streets",
    "Summit",
    "Terrace",
    "Throughway",
    "Trace",
    "Track",
    "Trafficway",
    "Trail",
    "Tunnel",
    "Turnpike",
    "Underpass",
    "Union",
    "Unions",
    "Valley",
    "Valleys",
    "Via",
    "Viaduct",
    "View",
    "Views",
    "Village",
    "Villages",
    "Ville",
    "Vista",
    "Walk",
    "Walks",
    "Wall",
    "Way",
    "Ways",
    "Well",
    "Wells",
    "St",
    "Ave",
    "Rd",
    "Ln",
    "Dr",
    "Blvd",
    "Ct",
    "Sq",
    "Pl",
    "Hwy",
    "Pkwy",
    "Cir",
    "Ter",
]  # USPS Publication 28, appendix C1


@dataclass(frozen=True)
class Span:
    """A private value in a text: from `start` to before `end`."""

    start: int
    end: int
    what: str


@dataclass(frozen=True)
class ColumnKind:
    """What a column holds, how much of it, and how it would be hidden."""

    what: str
    share: float
    how: str


def luhn(digits: str) -> bool:
    """Whether the check digit of a card's number holds.

    Source: ISO/IEC 7812-1, annex B.

    >>> luhn("4539578763621486"), luhn("4539578763621487")
    (True, False)
    """
    total = 0
    for i, c in enumerate(reversed(digits)):
        n = int(c) * (2 if i % 2 else 1)
        total += n - 9 if n > 9 else n
    return total % 10 == 0


def iban(value: str) -> bool:
    """Whether an IBAN's check digits hold.

    Source: ISO 13616-1, ISO 7064 mod 97-10.

    >>> iban("DE89 3704 0044 0532 0130 00")
    True
    """
    said = re.sub(r"\s", "", value).upper()
    moved = said[4:] + said[:4]
    return (
        15 <= len(said) <= 34
        and moved.isascii()
        and moved.isalnum()
        and int("".join(str(int(c, 36)) for c in moved)) % 97 == 1
    )


def resident_id(value: str) -> bool:
    """Whether a Chinese resident identity number has a birthday and a check character that hold.

    Source: GB 11643-1999.

    >>> resident_id("11010519491231002X")
    True
    """
    if not re.fullmatch(
        r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]", value
    ):
        return False
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return (
        "10X98765432"[sum(int(c) * w for c, w in zip(value, weights, strict=False)) % 11]
        == value[-1].upper()
    )


def ssn(value: str) -> bool:
    """Whether a US social security number could have been given out.

    Source: SSA POMS RM 10201.035.

    >>> ssn("536-90-4399"), ssn("666-12-3456")
    (True, False)
    """
    match = re.fullmatch(r"(\d{3})-(\d{2})-(\d{4})", value)
    if match is None or match[1] in ("000", "666"):
        return False
    return match[1] < "900" and match[2] != "00" and match[3] != "0000"


def card(value: str) -> bool:
    """Whether a text is a card's number."""
    digits = re.sub(r"[ -]", "", value)
    return 12 <= len(digits) <= 19 and digits.isascii() and digits.isdigit() and luhn(digits)


def address_ip(value: str) -> bool:
    """Whether a text is an IP address."""
    import ipaddress

    try:
        return bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def _any(_: str) -> bool:
    return True


DATE = re.compile(
    r"(?:\d{4}([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2(?:\d{4}|\d{2}))(?:["
    r" T-]+\d{1,2}(?:[:.-]\d{2}){0,2})?(?:\s*-\s*\d{1,2})?"
)
REGIONS = (
    "DE",
    "FR",
    "ES",
    "GB",
    "US",
    "CN",
    "CH",
    "AT",
    "IT",
)  # whose numbers are known without a country's code


def phone(value: str) -> bool:
    """Whether figures in groups are a phone number: by a country's code, in North America's groups,
    or by the plan of one of `REGIONS`.

    Dates, coordinates, versions and amounts are none.

    >>> [phone(v) for v in ("0171/1234567", "+49 30 1234567", "555-123-4567", "2023-01-05", "10.12.2023", "52.5200 13.4050", "1.200.300")]
    [True, True, True, False, False, False, False]
    """
    bare = value.split("x")[0].strip()
    digits = re.sub(r"\D", "", bare)
    if (
        not 7 <= len(digits) <= 15
        or DATE.fullmatch(bare)
        or re.fullmatch(r"\d{1,3}\.\d{3,}\s+\d{1,3}\.\d{3,}", bare)
        or re.fullmatch(r"\d{1,3}([., ])\d{3}(\1\d{3})*", bare)
    ):
        return False
    if bare.startswith(("+", "00")) or re.fullmatch(
        r"(?:1[ .-]?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}", bare
    ):
        return True
    if re.fullmatch(r"\d{1,4}(?:\.\d{1,4}){2,}", bare) and not bare.startswith("0"):
        return False  # a version, or an address of a network
    return any(_valid(digits, region) for region in REGIONS)


@lru_cache(maxsize=4096)
def _valid(digits: str, region: str) -> bool:
    import phonenumbers

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(digits, region)))
    except phonenumbers.NumberParseException:
        return False


_U = "A-Z" + "".join(c for c in map(chr, range(0xC0, 0x250)) if c.isupper())
_L = "a-z" + "".join(c for c in map(chr, range(0xC0, 0x250)) if c.islower())
_CAP = rf"(?:[ODLNd]['’])?(?:Mc|Mac|Fitz|De|Di|Le|La|Van)?[{_U}][{_L}]+(?:['’-][{_U}]?[{_L}]+)*"
_OF = (
    r"(?:von der|von dem|von und zu|vom|von|van der|van den|van de|van|zu|zur|de la|de las|de"
    r" los|de|del|della|di|da|dos|du|des|d['’]|le|la|bin|ibn|al|ten|ter|y)"
)
_NAME = rf"{_CAP}(?:\s+[{_U}]\.)?(?:\s+(?:{_OF}\s+)?{_CAP}){{1,3}}"
_AFTER_TITLE = rf"(?:{_NAME}|(?:{_OF}\s+)?{_CAP}(?:\s+{_CAP})?)"
_LOUD = rf"[{_U}][{_U}'’-]+"
_WHERE = rf"(?:,?\s+(?:\d{{4,5}}\s+)?{_CAP}(?=$|[\s.,;!?)]))"
_HAN = rf"(?!(?<=由)于|高兴|高级|方便|方案|方面|时间|时候|时代|费用|任何|任务|安排|安装|安全|应该|计划|计算|成功|成为|程序|马上|金额|单位|单独|水平|万一|华为|车辆|毛病|成都|和平|经理|全部|常见|常用|祝您|白天)(?:欧阳|司马|上官|诸葛|[{CHINESE_FAMILY}])[\u4e00-\u9fff]{{1,2}}"
_STREET = rf"(?:{'|'.join(sorted(STREETS, key=len, reverse=True))})"

FORMS = (
    (
        "e-mail",
        re.compile(
            rf"(?<![0-9_.+{_U}{_L}-])[0-9_.+{_U}{_L}-]+(?:['’][0-9_.+{_U}{_L}-]+)*@[0-9_{_U}{_L}-]+(?:\.[0-9_{_U}{_L}-]+)*\.[{_U}{_L}]{{2,}}(?![0-9_{_U}{_L}-])"
        ),
        _any,
    ),
    (
        "e-mail",
        re.compile(r"[\w.+-]{1,40}@[\u4e00-\u9fff\w-]+\.(?:中国|公司|网络|com|cn)(?![A-Za-z])"),
        _any,
    ),
    ("iban", re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?\b"), iban),
    ("national id", re.compile(r"(?<!\d)\d{17}[\dXx](?![\dA-Za-z])"), resident_id),
    ("national id", re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"), ssn),
    ("card", re.compile(r"(?<![\d-])\d(?:[ -]?\d){11,18}(?![\d-])"), card),
    ("ip", re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"), address_ip),
    (
        "ip",
        re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){2,7}[0-9A-Fa-f:]{0,40}(?![\w:])"),
        address_ip,
    ),
    (
        "phone",
        re.compile(
            r"(?<![\w+-])(?:\+|00)[1-9]\d{0,2}(?:["
            r" ./-]?\(?\d{1,5}\)?){2,6}(?:x\d{1,5})?(?![\w-]|[.,]\d)"
        ),
        phone,
    ),
    ("phone", re.compile(r"(?<![\d-])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"), _any),
    (
        "phone",
        re.compile(
            r"(?:(?<=[Tt]el )|(?<=[Tt]el\. )|(?<=[Tt]el: )|(?<=lame al )|(?<=eléfono )|(?<=eléfono"
            r" es )|(?<=móvil )|(?<=phone )|(?<=numéro )|(?<=number )|(?<=call ))\d{2,3}(?:["
            r" .]\d{2,3}){2,4}(?![\w-]|[.,]\d)"
        ),
        _any,
    ),
    (
        "phone",
        re.compile(
            r"(?<![\w+-])(?:\+\d{1,3}|001)?[ .-]?\(?\d{2,4}\)?(?:["
            r" .-]\d{2,4}){2,4}(?:x\d{1,5})?(?![\w-]|[.,]\d)"
        ),
        phone,
    ),
    (
        "phone",
        re.compile(
            r"(?<![\w+.-])\(?0\d{1,5}\)?[ ]?[/ -][ ]?\d{2,9}(?:[ -]\d{2,6}){0,4}(?![\w-]|[.,]\d)"
        ),
        phone,
    ),
    ("phone", re.compile(r"(?<![\w+-])\(\d{3}\)\s?\d{3}-?\d{4}(?:x\d{1,5})?(?![\w-])"), _any),
    ("phone", re.compile(r"(?<![\w+-])\+\d{8,15}(?!\d)"), _any),
    ("phone", re.compile(r"(?<![\w+-])\+\d{1,3}[ -]\(?\d{1,4}\)?[ -]?\d{5,9}(?!\d)"), _any),
    (
        "phone",
        re.compile(
            r"(?:(?<=phone )|(?<=call )|(?<=at )|(?<=number"
            r" )|(?<=电话)|(?<=电话：)|(?<=拨打))\d{3}-?\d{3}-?\d{4}(?:x\d{1,5})?(?!\d)"
        ),
        _any,
    ),
    ("phone", re.compile(r"(?<![\d-])0\d{2,3}-\d{7,8}(?!\d)"), _any),
    (
        "address",
        re.compile(
            rf"(?<!\w)\d{{1,6}}\s+(?:(?:[NSEW]|North|South|East|West)\.?\s+)?(?:[A-Z][\w'’.-]*\s+){{1,4}}{_STREET}\b\.?(?:\s+(?:Apt|Suite|Ste|Unit)\.?\s*#?\w+)?"
        ),
        _any,
    ),
    (
        "address",
        re.compile(
            rf"(?<!\w)(?:{_CAP}(?:er|-)?["
            rf" -])?(?:[{_U}][{_L}ß-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|ring|ufer|damm)|(?:Straße|Weg|Platz|Allee|Gasse)|(?:Am|An"
            r" der|Auf der|Unter"
            rf" den|Zum|Zur|Im)\s+{_CAP})\s+\d{{1,4}}\s?[a-z]?(?!\w)(?:,?\s+\d{{5}}\s+{_CAP})?"
        ),
        _any,
    ),
    (
        "address",
        re.compile(
            rf"(?<!\w)\d{{1,4}}(?:\s?(?:bis|ter))?,?\s+(?i:rue|avenue|av\.|boulevard|bd|place|chemin|allée|impasse|quai|cours|route)\s+(?:(?:{_OF}|l['’]|de"
            rf" l['’])\s*)?(?:(?:{_OF}\s+)?(?:[dl]['’])?{_CAP}\s?){{1,4}}(?:,\s*\d{{5}}\s+{_CAP})?"
        ),
        _any,
    ),
    (
        "address",
        re.compile(
            rf"(?<!\w)(?i:calle|c/|avenida|avda\.?|plaza|paseo|carretera|camino|ronda)\s*(?:{_OF}\s+)?{_CAP}(?:\s+(?:{_OF}\s+)?{_CAP}){{0,3}},?\s+(?:n[.ºo]+\s*)?\d{{1,4}}(?!\w)(?:,\s*\d{{5}}\s+{_CAP})?"
        ),
        _any,
    ),
    (
        "address",
        re.compile(
            rf"(?:{PROVINCES})(?:维吾尔|回族|壮族)?(?:省|市|自治区|特别行政区)?[\u4e00-\u9fff]{{1,20}}?(?:路|街|大道|巷|弄|胡同)(?:[\dA-Za-z]+号?)?(?:[\dA-Za-z]+(?:座|栋|单元|室|号楼|楼))*"
        ),
        _any,
    ),
    (
        "address",
        re.compile(
            r"(?:(?<=住在)|(?<=地址是)|(?<=地址：)|(?<=送到)|(?<=寄到))[\u4e00-\u9fff]{2,16}?(?:路|街|大道|巷|弄|胡同)(?:[\dA-Za-z]+号?)?(?:[\dA-Za-z]+(?:座|栋|单元|室|号楼|楼))*"
        ),
        _any,
    ),
)
PLACES = (
    "Resources",
    "Human",
    "Falls",
    "Wars",
    "Radio",
    "Hauptbahnhof",
    "Street",
    "Bridge",
    "Station",
    "Airport",
    "University",
    "College",
    "Hospital",
    "Hotel",
    "School",
    "Museum",
    "Theatre",
    "Theater",
    "Times",
    "News",
    "Windows",
    "Google",
    "Microsoft",
    "Update",
    "Airlines",
    "Insurance",
    "Holdings",
    "Company",
    "Centre",
    "Center",
    "Store",
    "Express",
    "County",
    "Palace",
    "Tower",
    "Beach",
    "Valley",
    "Christmas",
    "Easter",
    "Morning",
    "Evening",
    "Weihnachten",
    "Damen",
    "Herren",
    "Bahn",
    "Navidad",
    "Noël",
    "Service",
    "Servicio",
    "Atención",
    "Universität",
    "Krankenhaus",
    "Bahnhof",
    "Hôpital",
    "Université",
    "Gare",
    "Hospital",
    "Universidad",
    "Estación",
)
BEFORE = (
    r"(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herrn?|Frau|M|Mme|Mlle|Monsieur|Madame|Señora?|Sra?|Doña|Don)\.?\s+",
    (
        r"(?i:my name is|name is|this is|i am|i'm|speak to|speak with|contact|dear|regards,|signed"
        r" by|customer|patient|applicant|client|holder|belongs"
        r" to|from|to|for|by|with|told|asked|met|and|called|user|tenant|guest|sincerely,|hi,?"
        r" i'm|attn:?|name:|mein name ist|ich bin|ich"
        r" heiße|kundin|kunde|patientin|antragsteller(?:in)?|ansprechpartner(?:in)?|liebe|lieber|gez\.|mit|von|für|bei|an|je"
        r" m['’]appelle|je suis|mon nom"
        r" est|client|cliente|patiente|cher|chère|avec|par|pour|signé|me llamo|soy|mi nombre"
        r" es|paciente|titular|estimado|estimada|querida|querido|con|por|para|firmado|firmado"
        r" por)\s+"
    ),
)
ENGLISH = re.compile(
    rf"(?:(?:{BEFORE[0]})|(?:{BEFORE[1]}(?:{BEFORE[0]})?))({_NAME}|(?<=\. )(?:{_CAP}))(?![\w@])"
)
TITLED = re.compile(rf"(?<!\w){BEFORE[0]}({_AFTER_TITLE})(?![\w@])")
LOUD = re.compile(
    r"(?<!\w)(?:MR|MRS|MS|DR|HERR|FRAU|SPOKE TO|SPOKE"
    r" WITH|CUSTOMER|CLIENT|PATIENT|CONTACT|FROM|CALLED BY|SIGNED"
    rf" BY|NAME:?|KUNDE|KUNDIN|CLIENTE|MONSIEUR|MADAME)\.?\s+({_LOUD}\s+{_LOUD}|{_LOUD}(?=$|[.,;]))"
)
FIRST = re.compile(
    rf"^({_NAME})(?=\s+(?:called|wrote|asked|paid|lives|moved|said|has|is|was|will|of|wants|reported|opened|signed|from|can|phoned|requested|sent)\b)"
)
CHINESE = re.compile(
    rf"(?:(?:客户|病人|患者|用户|申请人|联系人|收件人|我叫|姓名[:：是]?|名叫|先生叫|请找|我是|户主|持卡人|员工|租客|业主|经办人|医生|老师|同事|通知|由|给|和|与|找|向|让|请)(?:是|为|[:：])?)({_HAN}?)(?=$|[，"
    r"。,.；;：:、"
    r"！!？?的（(]|先生|女士|小姐|的|已|在|说|于|把|电话|来|办理|要|住|和|与|想|将|今天|昨天|打|提|申请|本人|联系|确认|处理|咨询|预约|登记|签)"
)
LED_BY = (
    "tel",
    "lame al",
    "móvil",
    "phone",
    "numéro",
    "number",
    "call",
    "at ",
    "电话",
    "拨打",
    "住在",
    "地址",
    "送到",
    "寄到",
)  # before forms that look back for a word
NAMED, HAN_NAMED = name_forms(_NAME, _CAP), han_forms(_HAN, CHINESE_FAMILY)
HAN = re.compile(r"[\u4e00-\u9fff]")
NOT_NAMES = frozenset(
    [
        *PLACES,
        "The",
        "This",
        "That",
        "New",
        "Customer",
        "Service",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "January",
        "February",
        "March",
        "April",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
        "Street",
        "Bank",
        "Order",
        "United",
        "Account",
        "Support",
        "Team",
        "North",
        "South",
        "Please",
        "Black",
        "Red",
        "Annual",
        "Credit",
        "Premium",
        "Central",
        "Data",
        "World",
        "General",
        "Gmbh",
        "Ag",
        "Se",
        "Ltd",
        "Inc",
        "Corp",
        "Sarl",
        "Sa",
        "Freundlichen",
        "Januar",
        "Februar",
        "März",
        "Mai",
        "Juni",
        "Juli",
        "Oktober",
        "Dezember",
        "Montag",
        "Dienstag",
        "Mittwoch",
        "Donnerstag",
        "Freitag",
        "Samstag",
        "Sonntag",
        "Deutsche",
        "Europäische",
        "Union",
        "Version",
        "Office",
        "Desk",
        "Today",
        "Department",
    ]
)


def spans(said: str) -> list[Span]:
    """Private values in a text, in order, none over another; the first form in the list that fits
    wins.

    >>> [(s.what, s.start) for s in spans("write to ann@example.org")]
    [('e-mail', 9)]
    """
    found: list[Span] = []

    def free(start: int, end: int) -> bool:
        return all(end <= s.start or start >= s.end for s in found)

    digits, han, low = any(map(str.isdigit, said)), HAN.search(said) is not None, said.lower()
    for what, form, holds in NUMBERS if digits else ():
        if form in TOLD_BY and not any(word in low for word in TOLD_BY[form]):
            continue
        for match in form.finditer(said):
            if free(*match.span(1)) and holds(match[1]):
                found.append(Span(*match.span(1), what))
    for what, form, holds in FORMS:
        if (
            not digits
            and what != "e-mail"
            and not (han and what == "address")
            or what == "e-mail"
            and "@" not in said
        ):
            continue
        if form.pattern.startswith("(?:(?<=") and not any(word in low for word in LED_BY):
            continue
        for match in form.finditer(said):
            start, end = match.span()
            lead = len(match[0]) - len(match[0].lstrip())
            if free(start + lead, end) and holds(match[0].strip()):
                found.append(Span(start + lead, end, what))
    for form in (
        TITLED,
        ENGLISH,
        LOUD,
        FIRST,
        *(f for words, f in NAMED if any(word in low for word in words)),
        *((CHINESE, *HAN_NAMED) if han else ()),
    ):
        for match in form.finditer(said):
            words = match[1].split()
            if (
                match[1]
                and free(*match.span(1))
                and not any(w in NOT_NAMES or w.capitalize() in NOT_NAMES for w in words)
            ):
                found.append(Span(match.start(1), match.end(1), "name"))
    return sorted(found, key=lambda s: s.start)


def redact(said: str) -> str:
    """The text with each private value as its kind in brackets.

    >>> redact("call +49 30 1234567 now")
    'call [phone] now'
    """
    for span in reversed(spans(said)):
        said = f"{said[: span.start]}[{span.what}]{said[span.end :]}"
    return said


COLUMN_NAMES = (
    ("e-mail", "pseudonymise", re.compile(r"e-?mail|邮箱", re.I)),
    ("phone", "mask", re.compile(r"phone|mobile|telephone|(^|_)tel(_|$)|电话|手机", re.I)),
    (
        "name",
        "pseudonymise",
        re.compile(
            r"(first|last|full|sur|given|family|person|customer|patient|applicant)_?name|姓名", re.I
        ),
    ),
    ("national id", "pseudonymise", re.compile(r"ssn|passport|national_?id|身份证", re.I)),
    ("card", "mask", re.compile(r"card_?(no|num)|iban|银行卡", re.I)),
    ("address", "mask", re.compile(r"street|home_?address|住址|地址", re.I)),
)


def column_kind(name: str, counts: Mapping[str, int]) -> ColumnKind | None:
    """What private values a column holds, by its values' forms and by its name; None where it holds
    none.
    """
    looked = list(counts)[:500]
    if not looked:
        return None
    hits: dict[str, int] = {}
    for value in looked:
        mine = [s for s in spans(value) if s.end - s.start >= 0.8 * len(value)]
        if mine:
            hits[mine[0].what] = hits.get(mine[0].what, 0) + 1
    best = max(hits, key=lambda k: hits[k], default=None)
    if best and hits[best] >= 0.6 * len(looked):
        return ColumnKind(
            "an " + best if best[0] in "aei" else "a " + best,
            hits[best] / len(looked),
            "mask" if best in ("phone", "card", "iban", "ip", "address") else "pseudonymise",
        )
    for what, how, form in COLUMN_NAMES:
        if form.search(name):
            return ColumnKind(
                f"a {what}, by the column's name", max(hits.get(what, 0), 1) / len(looked), how
            )
    return None
