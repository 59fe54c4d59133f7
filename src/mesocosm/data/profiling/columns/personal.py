"""Which columns hold private values, by their content and by their name, whatever their type.

A name alone is not believed: values must be able to be what it says. Values are never kept or
shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from mesocosm.data.privacy.detector import find_spans
from mesocosm.data.profiling.columns.column import Column
from mesocosm.data.profiling.columns.given_names import are_people

STRONG = frozenset(["e-mail", "national id", "card", "iban"])
MASKED = frozenset(["phone", "card", "iban", "ip", "address", "card or account"])
SHARED = 20  # rows of one value from which on it is that of a shop rather than of a person
LOOKED = 500
PERSONAL = STRONG | {"name", "salary", "date of birth", "card or account"}  # hidden however often
MOSTLY = 0.6  # share of the values that must have the form of what a column holds
LONG_TEXT = 12  # letters of a text that may be a sentence
REDACTED = "each is replaced by its kind in brackets, and what is not found stays"
E, W = r"(?:^|[^a-zà-ÿ])", r"(?:$|[^a-zà-ÿ])"  # where a word of a name begins and ends


def _any(*words: str, inside: str = "") -> re.Pattern[str]:
    """A pattern of whole words of a column's name, and of parts of it."""
    return re.compile(rf"{E}(?:{'|'.join(words)}){W}" + (f"|{inside}" if inside else ""), re.I)


NAMES: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    (
        "e-mail",
        r"@",
        _any(
            "e-?mail",
            "courriel",
            "correo",
            inside=r"mail_?(?:address|adresse)?$|邮箱|电子邮件|メール|이메일|почта",
        ),
    ),
    (
        "phone",
        r"(?:\D*\d){6,}",
        _any(
            "tel",
            "fax",
            "handy",
            "cell",
            "t[eé]l[eé]phone",
            "tel[eé]fono",
            "telefone",
            "celular",
            "móvil",
            "portable",
            "whatsapp",
            inside="phone|mobile|telefon|电话|手机|联系方式|電話|携帯|전화|휴대폰|телефон",
        ),
    ),
    (
        "name",
        r"[^\d]{2,60}",
        _any(
            "vorname",
            "nachname",
            "familienname",
            "pr[eé]nom",
            "surname",
            "forename",
            "apellidos?",
            "nom_(?:de_famille|complet)",
            "cognome",
            "sobrenome",
            "имя",
            "фамилия",
            "фио",
            inside=(
                r"(?:first|last|full|sur|given|family|middle|maiden|person|customer|"
                r"patient|applicant|client|user|employee|student)["
                r" _-]?name|姓名|名字|联系人|客户名|(?:申请|收件|持卡|负责)人|氏名|성명|이름|"
                r"(?:nombre|nom|nome)_(?:completo|y_|cliente|du_|client)"
            ),
        ),
    ),
    (
        "national id",
        r"(?=.*\d)[\w .-]{6,}",
        _any(
            "ssn",
            "nin",
            "nif",
            "nie",
            "dni",
            "cpf",
            "curp",
            "rut",
            "pesel",
            "bsn",
            "aadhaar",
            "passport",
            "passport_?no",
            "national_?id",
            "tax_?id",
            "steuer_?id",
            "codice_?fiscale",
            "fiscal_?code",
            "nhs(?:_?(?:no|number))?",
            "ni_?number",
            "nino",
            "driver_?s?_?licen[cs]e\\w*",
            "снилс",
            "инн",
            "паспорт",
            inside="social_?security|sozialversicherung|reisepass|personalausweis|身份证|护照|社保|证件号|"
            "マイナンバー|주민등록|여권",
        ),
    ),
    (
        "card or account",
        r"(?=.*\d)[\w -]{8,}",
        re.compile(
            r"(?:card|account)["
            r" _-]?(?:no|num|number)|credit_?card|iban|bank_?account|kontonummer|银行卡|卡号|"
            r"银行账[号户]|账号|口座番号",
            re.I,
        ),
    ),
    (
        "address",
        r"(?=.*[^\W\d]).{6,}",
        _any(
            "street",
            "home_?address",
            r"address(?:_?line)?_?\d?",
            "anschrift",
            "adresse",
            "direcci[oó]n",
            "domicilio",
            "indirizzo",
            "endere[cç]o",
            "адрес",
            inside="stra(?:ss|ß)e$|住址|地址|住所|주소",
        ),
    ),
    (
        "date of birth",
        r"(?=(?:\D*\d){4}).{6,}",
        _any(
            "dob",
            r"d\.o\.b",
            "birth_?date",
            "birth_?day",
            "date_?of_?birth",
            "birth",
            "born",
            "geburtsdatum",
            "geburtstag",
            "geb_?datum",
            "date_de_naissance",
            "naissance",
            "fecha_(?:de_)?nac\\w*",
            "nacimiento",
            "data_di_nascita",
            "data_(?:de_)?nascimento",
            inside="出生日期|出生年月|生日|生年月日|생년월일|рождения",
        ),
    ),
    (
        "salary",
        r"(?=.*\d).{2,}",
        _any(
            "salary",
            "salaries",
            "gehalt",
            "payroll",
            "salaire",
            "salario",
            "sal[aá]rio",
            "sueldo",
            "stipendio",
            "base_?pay",
            "зарплата",
            inside="工资|薪资|薪水|薪酬|月薪|年薪|給与|給料|연봉|급여",
        ),
    ),
)
PERSON = _any(
    "name",
    "names",
    "naam",
    "nombre",
    "nom",
    "nome",
    "contact",
    "contact_?person",
    "person",
    "people",
    "customer",
    "client",
    "kunde",
    "patient",
    "student",
    "employee",
    "mitarbeiter",
    "staff",
    "member",
    "guest",
    "passenger",
    "tenant",
    "buyer",
    "seller",
    "agent",
    "owner",
    "manager",
    "doctor",
    "teacher",
    "author",
    "sender",
    "recipient",
    "ansprechpartner",
    "versicherter",
    "antragsteller",
    "spouse",
    "caller",
    inside="客户|用户|员工|学生|患者|会员|老师|医生|业主|经理|联系",
)


@dataclass(frozen=True)
class Private:
    """How a column is hidden, empty where it is only reported, and why."""

    how: str
    why: str


def find_private(column: Column, kind: str) -> Private | None:
    """What private values a column holds; None where nothing says so.

    Args:
        kind: the type of the drafted field.
    """
    values = list(column.counts)[:LOOKED]
    if not values:
        return None
    if kind not in ("date", "time", "number"):
        by_content = _find_by_content(column, values)
        if by_content:
            return by_content
    return _find_by_name(column, kind, values)


def _find_by_name(column: Column, kind: str, values: list[str]) -> Private | None:
    """What its name says that it holds, where the values are able to be that."""
    is_words = kind in ("text", "category")
    spaced = re.sub(r"([a-z])([A-Z])", r"\1_\2", column.name)
    for what, form, name in NAMES:
        if what == "name" and not is_words:
            continue
        if name.search(spaced) and _count_forms(what, form, values) >= MOSTLY * len(values):
            return _hide(column, what, f"its name says that it is {_add_article(what)}")
    if is_words and PERSON.search(spaced) and are_people(values):
        return _hide(column, "name", "its values are names of people")
    return None


def _count_forms(what: str, form: str, values: list[str]) -> int:
    """How many values are able to be what the name says."""
    if what == "e-mail":
        return sum("@" in v for v in values)
    return sum(bool(re.match(form, v, re.S)) for v in values)


def find_private_in_text(column: Column) -> Private | None:
    """Private values inside the sentences of a column; None where too few are found."""
    values = [v for v in list(column.counts)[:LOOKED] if _measure_length(v) >= LONG_TEXT]
    sentences = sum(" " in v or _measure_length(v) > 20 for v in values)
    if len(values) < 5 or sentences < 0.5 * len(values):
        return _find_in_few_values(column)
    held = Counter[str]()
    for value in values:
        held.update(_list_kinds(value))
    least = {"name": max(3, 0.1 * len(values))}
    some = max(2, 0.01 * len(values))
    found = [(what, n) for what, n in held.items() if n >= least.get(what, some)]
    if not found:
        return None
    # as many of them hold a name as not, names are told last
    found.sort(key=lambda pair: (-pair[1], pair[0] == "name"))
    return Private("redact", f"of {len(values)} texts {_describe_held(found)}; {REDACTED}")


def _list_kinds(value: str) -> set[str]:
    """The kinds of private values in a text; a day of the calendar alone is none."""
    day = re.compile(r"\d{4}-\d{1,2}-\d{1,2}.*")
    return {s.what for s in find_spans(value[:2000]) if not day.fullmatch(value[s.start : s.end])}


def _find_in_few_values(column: Column) -> Private | None:
    """Private values among a column's few texts: those that a form proves, as an e-mail address."""
    held = Counter[str]()
    for value, rows in list(column.counts.items())[:LOOKED]:
        for what in {s.what for s in find_spans(value[:2000])} & STRONG:
            held[what] += rows
    if not held or held.total() < max(2, 0.01 * column.seen):
        return None
    return Private("redact", f"of {column.seen} rows {_describe_held(held.items())}; {REDACTED}")


def _describe_held(held: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{n} hold {_add_article(what)}" for what, n in held)


def _add_article(what: str) -> str:
    """A kind of private value with its article.

    >>> _add_article("address"), _add_article("phone")
    ('an address', 'a phone')
    """
    if what[0] in "aei":
        return f"an {what}"
    return f"a {what}"


def _measure_length(value: str) -> int:
    """Letters of a text; a Chinese one counts for three."""
    return len(value) + 2 * sum("\u4e00" <= c <= "\u9fff" for c in value)


def _find_by_content(column: Column, values: list[str]) -> Private | None:
    """What most values have the form of as a whole."""
    hits = Counter(what for value in values if (what := _classify_whole(value)))
    if not hits:
        return None
    best, count = hits.most_common(1)[0]
    if len(values) < 3 and best not in STRONG:
        return None
    share = MOSTLY
    if all(v.isdigit() for v in values):  # digits alone have many forms by chance
        share = 0.9
        if best == "card" and len(values) < 5:
            return None
    if count < share * len(values):
        return None
    return _hide(
        column, best, f"{count} of {len(values)} values have the form of {_add_article(best)}"
    )


def _classify_whole(value: str) -> str:
    """What a value as a whole has the form of, empty where it has none."""
    whole = (s.what for s in find_spans(value[:200]) if s.end - s.start >= 0.8 * len(value))
    return next(whole, "")


def _hide(column: Column, what: str, why: str) -> Private:
    often = column.seen / max(1, column.distinct)
    if what not in PERSONAL and often >= SHARED:
        return Private(
            "",
            f"{why}, but {column.distinct} values stand in {column.seen} rows, so it is not"
            " proposed as private",
        )
    return Private("mask" if what in MASKED else "pseudonymise", why)
