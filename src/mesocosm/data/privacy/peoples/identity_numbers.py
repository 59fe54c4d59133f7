"""Check digits of the identity numbers of countries, each by its public rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date


def _digits(value: str) -> list[int]:
    return [int(c) for c in value if c.isascii() and c.isdigit()]


def _weigh(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(d * w for d, w in zip(digits, weights, strict=False))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        return bool(date(year or 2000, month, day))
    except ValueError:
        return False


def german_tax(value: str) -> bool:
    """Steuer-Identifikationsnummer, ISO 7064 mod 11,10.

    >>> german_tax("86095742719"), german_tax("86095742718")
    (True, False)
    """
    return _mod_11_10(value, 11) and value.strip()[0] != "0"


def croatian(value: str) -> bool:
    """OIB, ISO 7064 mod 11,10."""
    return _mod_11_10(value, 11)


def _mod_11_10(value: str, size: int) -> bool:
    digits, product = _digits(value), 10
    if len(digits) != size:
        return False
    for digit in digits[:-1]:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == digits[-1]


def italian(value: str) -> bool:
    """Codice fiscale, its last letter (decree of 23 December 1976).

    >>> italian("RSSMRA85T10A562S"), italian("RSSMRA85T10A562T")
    (True, False)
    """
    plain = value.upper()
    odd = (
        1,
        0,
        5,
        7,
        9,
        13,
        15,
        17,
        19,
        21,
        2,
        4,
        18,
        20,
        11,
        3,
        6,
        8,
        12,
        14,
        16,
        10,
        22,
        25,
        24,
        23,
    )
    if not re.fullmatch(r"[A-Z0-9]{15}[A-Z]", plain):
        return False
    places = [int(c) if c.isdigit() else ord(c) - 65 for c in plain]
    total = sum(odd[p] if i % 2 == 0 else p for i, p in enumerate(places[:15]))
    return total % 26 == places[15]


def dutch(value: str) -> bool:
    """Burgerservicenummer, the test of eleven.

    >>> dutch("111222333"), dutch("111222334")
    (True, False)
    """
    digits = _digits(value)
    return len(digits) == 9 and _weigh(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def polish(value: str) -> bool:
    """PESEL.

    >>> polish("44051401359"), polish("44051401358")
    (True, False)
    """
    digits = _digits(value)
    return len(digits) == 11 and _weigh(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def japanese(value: str) -> bool:
    """個人番号, by ordinance 85 of 2014.

    >>> japanese("123456789018"), japanese("123456789012")
    (True, False)
    """
    digits = _digits(value)
    if len(digits) != 12:
        return False
    rest = _weigh(digits, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return digits[11] == (0 if rest <= 1 else 11 - rest)


def korean(value: str) -> bool:
    """주민등록번호: its day of birth; numbers since October 2020 carry no check digit.

    >>> korean("900101-1234567"), korean("901301-1234567")
    (True, False)
    """
    digits = _digits(value)
    return len(digits) == 13 and 1 <= digits[6] <= 8 and _is_yymmdd(digits)


def _is_yymmdd(digits: Sequence[int]) -> bool:
    two = [digits[i] * 10 + digits[i + 1] for i in (0, 2, 4)]
    return _is_day(1900 + two[0], two[1], two[2]) or _is_day(2000 + two[0], two[1], two[2])


def british_health(value: str) -> bool:
    """NHS number.

    >>> british_health("943 476 5919"), british_health("943 476 5918")
    (True, False)
    """
    digits = _digits(value)
    return len(digits) == 10 and (11 - _weigh(digits, range(10, 1, -1)) % 11) % 11 == digits[9]


def belgian(value: str) -> bool:
    """Rijksregisternummer: 97 less the remainder by 97, with a 2 before it since 2000.

    >>> belgian("85.07.30-033.28"), belgian("85.07.30-033.29")
    (True, False)
    """
    digits = "".join(map(str, _digits(value)))
    if len(digits) != 11:
        return False
    return int(digits[9:]) in (97 - int(digits[:9]) % 97, 97 - int("2" + digits[:9]) % 97)


def swedish(value: str) -> bool:
    """Personnummer: the check digit of Luhn over ten digits.

    >>> swedish("811218-9876"), swedish("811218-9875")
    (True, False)
    """
    from mesocosm.data.privacy.check_digits import luhn

    digits = _digits(value)[-10:]
    return len(digits) == 10 and _is_yymmdd(digits) and luhn("".join(map(str, digits)))


def finnish(value: str) -> bool:
    """Henkilötunnus: its last character by the remainder by 31.

    >>> finnish("131052-308T"), finnish("131052-308U")
    (True, False)
    """
    match = re.fullmatch(r"(\d{6})[-+A-FU-Y](\d{3})([0-9A-Y])", value.upper())
    if match is None:
        return False
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(match[1] + match[2]) % 31] == match[3]


def norwegian(value: str) -> bool:
    """Fødselsnummer: two check digits by eleven.

    >>> norwegian("15076500565"), norwegian("15076500566")
    (True, False)
    """
    digits = _digits(value)
    if len(digits) != 11:
        return False
    first = _weigh(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11
    return first == 0 == _weigh(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11


def danish(value: str) -> bool:
    """CPR: its day of birth; numbers since 2007 carry no check digit."""
    digits = _digits(value)
    return len(digits) == 10 and _is_yymmdd([*digits[4:6], *digits[2:4], *digits[0:2]])


def portuguese(value: str) -> bool:
    """NIF.

    >>> portuguese("123456789"), portuguese("123456780")
    (True, False)
    """
    digits = _digits(value)
    rest = _weigh(digits, range(9, 1, -1)) % 11
    return len(digits) == 9 and digits[8] == (0 if rest < 2 else 11 - rest)


def romanian(value: str) -> bool:
    """CNP."""
    digits = _digits(value)
    rest = _weigh(digits, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return len(digits) == 13 and digits[12] == (1 if rest == 10 else rest)


def bulgarian(value: str) -> bool:
    """EGN."""
    digits = _digits(value)
    return len(digits) == 10 and digits[9] == _weigh(digits, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10


def czech(value: str) -> bool:
    """Rodné číslo of ten digits: divisible by eleven.

    >>> czech("736028/5163"), czech("736028/5164")
    (True, False)
    """
    digits = _digits(value)
    return len(digits) == 10 and int("".join(map(str, digits))) % 11 == 0


def turkish(value: str) -> bool:
    """T.C. kimlik numarası.

    >>> turkish("10000000146"), turkish("10000000147")
    (True, False)
    """
    d = _digits(value)
    if len(d) != 11 or d[0] == 0:
        return False
    tenth = (sum(d[0:9:2]) * 7 - sum(d[1:8:2])) % 10
    return d[9] == tenth and d[10] == sum(d[:10]) % 10


def taiwanese(value: str) -> bool:
    """身分證字號.

    >>> taiwanese("A123456789"), taiwanese("A123456788")
    (True, False)
    """
    if not re.fullmatch(r"[A-Z][1289]\d{8}", value):
        return False
    code = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(value[0]) + 10
    figures = [code // 10, code % 10, *_digits(value)]
    return _weigh(figures, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)) % 10 == 0


def hong_kong(value: str) -> bool:
    """香港身份證.

    >>> hong_kong("A123456(3)"), hong_kong("A123456(4)")
    (True, False)
    """
    match = re.fullmatch(r"([A-Z]{1,2})(\d{6})\(([0-9A])\)", value)
    if match is None:
        return False
    letters = [36, *(ord(c) - 55 for c in match[1])][-2:]
    figures = [*letters, *_digits(match[2]), int(match[3], 16)]
    return _weigh(figures, (9, 8, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


_BY_WORD: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    (
        r"steuer-?\s?id(?:entifikationsnummer|entnummer|-nr\.?)?|\bidnr\.?",
        r"\d(?:[ ]?\d){10}",
        german_tax,
    ),
    (r"\bbsn(?:-nummer)?|burgerservicenummer|sofinummer", r"\d(?:[. ]?\d){8}", dutch),
    (r"\bpesel", r"\d{11}", polish),
    (r"マイナンバー|個人番号", r"\d{4}[ -]?\d{4}[ -]?\d{4}", japanese),
    (
        r"주민(?:등록)?번호|외국인등록번호",
        r"\d{6}-?\d{7}",
        bool,
    ),  # a word tells of it, even mistyped
    (r"\bnhs(?: number| no\.?)?", r"\d{3}[ -]?\d{3}[ -]?\d{4}", british_health),
    (r"\bcpr(?:-nummer|-nr\.?)?", r"\d{6}-?\d{4}", danish),
    (r"fødselsnummer|personnummer", r"\d{6}[ ]?\d{5}", norwegian),
    (r"personnummer|samordningsnummer", r"(?:\d{2})?\d{6}[-+]?\d{4}", swedish),
    (r"\bnif|contribuinte", r"\d{9}", portuguese),
    (r"\bcnp|cod numeric personal", r"\d{13}", romanian),
    (r"\begn|егн", r"\d{10}", bulgarian),
    (r"rodné číslo|\br\.\s?č\.", r"\d{6}/?\d{4}", czech),
    (r"\boib", r"\d{11}", croatian),
    (r"\bt\.?c\.? ?kimlik(?: no| numaras[ıi])?|kimlik no", r"\d{11}", turkish),
    (
        r"rijksregisternummer|numéro national|\bniss|\binsz",
        r"\d{2}\.?\d{2}\.?\d{2}[- ]?\d{3}[. ]?\d{2}",
        belgian,
    ),
)
IDENTITY_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    *(
        (re.compile(rf"(?i:{word})[^\d\n]{{0,40}}?({form})(?![A-Za-z0-9-])"), holds)
        for word, form, holds in _BY_WORD
    ),
    (
        re.compile(
            r"(?<![A-Za-z0-9])([A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z])(?![A-Za-z0-9])"
        ),
        italian,
    ),
    (re.compile(r"(?<![\d-])(\d{6}-[1-8]\d{6})(?![\d-])"), korean),
    (re.compile(r"(?<![A-Za-z0-9])(\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y])(?![A-Za-z0-9])"), finnish),
    (re.compile(r"(?<![A-Za-z0-9])([A-Z][1289]\d{8})(?![A-Za-z0-9])"), taiwanese),
    (re.compile(r"(?<![A-Za-z0-9])([A-Z]{1,2}\d{6}\([0-9A]\))"), hong_kong),
    (re.compile(r"(?<![\d.])(\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2})(?![\d.]?\d)"), belgian),
)
