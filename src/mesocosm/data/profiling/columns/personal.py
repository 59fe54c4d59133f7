"""Which columns hold private values, by their content and by their name, whatever their type.

A name alone is not believed: values must be able to be what it says. Values are never kept or
shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mesocosm.data.privacy.detector import find_spans
from mesocosm.data.profiling.columns.column import Column
from mesocosm.data.profiling.columns.given_names import people

STRONG = frozenset(["e-mail", "national id", "card", "iban"])
MASKED = frozenset(["phone", "card", "iban", "ip", "address"])
SHARED = 20  # rows of one value from which on it is that of a shop rather than of a person
LOOKED = 500
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
                r" _-]?name|姓名|名字|联系人|客户名|(?:申请|收件|持卡|负责)人|氏名|성명|이름|(?:nombre|nom|"
                r"nome)_(?:completo|y_|cliente|du_|client)"
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
    """How a column is hidden, empty where it is only told of, and why."""

    how: str
    why: str


def private(column: Column, kind: str) -> Private | None:
    """What private values a column holds; None where nothing says so.

    Args:
        kind: the type of the drafted field.
    """
    values = list(column.counts)[:LOOKED]
    if not values:
        return None
    if kind not in ("date", "time", "number") and (found := _content(column, values)):
        return found
    spaced = re.sub(r"([a-z])([A-Z])", r"\1_\2", column.name)
    for what, form, name in NAMES:
        if name.search(spaced) and sum(
            bool(re.match(form, v, re.S)) if what != "e-mail" else "@" in v for v in values
        ) >= 0.6 * len(values):
            if what == "name" and kind not in ("text", "category"):
                continue
            return _hidden(
                column,
                what,
                f"its name says that it is a {what}".replace("a e", "an e").replace("a a", "an a"),
            )
    if kind in ("text", "category") and PERSON.search(spaced) and people(values):
        return _hidden(column, "name", "its values are names of people")
    return None


def free_text(column: Column) -> Private | None:
    """Private values inside the sentences of a column; None where too few are found."""
    values = [v for v in list(column.counts)[:LOOKED] if _length(v) >= 12]
    if len(values) < 5 or sum(" " in v or _length(v) > 20 for v in values) < 0.5 * len(values):
        return _few_values(column)
    held: dict[str, int] = {}
    for value in values:
        for what in {
            s.what
            for s in find_spans(value[:2000])
            if not re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}.*", value[s.start : s.end])
        }:
            held[what] = held.get(what, 0) + 1
    strong = {k: n for k, n in held.items() if k != "name" and n >= max(2, 0.01 * len(values))}
    if held.get("name", 0) >= max(3, 0.1 * len(values)):
        strong["name"] = held["name"]
    if not strong:
        return None
    said = ", ".join(
        f"{n} hold {'an' if k[0] in 'aei' else 'a'} {k}"
        for k, n in sorted(strong.items(), key=lambda pair: -pair[1])
    )
    return Private(
        "redact",
        f"of {len(values)} texts {said}; each is replaced by its kind in brackets, and what is not"
        " found stays",
    )


def _few_values(column: Column) -> Private | None:
    """Private values among a column's few texts: those that a form proves, as an address of mail."""
    held: dict[str, int] = {}
    for value, rows in list(column.counts.items())[:LOOKED]:
        for what in {s.what for s in find_spans(value[:2000])} & STRONG:
            held[what] = held.get(what, 0) + rows
    if not held or sum(held.values()) < max(2, 0.01 * column.seen):
        return None
    said = ", ".join(f"{n} hold {'an' if k[0] in 'aei' else 'a'} {k}" for k, n in held.items())
    return Private(
        "redact",
        f"of {column.seen} rows {said}; each is replaced by its kind in brackets, and what is not"
        " found stays",
    )


def _length(value: str) -> int:
    """Letters of a text; a Chinese one counts for three."""
    return len(value) + 2 * sum("\u4e00" <= c <= "\u9fff" for c in value)


def _content(column: Column, values: list[str]) -> Private | None:
    hits: dict[str, int] = {}
    for value in values:
        mine = [s for s in find_spans(value[:200]) if s.end - s.start >= 0.8 * len(value)]
        if mine:
            hits[mine[0].what] = hits.get(mine[0].what, 0) + 1
    best = max(hits, key=lambda k: hits[k], default="")
    digits = all(v.isdigit() for v in values)
    if len(values) < 3 and best not in STRONG:
        return None
    if (
        not best
        or hits[best] < (0.9 if digits else 0.6) * len(values)
        or (digits and best == "card" and len(values) < 5)
    ):
        return None
    article = "an" if best[0] in "aei" else "a"
    return _hidden(
        column, best, f"{hits[best]} of {len(values)} values have the form of {article} {best}"
    )


def _hidden(column: Column, what: str, why: str) -> Private:
    often = column.seen / max(1, column.distinct)
    if (
        what not in STRONG
        and what not in ("name", "salary", "date of birth", "card or account")
        and often >= SHARED
    ):
        return Private(
            "",
            f"{why}, but {column.distinct} values stand in {column.seen} rows, so it is not"
            " proposed as private",
        )
    return Private("mask" if what in MASKED or what == "card or account" else "pseudonymise", why)
