"""Private values that a word before them tells of: dates of birth, numbers of people, names after a
role, a relation or a greeting.

Forms with a checksum stand alone. English, German, French, Spanish and Chinese; each form's value
is its first group.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mesocosm.data.privacy.check_digits import has_five_digits, old_resident_id

_U = "A-Z" + "".join(c for c in map(chr, range(0xC0, 0x250)) if c.isupper())
_L = "a-z" + "".join(c for c in map(chr, range(0xC0, 0x250)) if c.islower())
_MONTH = (
    r"(?i:jan(?:uary|uar|vier)?|enero|feb(?:ruary|ruar|rero)?|février|mar(?:ch|s|zo)?|märz|"
    r"apr(?:il)?|avril|abril|may|mai|mayo|june?|juni|juin|junio|july?|juli|juillet|julio|"
    r"aug(?:ust)?|août|agosto|sept?(?:ember|embre|iembre)?|oct(?:ober|obre|ubre)?|"
    r"okt(?:ober)?|nov(?:ember|embre|iembre)?|de[cz](?:ember)?|décembre|diciembre)\.?"
)
_DATE = (
    rf"\d{{1,2}}\s?[./-]\s?\d{{1,2}}\s?[./-]\s?\d{{2,4}}|\d{{4}}[./-]\d{{1,2}}[./-]\d{{1,2}}|"
    rf"\d{{4}}年\d{{1,2}}月\d{{1,2}}日?|\d{{1,2}}(?:st|nd|rd|th|er|"
    rf"\.)?\s+(?:de\s+)?{_MONTH}\s+(?:de\s+)?\d{{4}}|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|"
    rf"th)?,?\s+\d{{4}}"
)
_BORN = (
    r"(?i:\bborn(?:\s+on)?|\bdate of"
    r" birth|\bbirth\s?da(?:te|y)|\bd\.?o\.?b\b\.?|\bgeboren(?:\s+am)?|\bgeb\.(?:\s+am)?|"
    r"\bgeburts(?:datum|tag)|\bnée?s?(?:\(e\))?\s+le|\bdate"
    r" de naissance|\bnacid[oa](?:\s+el)?|\bfecha de"
    r" nacimiento|\bf\.\s?nac\.?|出生日期|出生于|生于|生日)"
)
_PAPER = (
    r"(?i:\bpassport|\breisepass|\b(?:personal)?ausweis|\bpasseport|\bpasaporte|护照|"
    r"通行证|台胞证|回乡证|军官证|驾驶证|\bcarte"
    r" d['’]identité|\bdriv(?:er'?s|ing) licen[cs]e|\bführerschein|\bpermis de conduire)"
)
_TAX = (
    r"(?i:\bsteuer-?\s?id(?:entifikationsnummer)?|\bsteuernummer|\bidnr\.?|"
    r"\bsozialversicherungsnummer|\bnhs)"
)
_CALLED = r"(?i:\bal|\bteléfono|\btel\.?|\bmóvil|\bnúmero|\bcelular)(?:\s+es)?(?:\s+el)?\s?:?\s+"


def dni(value: str) -> bool:
    """Whether the letter of a Spanish identity number (DNI, or NIE with X, Y or Z) holds.

    Source: Real Decreto 1553/2005, article 11: the remainder of the number by 23.

    >>> dni("12345678Z"), dni("12345678A"), dni("X1234567L")
    (True, False, True)
    """
    plain = re.sub(r"[ .-]", "", value).upper()
    number = plain[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return (
        number.isascii()
        and number.isdigit()
        and plain[-1] == "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]
    )


def nir(value: str) -> bool:
    """Whether the key of a French social security number holds.

    Source: INSEE, numéro d'inscription au répertoire: 97 less the remainder of the number by 97.

    >>> nir("2 69 05 49 588 157 80"), nir("2 69 05 49 588 157 81")
    (True, False)
    """
    plain = re.sub(r"\s", "", value).upper().replace("2A", "19").replace("2B", "18")
    return (
        len(plain) == 15
        and plain.isascii()
        and plain.isdigit()
        and 97 - int(plain[:13]) % 97 == int(plain[13:])
    )


NUMBERS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    (
        "birth date",
        re.compile(
            rf"{_BORN}[\s:：是为()]{{0,4}}(?:(?:is|was|ist|war|est|es|fue)\s+)?({_DATE})(?!\d)"
        ),
        bool,
    ),
    ("birth date", re.compile(rf"({_DATE})(?=\s?出生)"), bool),
    (
        "national id",
        re.compile(
            r"(?<![\w-])(?:[XYZxyz][ -]?)?(?=[\dXYZxyz])((?:[XYZxyz]["
            r" -]?\d{7}|\d{8}|\d{2}\.\d{3}\.\d{3})[ -]?[A-HJ-NP-TV-Za-hj-np-tv-z])(?!\w)"
        ),
        dni,
    ),
    (
        "national id",
        re.compile(
            r"(?<!\d)([1-478]\s?\d{2}\s?(?:0[1-9]|1[0-2]|[2-9]\d)\s?(?:\d{2}|"
            r"2[ABab])\s?\d{3}\s?\d{3}\s?\d{2})(?!\d)"
        ),
        nir,
    ),
    (
        "national id",
        re.compile(
            r"(?<![A-Za-z0-9])((?!BG|GB|NK|KN|TN|NT|"
            r"ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D])(?!["
            r"A-Za-z0-9])"
        ),
        bool,
    ),
    (
        "national id",
        re.compile(
            r"(?i:\bNI (?:number|no\.?)|\bnational insurance(?:"
            r" number)?)\W{0,3}(?:is\s+)?([A-Z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-Z])(?!\w)"
        ),
        bool,
    ),
    ("national id", re.compile(rf"{_TAX}\D{{0,20}}?(\d(?:[ /-]?\d){{8,12}})(?!\d)"), bool),
    (
        "national id",
        re.compile(rf"{_PAPER}[^.\n\d]{{0,24}}?[\s:：#]([A-Z]{{0,3}}\d[A-Z0-9]{{4,10}})(?!\w)"),
        has_five_digits,
    ),
    (
        "phone",
        re.compile(rf"{_CALLED}([6789]\d{{2}}[ .-]?\d{{3}}[ .-]?\d{{3}})(?!\d|[.,]\d)"),
        bool,
    ),
    ("address", re.compile(r"(?<!\w)((?:Flat|Apartment|Apt\.?|Unit)\s+\w{1,4})(?=,\s*\d)"), bool),
    (
        "address",
        re.compile(
            r"(?<=,"
            rf" "
            rf")((?:[{_U}][{_L}]+\s+){{0,2}}[A-Z]{{1,2}}\d[A-Z\d]?\s\d[A-BD-HJLNP-UW-Z]{{"
            rf"2}})(?![A-Za-z0-9])"
        ),
        bool,
    ),
    (
        "address",
        re.compile(
            r"(?<!\w)((?:P\.?\s?O\.?\s?Box|Postfach|Apartado(?: de correos)?|Boîte"
            r" postale|BP)\s+\d{1,6})(?!\w)"
        ),
        bool,
    ),
    (
        "address",
        re.compile(
            r"((?:(?![我你您他她家住在到寄送于是址于从往])[\u4e00-\u9fff]){2,7}?[市县][\u4e00-\u9fff]{1,16}?(?:路|"
            r"街|大道|巷|弄|胡同)(?:[一二三四五六七八九十东西南北中]段?)?\d+号(?:[\dA-Za-z]+(?:座|栋|单元|室|号楼|楼|层))*)"
        ),
        bool,
    ),
    (
        "national id",
        re.compile(r"(?:身份证|身份證|证件)[^\d\n]{0,8}(\d{15})(?!\d)"),
        old_resident_id,
    ),
    (
        "card",
        re.compile(r"(?:银行卡|卡号|[账帐][号户])[^\d\n]{0,8}(\d(?:[ -]?\d){11,18})(?!\d)"),
        bool,
    ),
    (
        "national id",
        re.compile(
            r"(?:护照|通行证|台胞证|回乡证|军官证|驾驶证)(?:号码?)?[\s:：是为]{0,3}([A-Z]{0,3}\d{6,12})(?![A-Za-z\d])"
        ),
        bool,
    ),
    ("phone", re.compile(r"([(（]0\d{2,3}[)）] ?\d{7,8})(?!\d)"), bool),
    ("address", re.compile(r"(?:邮编|邮政编码)[\s:：是为]{0,3}(\d{6})(?!\d)"), bool),
    ("account", re.compile(r"(?i:qq)号?码?[\s:：是为]{0,3}([1-9]\d{4,10})(?!\d)"), bool),
    (
        "account",
        re.compile(r"微信(?:号[\s:：是为]{0,3}|[:：]\s*)([A-Za-z][\w-]{5,19})(?![\w-])", re.ASCII),
        bool,
    ),
)

# what stands in a text, in small letters, wherever a form that needs a word can fit; quick to look
# for
TOLD_BY = {
    NUMBERS[0][1]: (
        "born",
        "birth",
        "dob",
        "d.o.b",
        "gebor",
        "geb.",
        "geburt",
        "né",
        "naissance",
        "nacid",
        "nacim",
        "nac.",
        "出生",
        "生于",
        "生日",
    ),
    NUMBERS[1][1]: ("出生",),
    NUMBERS[5][1]: ("ni n", "national insurance"),
    NUMBERS[6][1]: ("steuer", "idnr", "versicherung", "nhs"),
    NUMBERS[7][1]: (
        "pass",
        "ausweis",
        "pasaporte",
        "护照",
        "通行证",
        "台胞证",
        "回乡证",
        "军官证",
        "驾驶证",
        "identité",
        "licen",
        "führerschein",
        "permis",
    ),
}

ROLES = (
    "driver|nurse|manager|tenant|employee|colleague|neighbou?r|mother|father|wife|husband|"
    "son|daughter|brother|sister|agent|teacher|student|lawyer|candidate|courier|technician|"
    "supervisor|doctor|witness|engineer|claimant|defendant|contractor|plumber|accountant|"
    "director|landlord|partner|assistant|plaintiff|"
    "Fahrer(?:in)?|Mitarbeiter(?:in)?|Kolleg(?:e|en|in)|Nachbar(?:in)?|Bruder|Schwester|"
    "Tochter|Sohn|Ehemann|Ehefrau|Mieter(?:in)?|Patienten|Zeug(?:e|in)|Lehrer(?:in)?|Arzt|"
    "Ärztin|Chef(?:in)?|Techniker(?:in)?|Kunden|Bewerber(?:in)?|Schüler(?:in)?|Doktor|"
    "chauffeur|employée?|collègue|voisine?|mère|père|frère|sœur|fille|fils|mari|épouse|"
    "locataire|docteure?|professeure?|avocate?|témoin|livreur|élève|responsable|"
    "conductora?|emplead[oa]|compañer[oa]|vecin[oa]|madre|padre|herman[oa]|hij[oa]|"
    "espos[oa]|marido|inquilin[oa]|doctora?|profesora?|abogad[oa]|testigo|repartidora?|"
    "alumn[oa]|clienta"
)
SPEAKS = (
    "ask|email|e-mail|phone|ring|thank|named|called|spoke to|speaking to|on behalf of|attention"
    " of|account of|cc:|hier spricht|hier ist|namens|Konto von|im Auftrag von|vertreten durch|z\\."
    " ?Hd\\.|s['’]appelle|nommée?|dénommée?|de la part de|à l['’]attention"
    " de|rappeler|contacter|compte de|llame a|llamar a|hable con|hablar con|se llama|llamad[oa]|de"
    " parte de|a la atención de|cuenta de|contacte con"
)
REGARDS = (
    "(?:kind|best|warm) regards|regards|best wishes|sincerely|yours(?: truly| faithfully)?|many"
    " thanks|thanks|cheers|mit freundlichen grüßen|(?:viele|beste|liebe|herzliche)"
    " grüße|mfg|lg|(?:bien )?cordialement|bien à vous|(?:meilleures"
    " )?salutations|atentamente|(?:cordiales )?saludos|un saludo"
)
HAN_ROLES = (
    "租客|同事|持有人|患者|客户|司机|快递员|护士|律师|学生|家长|主管|老板|店员|客服|邻居|妻子|丈夫|父亲|母亲|儿子|女儿|哥哥|姐姐|弟弟|妹妹|乘客|顾客|会员|"
    "候选人|证人|教授|房东|记者|工程师|负责人|经理"
)
HAN_NEXT = (
    "报|代|看|复|冻|缴|买|卖|住|问|查|转|退|换|订|约|走|发|收|接|给|回|签|送|迟|付|投诉|反映|表示|要求|需要|没|不|因|会|了|到|去|做|写|拿|取|"
    "出|是|有|也|都|刚|昨|今|明"
)
HAN_TITLES = "先生|女士|小姐|太太|主任|经理|老师|医生|教授|师傅|阿姨|叔叔|同学|律师|校长|院长"


def stems(listed: str) -> tuple[str, ...]:
    """The letters that each of some alternatives begins with; of one that begins with a group, the
    longest letters in it.

    >>> stems("Fahrer(?:in)?|Kolleg(?:e|en)|(?:kind|best) regards")
    ('fahrer', 'kolleg', ' regards')
    """
    return tuple(map(_stem, _split_alternatives(listed)))


def _split_alternatives(listed: str) -> list[str]:
    """The alternatives of an expression, those in brackets left together."""
    found, depth, one = list[str](), 0, ""
    for c in listed + "|":
        depth += (c == "(") - (c == ")")
        if c == "|" and not depth:
            found.append(one)
            one = ""
        else:
            one += c
    return found


def _stem(form: str) -> str:
    """The letters that an expression begins with, or the longest in it."""
    bare = re.sub(r"\((?:[^()]|\([^()]*\))*\)\??", "#", form)
    plain = re.sub(r"\\.|\[[^]]*\]|.\?", "#", bare).split("#")
    if len(plain[0]) > 2:
        return plain[0].lower()
    return max(plain, key=len).lower()


def name_forms(name: str, cap: str) -> tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]:
    """Forms of names after a role, a title in small letters, a call for a person and a sign-off.

    Args:
        name: the expression of a name of two words or more; `cap` of one word.
    """
    return (
        (stems(ROLES), re.compile(rf"(?<!\w)(?i:{ROLES}),?\s+({name})(?![\w@])")),
        (
            ("señor", "doctor", "monsieur", "madame"),
            re.compile(rf"(?<!\w)(?:señora?|doctora?|monsieur|madame)\s+({name}|{cap})(?![\w@])"),
        ),
        (
            ("speaking", "appareil", "al habla", "am apparat"),
            re.compile(
                rf"(?:^|[,.!]\s)({name})(?=,?\s+(?:speaking|à l['’]appareil|al habla|am Apparat)\b)"
            ),
        ),
        (stems(SPEAKS), re.compile(rf"(?<!\w)(?i:{SPEAKS})\s+({name})(?![\w@])")),
        (
            stems(REGARDS),
            re.compile(rf"(?<!\w)(?i:{REGARDS})\s*[,!.]?\s*\n+\s*({name}|{cap})(?=\s*(?:\n|$|,))"),
        ),
        (stems(REGARDS), re.compile(rf"(?<!\w)(?i:{REGARDS})\s*,\s+({name})(?=\s*(?:\n|$|,|\.))")),
    )


def han_forms(han: str, family: str) -> tuple[re.Pattern[str], ...]:
    """Forms of Chinese names after a role or a call, and before a title.

    Args:
        han: the expression of a name; `family` the family names of one character.
    """
    return (
        re.compile(
            rf"(?:{HAN_ROLES})(?![和于由时应任常都也全])({han}?)(?=$|[，。,.；;：:、"
            rf"！!？?（(]|{HAN_NEXT}|先生|女士|小姐|的|已|在|说|把|电话|来|要|打|提|申请|确认|处理)"
        ),
        re.compile(
            rf"(?:让|请|找|叫|通知|联系)({han}?)(?=$|[，。,.！!]|给|回|签|送|来|去|到|联系|处理)"
        ),
        re.compile(
            rf"(?:(?<=^)|(?<=[，。！？、；：\s找给请让叫向对与和]))([{family}])(?=(?:{HAN_TITLES}))"
        ),
    )
