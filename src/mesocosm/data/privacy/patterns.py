"""The table of private values that have a form: what each is called, how it is written,
and what must hold of it.
"""

from __future__ import annotations

import re

from mesocosm.data.parsing.chinese.codes import PLATE_LETTER, PLATE_PROVINCES
from mesocosm.data.privacy.address_words import PROVINCES, STREET
from mesocosm.data.privacy.check_digits import (
    address_ip,
    ahv,
    card,
    iban,
    phone,
    plate,
    resident_id,
    ssn,
)
from mesocosm.data.privacy.names import CAP, LOW, OF, UP

FORMS = (
    (
        "e-mail",
        re.compile(
            rf"(?<![0-9_.+{UP}{LOW}-])[0-9_.+{UP}{LOW}-]+(?:['’][0-9_.+{UP}{LOW}-]+)*@[0-"
            rf"9_{UP}{LOW}-]+(?:\.[0-9_{UP}{LOW}-]+)*\.[{UP}{LOW}]{{2,}}(?![0-9_{UP}{LOW}"
            rf"-])"
        ),
        bool,
    ),
    (
        "e-mail",
        re.compile(r"[\w.+-]{1,40}@[\u4e00-\u9fff\w-]+\.(?:中国|公司|网络|com|cn)(?![A-Za-z])"),
        bool,
    ),
    (
        "iban",
        re.compile(
            r"(?<![A-Za-z0-9])"
            r"[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
        ),
        iban,
    ),
    ("national id", re.compile(r"(?<!\d)\d{17}[\dXx](?![\dA-Za-z])"), resident_id),
    (
        "national id",
        re.compile(r"(?<!\d)\d{6}([ -])\d{8}\1\d{3}[\dXx](?![\dA-Za-z])"),
        resident_id,
    ),
    (
        "plate",
        re.compile(  # 京 behind 北, 南 or 东 is a part of a city's name
            rf"(?<![北南东天辽西])[{PLATE_PROVINCES}][{PLATE_LETTER}O][ ·•.-]?"
            rf"[{PLATE_LETTER}\d]{{4,5}}[{PLATE_LETTER}\d挂学警港澳试超领](?![A-Za-z\d])"
        ),
        plate,
    ),
    ("national id", re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"), ssn),
    ("national id", re.compile(r"(?<![\d.])756\.\d{4}\.\d{4}\.\d{2}(?![\d.])"), ahv),
    # digits behind a decimal mark are no card
    ("card", re.compile(r"(?<![\d+-])(?<!\d[.,])\d(?:[ -]?\d){11,18}(?![\d-])"), card),
    ("ip", re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)"), address_ip),
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
    ("phone", re.compile(r"(?<![\d-])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"), bool),
    (
        "phone",
        re.compile(
            r"(?:(?<=[Tt]el )|(?<=[Tt]el\. )|(?<=[Tt]el: )|(?<=lame al )|(?<=eléfono )|(?<=eléfono"
            r" es )|(?<=móvil )|(?<=phone )|(?<=numéro )|(?<=number )|(?<=call ))\d{2,3}(?:["
            r" .]\d{2,3}){2,4}(?![\w-]|[.,]\d)"
        ),
        bool,
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
    ("phone", re.compile(r"(?<![\w+-])\(\d{3}\)\s?\d{3}-?\d{4}(?:x\d{1,5})?(?![\w-])"), bool),
    ("phone", re.compile(r"(?<![\w+-])\+\d{8,15}(?!\d)"), bool),
    ("phone", re.compile(r"(?<![\w+-])\+\d{1,3}[ -]\(?\d{1,4}\)?[ -]?\d{5,9}(?!\d)"), bool),
    (
        "phone",
        re.compile(
            r"(?:(?<=phone )|(?<=call )|(?<=at )|(?<=number"
            r" )|(?<=电话)|(?<=电话：)|(?<=拨打))\d{3}-?\d{3}-?\d{4}(?:x\d{1,5})?(?!\d)"
        ),
        bool,
    ),
    ("phone", re.compile(r"(?<![\d-])0\d{2,3}-\d{7,8}(?!\d)"), bool),
    (
        "address",
        re.compile(
            rf"(?<!\w)\d{{1,6}}\s+(?:(?:[NSEW]|North|South|East|"
            rf"West)\.?\s+)?(?:[A-Z][\w'’.-]*\s+){{1,4}}{STREET}\b\.?(?:\s+(?:Apt|Suite|"
            rf"Ste|Unit)\.?\s*#?\w+)?"
        ),
        bool,
    ),
    (
        "address",
        re.compile(
            rf"(?<!\w)(?:{CAP}(?:er|-)?["
            rf" -])?(?:[{UP}][{LOW}ß-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|"
            rf"ring|ufer|damm)|(?:Straße|Weg|Platz|Allee|Gasse)|(?:Am|An"
            r" der|Auf der|Unter"
            rf" den|Zum|Zur|Im)\s+{CAP})\s+\d{{1,4}}\s?[a-z]?(?!\w)(?:,?\s+\d{{5}}\s+{CAP})?"
        ),
        bool,
    ),
    (
        "address",
        re.compile(
            rf"(?<!\w)\d{{1,4}}(?:\s?(?:bis|ter))?,?\s+(?i:rue|avenue|av\.|boulevard|bd|"
            rf"place|chemin|allée|impasse|quai|cours|route)\s+(?:(?:{OF}|l['’]|de"
            rf" l['’])\s*)?(?:(?:{OF}\s+)?(?:[dl]['’])?{CAP}\s?){{1,4}}(?:,\s*\d{{5}}\s+{CAP})?"
        ),
        bool,
    ),
    (
        "address",
        re.compile(
            rf"(?<!\w)(?i:calle|c/|avenida|avda\.?|plaza|paseo|carretera|camino|"
            rf"ronda)\s*(?:{OF}\s+)?{CAP}(?:\s+(?:{OF}\s+)?{CAP}){{0,3}},?\s+(?:n[.ºo]+\s"
            rf"*)?\d{{1,4}}(?!\w)(?:,\s*\d{{5}}\s+{CAP})?"
        ),
        bool,
    ),
    (
        "address",
        re.compile(
            rf"(?:{PROVINCES})(?:维吾尔|回族|壮族)?(?:省|市|自治区|"
            rf"特别行政区)?[\u4e00-\u9fff]{{1,20}}?(?:路|街|大道|巷|弄|"
            rf"胡同)(?:[\dA-Za-z]+号?)?(?:[\dA-Za-z]+(?:座|栋|单元|室|号楼|楼))*"
        ),
        bool,
    ),
    (
        "address",
        re.compile(
            r"(?:(?<=住在)|(?<=地址是)|(?<=地址：)|(?<=送到)|(?<=寄到))[\u4e00-\u9fff]{2,16}?(?:路|街|"
            r"大道|巷|弄|胡同)(?:[\dA-Za-z]+号?)?(?:[\dA-Za-z]+(?:座|栋|单元|室|号楼|楼))*"
        ),
        bool,
    ),
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
# words before figures that name a thing; 身份证编号 and 客户编号 are a person's
NO_PERSON = re.compile(
    r"(?:订单|单号|(?<![证件户员者人工机话卡])编号|流水|序列号|运单|快递|物流|发票|合同号?|工单|批次|批号|货号|型号|条形?码|交易号|案号|"
    r"注文|請求書|部品番号|製品番号|伝票番号|주문|청구서|부품 번호|송장|"
    r"(?<!\w)(?i:order|invoice|ticket|part|item|model|serial|batch|version|tracking|"
    r"reference|ref\.|"
    r"bestellung|rechnung|auftrag|ersatzteil|artikel|vorgang|commande|facture|pièce|article|"
    r"pedido|factura|pieza|ordine|fattura|pezzo|articolo|bestelling|factuur|onderdeel|artikel|"
    r"zamówienie|faktura|część))"
    r"(?:号码?|番号| 번호|-?nummer| number| numéro| numero| nr\.?| n[°º.])?"
    r"\s*(?:[:：]|是|为|No\.?|#)?\s*$"
)
FIGURES = frozenset(["card", "phone", "national id"])  # kinds that may be the figures of a thing
