"""What columns of private values are called, in several languages, and what their values look like.
Knows words and forms.
"""

from __future__ import annotations

import re

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
                r" _-]?name|姓名|名字|[联聯][系絡络]人|客户名|"
                r"(?:申请|收件|收货|收貨|寄件|发货|持卡|负责|投保|被保险|监护|经办|签收|取货|委托|紧急联络)人|"
                r"法人(?:代表|姓名|$)|法定代表人|(?:会员|患者|病人|学生|员工|司机|业主|车主|乘客|家长)名|"
                r"户名$|经办员|氏名|성명|이름|"
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
        "plate",
        r"[\u4e00-\u9fff].{6,}",
        _any(r"licen[cs]e_?plate", "plate_?(?:no|number)", inside="车牌|号牌"),
    ),
    (
        "card or account",
        r"(?=.*\d)[\w -]{8,}",
        re.compile(
            r"(?:card|account)["
            r" _-]?(?:no|num|number)|credit_?card|iban|bank_?account|kontonummer|银行卡|卡号|"
            r"银行账[号户]|账号|帐号|[账帐]户(?:号码?)?$|微信(?:号|id)|(?<![a-z])qq(?:号码?)?$|"
            r"口座番号",
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
