"""Whether a column's values name something rather than measure it. Such values are texts: no zero
may be lost, no digit rounded.
"""

from __future__ import annotations

import re
from functools import partial

from mesocosm.data.parsing.chinese import codes
from mesocosm.data.privacy.check_digits import card, iban, resident_id
from mesocosm.data.profiling.columns.column import Column, Proposal, split_name

CHANCE = 8  # rows
LONG = 15  # digits that a double holds exactly
POSTCODE = frozenset(["zip", "zipcode", "postcode", "postal", "plz", "postleitzahl"])
LAST = frozenset(
    [
        "id",
        "no",
        "nr",
        "num",
        "number",
        "code",
        "key",
        "uuid",
        "guid",
        "sku",
        "isbn",
        "issn",
        "ean",
        "iban",
        "ssn",
        "fips",
        "gtin",
        "upc",
        "vin",
        "imei",
    ]
)
ALONE = LAST - {"no", "num", "number"}
ANYWHERE = frozenset(["phone", "telephone", "mobile", "tel", "fax", "telefon", "passport"])
EASTERN = re.compile(
    r"编号|号码|单号|证号|车牌|代码|邮编|学号|工号|卡号|账号|帐号|身份证|手机|电话|序号|番号|コード|郵便|携帯|번호|코드|номер|артикул|"
    r"индекс|инн|снилс",
    re.I,
)
COMPOUND = re.compile(
    r"(?:^|[^a-zà-ÿ])(?:n[°º]|№|#)\s*\w|[a-zäöü]{3,}(?:nummer|nr\.?|kennung|schlüssel|"
    r"schluessel|leitzahl)$|^(?:acct?|account|badge|bill|case|check|cheque|claim|client|"
    r"cust|customer|dept|doc|emp|employee|file|flight|inv|invoice|item|job|lot|member|ord|"
    r"order|part|patient|permit|policy|po|reg|room|route|serial|student|ticket|"
    r"track(?:ing)?|trans|txn)[_"
    r" ]?(?:no|num|nbr|nr|number|cd|code)\.?$|(?:^|[^a-zà-ÿ])(?:code|código|codigo|codice|"
    r"matricule|matricula|matrícula|référence|referencia|cpf|cnpj|dni|siren|siret|pesel|"
    r"cuit|mrn)(?:$|[^a-zà-ÿ])|n[uú]m[eé]ro[_"
    r" ](?:de[_ ]|di[_"
    r" ])?(?:client|cuenta|compte|pedido|commande|fact|s[eé]rie|dossier|documento|socio|"
    r"orden|conto|ordine|fattura|t[eé]l)",
    re.I,
)
VERSION = frozenset(
    [
        "version",
        "ver",
        "fw",
        "firmware",
        "release",
        "revision",
        "chapter",
        "kapitel",
        "版本",
        "固件",
    ]
)
COUNTS = frozenset(["of", "count", "counts", "total", "per", "anzahl"])
FIRST = 500  # values that are looked at for their form
CHECKS = (
    ("IBAN", iban),
    ("Chinese resident identity number", resident_id),
    ("unified social credit code", partial(codes.holds, codes.read_credit_code)),
    ("card number", card),
)
VERSION_NUMBER = re.compile(r"v?\d+(?:\.\d+)*\w*")
NAMING = re.compile(r"[^\W_]+(?:[-_/#. ][^\W_]+)*")  # how identifiers and postcodes are written
CODE = re.compile(r"(?=.*\d)[A-Za-z]{0,8}[-_/#]?[A-Za-z\d]+(?:[-_/#.][A-Za-z\d]+)*")


def propose_form(column: Column) -> Proposal | None:
    """The type that checks a company's code in every row, where all values hold it; None where some
    do not.
    """
    holds = partial(codes.holds, codes.read_credit_code)
    if column.distinct < 3 or not all(map(holds, column.counts)):
        return None
    return Proposal(
        f"fields.{column.name}",
        '{"type": "identifier", "form": "cn_credit_code"}',
        "the check character holds in every value; a row in which it does not would be quarantined",
    )


def explain_identifier(column: Column) -> str:
    """Why a column's values name something; empty where nothing says so."""
    if not column.counts:
        return ""
    return _explain_by_digits(column) or _explain_by_check(column) or _explain_by_name(column)


def _explain_by_digits(column: Column) -> str:
    """Why its digits name something: leading zeros, or more of them than a number holds."""
    digits = [v for v in column.counts if re.fullmatch(r"[0-9]+", v)]
    whole = len(digits) == len(column.counts)
    if column.kind == "VARCHAR":
        rows = _count_leading_zeros(column, digits, whole)
        if rows:
            return f"{rows} values are digits with leading zeros, which a number would lose"
    longest = max(map(len, digits), default=0)
    if whole and longest > LONG:
        return f"its values have up to {longest} digits, more than a number holds exactly"
    return ""


def _count_leading_zeros(column: Column, digits: list[str], whole: bool) -> int:
    """The rows of the values that would lose a zero as a number; beside other values, 000 may stand
    for a missing one.
    """
    zeros = [value for value in digits if re.match("0[0-9]", value)]
    if not whole:
        zeros = [value for value in zeros if value.strip("0")]
    return sum(column.counts[value] for value in zeros)


def _explain_by_check(column: Column) -> str:
    """Why check digits say that its values name something."""
    first = list(column.counts)[:FIRST]
    if len(first) < 3:
        return ""
    for what, holds in CHECKS:
        if sum(map(holds, first)) >= 0.95 * len(first):
            return f"the check digits of a {what} hold in its values"
    return ""


def _explain_by_name(column: Column) -> str:
    """Why its name says that its values name something, where they are able to."""
    what = classify_name(column.name)
    first = list(column.counts)[:FIRST]
    if what == "a version":
        if all(map(VERSION_NUMBER.fullmatch, first)):
            return "its name says that it is a version, and 1.10 is another one than 1.1"
        return ""
    if what and not _are_measures(first) and all(map(NAMING.fullmatch, first)):
        return f"its name says that it is {what}"
    return ""


def classify_name(name: str) -> str:
    """What kind of identifier a column's name says, empty where it says none.

    >>> classify_name("member_id"), classify_name("zip"), classify_name("number_of_rooms")
    ('an identifier', 'a postcode', '')
    >>> classify_name("订单编号"), classify_name("paid")
    ('an identifier', '')
    """
    words = split_name(name)
    if not words or words == ["cap"]:  # a postcode in Italy alone
        return ""
    if POSTCODE.intersection(words):
        return "a postcode"
    if _holds_identifier(name, words):
        return "an identifier"
    if words[-1] in VERSION or words[0] in VERSION:
        return "a version"
    if _ends_as_identifier(words):
        return "an identifier"
    return ""


def _holds_identifier(name: str, words: list[str]) -> bool:
    """Whether a word of an identifier stands anywhere in a name."""
    if ANYWHERE.intersection(words) or EASTERN.search(name):
        return True
    return bool(COMPOUND.search(name)) and not COUNTS.intersection(words)


def _ends_as_identifier(words: list[str]) -> bool:
    """Whether the last word of a name, numbers aside, is that of an identifier."""
    letters = [w for w in words if not w.isdigit()]
    if not letters or "yes" in words:  # yes and no of a question
        return False
    last = letters[-1]
    return last in ALONE or (last in LAST and _qualifies(words))


def _qualifies(words: list[str]) -> bool:
    """Whether words before the last one say what is numbered."""
    return len(words) > 1 and words[0] not in ("num", "number")


def are_codes(column: Column) -> bool:
    """Whether its values are codes of letters and digits of one length, such as L-00042."""
    values = list(column.counts)[:FIRST]
    if not values or not all(CODE.fullmatch(v) and re.search(r"[A-Za-z]", v) for v in values):
        return False
    return len({re.sub(r"\d", "9", v) for v in values}) <= 3


def are_row_numbers(column: Column) -> bool:
    """Whether its values number the rows one by one, from 0 or 1; fewer than `CHANCE` rows may do
    so by chance.
    """
    if not column.unique or column.rows < CHANCE:
        return False
    if not all(re.fullmatch(r"[0-9]{1,9}", v) for v in column.counts):
        return False
    numbers = sorted(map(int, column.counts))
    if numbers[0] not in (0, 1) or len(numbers) != column.distinct:
        return False
    return numbers[-1] - numbers[0] == len(numbers) - 1


def _are_measures(values: list[str]) -> bool:
    """Whether values are measures: figures with a decimal part, or below nought."""
    return any(re.fullmatch(r"-\d+(\.\d+)?|\d*\.\d+|\d+,\d+", v) for v in values)
