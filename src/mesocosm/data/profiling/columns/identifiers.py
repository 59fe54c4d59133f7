"""Whether a column's values name something rather than measure it. Such values are texts: no zero
may be lost, no digit rounded.
"""

from __future__ import annotations

import re

from mesocosm.data.privacy.check_digits import card, iban, resident_id
from mesocosm.data.profiling.columns.column import Column, words

CHANCE = 8  # rows
LONG = 15  # digits that a double surely holds
POSTCODE = frozenset(["zip", "zipcode", "postcode", "postal", "plz", "postleitzahl", "cap"])
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
    r"编号|号码|单号|证号|代码|邮编|学号|工号|卡号|账号|帐号|身份证|手机|电话|序号|番号|コード|郵便|携帯|번호|코드|номер|артикул|"
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
CODE = re.compile(r"(?=.*\d)[A-Za-z]{0,8}[-_/#]?[A-Za-z\d]+(?:[-_/#.][A-Za-z\d]+)*")


def identifier(column: Column) -> str:
    """Why a column's values name something; empty where nothing says so."""
    values = list(column.counts)
    digits = [v for v in values if re.fullmatch(r"[0-9]+", v)]
    if not values:
        return ""
    whole = len(digits) == len(values)  # beside other values, 000 may stand for a missing one
    if column.kind == "VARCHAR" and (
        zeros := [v for v in digits if len(v) > 1 and v[0] == "0" and (whole or v.strip("0"))]
    ):
        return (
            f"{sum(column.counts[v] for v in zeros)} values are digits with leading zeros, which a"
            " number would lose"
        )
    if whole and any(len(v) > LONG for v in digits):
        return (
            f"its values have up to {max(map(len, digits))} digits, more than a number holds"
            " exactly"
        )
    for what, holds in (
        ("IBAN", iban),
        ("Chinese resident identity number", resident_id),
        ("card number", card),
    ):
        if len(values) >= 3 and sum(holds(v) for v in values[:500]) >= 0.95 * min(500, len(values)):
            return f"the check digits of a {what} hold in its values"
    if (told := named(column.name)) == "a version" and all(
        re.fullmatch(r"v?\d+(?:\.\d+)*\w*", v) for v in values[:500]
    ):
        return "its name says that it is a version, and 1.10 is another one than 1.1"
    if (
        told
        and told != "a version"
        and all(re.fullmatch(r"[^\W_]+(?:[-_/#. ][^\W_]+)*", v) for v in values[:500])
        and not _counted(values)
    ):
        return f"its name says that it is {told}"
    return ""


def named(name: str) -> str:
    """What kind of identifier a column's name says, empty where it says none.

    >>> named("member_id"), named("zip"), named("number_of_rooms"), named("订单编号"), named("paid")
    ('an identifier', 'a postcode', '', 'an identifier', '')
    """
    said = words(name)
    if not said:
        return ""
    if POSTCODE & set(said) - ({"cap"} if said != ["cap"] else set()):
        return "a postcode" if said != ["cap"] else ""
    if ANYWHERE & set(said) or EASTERN.search(name):
        return "an identifier"
    if COMPOUND.search(name) and not (COUNTS & set(said)):
        return "an identifier"
    if said[-1] in VERSION or said[0] in VERSION:
        return "a version"
    last = [w for w in said if not w.isdigit()][-1:]
    if (
        last
        and "yes" not in said
        and (
            last[0] in ALONE
            or (last[0] in LAST and len(said) > 1 and said[0] not in ("num", "number"))
        )
    ):
        return "an identifier"
    return ""


def coded(column: Column) -> bool:
    """Whether its values are codes of letters and digits of one length, such as L-00042."""
    values = list(column.counts)[:500]
    return (
        bool(values)
        and all(CODE.fullmatch(v) and re.search(r"[A-Za-z]", v) for v in values)
        and len({re.sub(r"\d", "9", v) for v in values}) <= 3
    )


def counted(column: Column) -> bool:
    """Whether its values number the rows one by one, from 0 or 1; fewer than `CHANCE` rows may do
    so by chance.
    """
    if (
        not column.unique
        or column.rows < CHANCE
        or not all(re.fullmatch(r"[0-9]{1,9}", v) for v in column.counts)
    ):
        return False
    numbers = sorted(map(int, column.counts))
    return (
        numbers[0] in (0, 1)
        and numbers[-1] - numbers[0] == len(numbers) - 1
        and len(numbers) == column.distinct
    )


def _counted(values: list[str]) -> bool:
    """Whether values are measures: figures with a decimal part, or below nought."""
    return any(re.fullmatch(r"-\d+(\.\d+)?|\d*\.\d+|\d+,\d+", v) for v in values[:500])
