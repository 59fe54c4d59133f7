"""Values that a word before them tells of, in the languages of Europe and East Asia: days of birth,
passports, number plates, phones.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mesocosm.data.privacy.check_digits import card, has_five_digits

_DAY = (
    r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}|"
    r"\d{4}\s?[年년]\s?\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일]|"
    r"(?:昭和|平成|令和)\d{1,2}年\d{1,2}月\d{1,2}日|"
    r"\d{1,2}(?:\.|º|°|er|de)?\s(?:de\s)?[^\W\d]{3,12}\.?,?\s(?:de\s)?\d{4}"
)
_BIRTH = (
    r"(?i:\bnat[oa](?: il)?|\bdata di nascita|\bgeboren(?: op)?|\bgeboortedatum|"
    r"\bur(?:odzon[ya]|\.)(?: dnia)?|\bdata urodzenia|\bnasc(?:ido|ida)(?: em)?|"
    r"\bdata de nascimento|\bfødt(?: den)?|\bfödd(?: den)?|\bfødselsdato|\bsyntynyt|\bnarozena?|"
    r"\bdatum narození)|生年月日|誕生日|生まれ|생년월일|생일|출생일?|出生日期|出生年月|生日|生于"
)
_PASSPORT = (
    r"(?i:\bpassport|\breisepass|\bpass-?nr\.?|\bpasseport|\bpasaporte|\bpassaporto|\bpaspoort|"
    r"\bpaszport(?:u)?|\bpassaporte|\bcarta d['’]identità|\bidentiteitskaart|\bdow(?:ód|odu) "
    r"osobist(?:y|ego))|パスポート|旅券|여권|护照|護照"
)
_PLATE = (
    r"(?i:\b(?:licen[cs]e |number |registration )?plate|\bregistration(?: number| mark)|"
    r"\b(?:kfz-|auto)?kennzeichen|\bnummernschild|\bimmatriculée?|\bplaque(?: "
    r"d['’]immatriculation)?|"
    r"\bmatrícula|\btargat[ao]|\btarga|\bkenteken(?:plaat)?|\btablica(?: rejestracyjna)?|"
    r"\b(?:numer(?:ze|em)? )?rejestracyjny(?:m)?|\bnr rej\.)|ナンバー(?:プレート)?|車両番号|"
    r"登録番号|차량 ?번호|번호판|车牌号?|車牌"
)
_PHONE = (
    r"(?i:\btel(?:\.|efon|efono|éfono|efoon|ephone)?(?:nummer| number)?|\btél\.?|"
    r"\btéléphone|\bphone|\bmobile|"
    r"\bmobil|\bhandy|\bcellulare|\bcell\.|\bmobiel|\bkom\.|\bkomórka|\bportable|\bmóvil|\bfax|"
    r"\b(?:call|ring|reach)(?: \S{1,20}){0,3} (?:on|at)|\bunter|\bau|\bal|\bop|\bpod)|"
    r"電話(?:番号)?|携帯|전화(?:번호)?|연락처|휴대폰|手机|电话|手機"
)
_CARD = (
    r"(?i:\bcards?|\bkarten?|\bcarte|\btarjeta|\bcarta|\bkaart|\bkart[aęy]|\bkreditkarte)|"
    r"カード(?:番号)?|카드(?: ?번호)?|卡号?"
)
_LINK = (
    r"(?:\s?(?:(?i:number|numero|número|numéro|nummer|nr|no|is|was|è|es|est|ist|lautet|"
    r"to|am|le|il|el|op|"
    r"dnia|on)(?![^\W_])\.?|(?i:n[°º.])|番号|번호|号码?|の?は|은|는|이|：|:|为|是|,|\()){0,3}\s{0,2}"
)
_JA_PLATE = r"[\u4e00-\u9fffぁ-ん]{2,4}\s?\d{2,3}\s?[ぁ-ん]\s?(?:\d{1,2}-\d{2}|[・\d]{4})"
_KO_PLATE = r"(?:[가-힣]{2}\s?)?\d{2,3}[가-힣]\s?\d{4}"
_EU_PLATE = r"(?=[^\n]{0,10}\d)[A-ZÄÖÜŚŁ0-9]{1,8}(?:[ -][A-Z0-9]{1,5}){0,3}"
_END = r"(?![A-Za-z0-9])"


def _has_phone(value: str) -> bool:
    digits = re.sub(r"\D", "", value)
    return 7 <= len(digits) <= 15 and not re.fullmatch(
        r"\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{4}[./-]\d\d[./-]\d\d", value
    )


def _is_plate(value: str) -> bool:
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and len(value) >= 5


TOLD: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("birth date", re.compile(rf"(?:{_BIRTH}){_LINK}({_DAY})(?!\d)"), bool),
    ("birth date", re.compile(rf"({_DAY})(?=\s?(?:生まれ|출생|出生))"), bool),
    (
        "national id",
        re.compile(rf"(?:{_PASSPORT}){_LINK}([A-Z]{{0,3}}\d{{5,9}}[A-Z]?){_END}"),
        has_five_digits,
    ),
    ("card", re.compile(rf"(?:{_CARD}){_LINK}(\d(?:[ -]?\d){{11,18}}){_END}"), card),
    (
        "plate",
        re.compile(rf"(?:{_PLATE}){_LINK}({_JA_PLATE}|{_KO_PLATE}|{_EU_PLATE}){_END}"),
        _is_plate,
    ),
    (
        "phone",
        re.compile(
            rf"(?:{_PHONE}){_LINK}"
            rf"(\+?\(?\d(?:[ ./-]{{0,2}}\(?\d{{1,9}}\)?){{2,8}}(?:x\d{{1,5}})?){_END}"
        ),
        _has_phone,
    ),
    (
        "phone",
        re.compile(r"(?<![A-Za-z0-9+-])(\d{2,4}-\d{3,4}-\d{4})(?=[にへで]電話|[로으]로? ?전화)"),
        bool,
    ),
    (
        "phone",
        re.compile(r"(?<![A-Za-z0-9+-])(0\d{1,3}-\d{2,4}-\d{4})(?![\d-])"),
        _has_phone,
    ),
    (
        "phone",
        re.compile(r"(?<![A-Za-z0-9+])(\+\d{2,3}(?:[ .-]?\(?\d{2,10}\)?){1,5})(?![\w-]|[.,]\d)"),
        _has_phone,
    ),
)
