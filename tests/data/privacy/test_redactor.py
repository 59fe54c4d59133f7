"""The redactor on sentences beside its own: recall and precision by language, with a floor. Private
values stand in «kind|value».
"""

from __future__ import annotations

import re

import pytest

from mesocosm.data.privacy.detector import find_spans, redact

NAMES = {
    "en": [
        "Mary O'Brien",
        "Ian McDonald",
        "Zoë Smith-Jones",
        "Priya Raman",
        "James T. Walker",
        "Hannah Lee",
    ],
    "de": [
        "Jürgen Müller",
        "Käthe Groß",
        "Ursula von der Leyen",
        "Björn Öztürk",
        "Anna-Lena Schäfer",
        "Max zu Hohenfels",
    ],
    "fr": [
        "Éloïse Lefèvre",
        "Jean-Luc Moreau",
        "Charles de Gaulle",
        "Zoé d'Arcy",
        "François Côté",
        "Amélie Dupont",
    ],
    "es": [
        "José García",
        "María de la Cruz",
        "Íñigo Núñez",
        "Ana López Ruiz",
        "Martín Peña",
        "Lucía del Río",
    ],
    "zh": ["王小明", "李娜", "张伟", "欧阳雪", "陈思远", "赵敏"],
}
PHONES = {
    "en": [
        "020 7946 0958",
        "(415) 555-2671",
        "+44 20 7946 0958",
        "415-555-2671",
        "+1 415 555 2671",
        "0161 496 0345",
    ],
    "de": [
        "0171/1234567",
        "030 1234567",
        "+49 89 636 48018",
        "0049 30 901820",
        "089/63648018",
        "0221 4710-123",
    ],
    "fr": [
        "01 42 68 53 00",
        "06 12 34 56 78",
        "+33 1 42 68 53 00",
        "0033 6 12 34 56 78",
        "04.91.13.89.00",
        "05 61 22 33 44",
    ],
    "es": [
        "912 345 678",
        "+34 612 345 678",
        "611 22 33 44",
        "0034 912 345 678",
        "934 567 890",
        "+34 93 456 78 90",
    ],
    "zh": [
        "13812345678",
        "138 1234 5678",
        "010-62345678",
        "+86 139 1234 5678",
        "0755-86013388",
        "15912345678",
    ],
}
STREETS = {
    "en": [
        "221 Baker Street",
        "1600 Pennsylvania Avenue",
        "12 Old Mill Lane",
        "48 Kings Road",
        "7 North Harbor Drive",
        "350 Fifth Avenue",
    ],
    "de": [
        "Hauptstraße 12, 10115 Berlin",
        "Berliner Straße 4a",
        "Am Markt 5",
        "Lindenallee 77",
        "Goethestr. 3",
        "Unter den Linden 6",
    ],
    "fr": [
        "12 rue de la Paix, 75002 Paris",
        "5 bis avenue Victor Hugo",
        "14, boulevard Saint-Michel",
        "3 place Bellecour",
        "27 quai de Bourbon",
        "8 chemin des Vignes",
    ],
    "es": [
        "Calle Mayor 12",
        "Avenida de la Constitución 3",
        "calle de Alcalá 45, 28014 Madrid",
        "Plaza España, 7",
        "Paseo del Prado 8",
        "C/ Serrano 21",
    ],
    "zh": [
        "北京市海淀区中关村大街27号",
        "上海市浦东新区世纪大道100号",
        "广东省深圳市南山区科技路5号",
        "浙江省杭州市文三路90号",
        "江苏省南京市中山路18号",
        "四川省成都市人民路3号",
    ],
}
MAILS = [
    "ann@exämple.de",
    "j.muller@example.org",
    "contact+1@mairie.example.fr",
    "josé@correo.es",
    "li.na@example.com.cn",
    "o'brien.m@example.co.uk",
]
SAYS = {
    "en": [
        "The customer {n} asked for a refund",
        "Please call me at {p} tomorrow",
        "She moved to {a} last spring",
        "Write to {m} if it breaks",
        "Dear {n}, your parcel is here",
        "Signed by {n} and sent to {m}",
    ],
    "de": [
        "Die Kundin {n} bittet um Rückruf",
        "Bitte zurückrufen unter {p} ab morgen",
        "Er wohnt jetzt {a} im Hof",
        "Unterlagen bitte an {m} senden",
        "Frau {n} hat storniert",
        "Ich bin {n} und erreichbar unter {p}",
    ],
    "fr": [
        "La cliente {n} demande un remboursement",
        "Rappelez-moi au {p} demain",
        "Elle habite {a} depuis mai",
        "Merci d'écrire à {m} avant lundi",
        "Madame {n} a annulé",
        "Je m'appelle {n}, mon numéro est le {p}",
    ],
    "es": [
        "El cliente {n} pide un reembolso",
        "Llame al {p} por la tarde",
        "Vive en {a} desde mayo",
        "Escriba a {m} hoy mismo",
        "Estimada {n}, gracias",
        "Me llamo {n} y mi teléfono es {p}",
    ],
    "zh": [
        "客户{n}要求退款",
        "请拨打{p}联系我",
        "他现在住在{a}。",
        "请把发票寄到{m}，谢谢",
        "我叫{n}，想取消订单",
        "联系人：{n}，电话{p}",
    ],
}
PLAIN = {
    "en": [
        "The invoice of 2023-01-05 is paid",
        "Version 10.12.2023 was released",
        "It stands at 52.5200 13.4050",
        "The total is 1,234,567.00 USD",
        "We moved from 2.10.4 to 2.11.0",
        "The Premium Account renews on 03/04/2024",
        "Order 12 arrived on Monday",
        "Open from 08:00 to 17:30",
    ],
    "de": [
        "Die Rechnung vom 05.01.2023 ist bezahlt",
        "Version 3.14.159 läuft",
        "Die Summe beträgt 1.234.567,00 EUR",
        "Die Lieferung kam am Dienstag",
        "Das Paket wiegt 12 kg",
        "Koordinaten 52.5200 13.4050",
        "Stand 2024-02-29 12:30",
        "Mit freundlichen Grüßen",
    ],
    "fr": [
        "La facture du 05/01/2023 est payée",
        "La version 2.10.4 est sortie",
        "Le total est de 1 234 567 EUR",
        "Le colis pèse 12 kg",
        "Rendez-vous le 10.12.2023",
        "La somme de 12 500 euros",
        "Coordonnées 48.8566 2.3522",
        "Ouvert de 9h à 18h",
    ],
    "es": [
        "La factura del 05/01/2023 está pagada",
        "La versión 2.10.4 ya salió",
        "El total es 1.234.567,00 EUR",
        "El paquete pesa 12 kg",
        "La cita es el 10-12-2023",
        "Coordenadas 40.4168 3.7038",
        "Abierto de 9 a 18 horas",
        "El plazo acaba el 2024-02-29",
    ],
    "zh": [
        "由于天气，航班取消了",
        "订单日期是2023-01-05",
        "总金额为1,234,567元",
        "版本2.10.4已发布",
        "由于系统升级，请稍后再试",
        "坐标为39.9042 116.4074",
        "请安排明天送货",
        "和平饭店很安全",
    ],
}
MORE = {  # dates of birth, papers, roles, sign-offs
    "en": [
        "Good morning, «Rachel Dawson» speaking",
        "I would like to speak to «Hamish MacLeod»",
        "Her date of birth is «5 June 1973»",
        "Please invoice «Fatima Al-Sayed» instead",
        "Reach me on «0113 496 0871» after six",
        "Text «+61 412 345 678»",
        "The tenant «Owen Pritchard» reported damp",
        "Deliver to «29 Acacia Avenue, London SE1 7PB»",
        "My NI number is «QQ 12 34 56 C»",
        "Her passport «A1234567» expires soon",
        "Cc: «Michael O'Donnell», finance",
        "«John Fitzgerald» called about a refund",
        "She was born on «12 Aug 1990»",
        "send the bill to «billing.dept+x@shop-example.io»",
        "Best wishes,\n«Tom»",
        "Our engineer «Dmitri Volkov» will come",
        "card no. «5500-0000-0000-0004»",
        "The claimant, «Grace Adeyemi», fell",
        "The account of «Sarah Whitfield» is locked",
        "my cell is «(646) 555 0199»",
    ],
    "de": [
        "Hallo, mein Name ist «Florian Maier»",
        "Der Mieter «Stefan Hoffmann» meldet Schimmel",
        "geb. «17.08.1983» in Köln",
        "Rufnummer: «0049 171 5556677»",
        "Wohnhaft «Lindenweg 12, 50667 Köln»",
        "Rückruf an «Claudia Neumann» erbeten",
        "Meine Kollegin «Eva Richter» vertritt mich",
        "Viele Grüße\n«Jens»",
        "Kontonummer IBAN «DE02 1203 0000 0000 2020 51»",
        "Personalausweis «L01X00T47» liegt vor",
        "Im Auftrag von «Wolfgang Stein»",
        "Schreiben Sie an «info.privat@web-beispiel.de»",
        "Herr «Özdemir» hat angerufen",
        "Das Konto von «Dieter Lang» ist gesperrt",
        "Tel. «069 1234567»",
        "Zeuge «Ralf Zimmermann» sah alles",
    ],
    "fr": [
        "Allô, je suis «Camille Lambert»",
        "La locataire «Julie Perrin» signale une fuite",
        "né le «1er mars 1975» à Lille",
        "Tél. «04 72 10 30 30»",
        "Domicilié «45 avenue de la République, 75011 Paris»",
        "Merci de contacter «Olivier Garnier»",
        "Mon collègue «Hugo Blanc» me remplace",
        "Bien cordialement,\n«Claire»",
        "IBAN «FR76 3000 6000 0112 3456 7890 189»",
        "Numéro de sécu «1 85 05 78 006 084 91»",
        "De la part de «Vincent Faure»",
        "adresse «j.martin@courriel-exemple.fr»",
        "Monsieur «Dubois» a téléphoné",
        "Le compte de «Lucie Bertrand» est bloqué",
        "passeport «12AB34567»",
        "Le témoin «Marc Chevalier» a tout vu",
    ],
    "es": [
        "Hola, me llamo «Andrea Soto»",
        "El inquilino «Raúl Iglesias» avisa de humedad",
        "nacido el «3 de mayo de 1982»",
        "Teléfono: «911 234 567»",
        "Domicilio «Calle Gran Vía 28, 28013 Madrid»",
        "Contacte con «Patricia Navarro»",
        "Mi compañera «Lorena Gil» me sustituye",
        "Saludos,\n«Pablo»",
        "IBAN «ES79 2100 0813 6101 2345 6789»",
        "NIE «X1234567L»",
        "De parte de «Sergio Campos»",
        "correo «ana.ruiz@correo-ejemplo.es»",
        "La señora «Fernández» llamó",
        "La cuenta de «Nuria Vidal» está bloqueada",
        "El testigo «Óscar Prieto» lo vio todo",
        "móvil «622 33 44 55»",
    ],
    "zh": [
        "您好，我叫«林晓燕»",
        "租客«何志远»报修漏水",
        "她«1988年7月1日»出生",
        "联系电话：«021-54321098»",
        "住址：«北京市朝阳区建国路93号»",
        "请联系«郭敏»",
        "同事«许晨»代班",
        "身份证«440308199901101512»",
        "邮箱：«lin_xy@example.com»",
        "«王女士»来电咨询",
        "账户持有人«邓超»已冻结",
        "证人«曹颖»看见了",
        "寄到«成都市武侯区人民南路四段11号»",
        "手机«17700001111»",
        "司机«彭飞»已到",
        "患者«蒋欣»复诊",
    ],
}
PLAIN_MORE = {
    "en": [
        "Call Customer Support between 9 and 5",
        "The doctor said Blue Cross covers it",
        "The manager of Oxford Street branch resigned",
        "Thanks,\nThe Support Team",
        "I saw Star Wars yesterday",
        "Tell Human Resources about the form",
        "Version 14.2.1 of 12 May 2023",
        "Order 12345678 has shipped",
        "Visit Niagara Falls this summer",
        "Born to Run is an album",
        "The part number is A1234567",
        "Room EC1 2AB is free at noon",
        "Total 655 123 987 units",
        "The student union is closed",
    ],
    "de": [
        "Die Mutter Gottes Kirche ist geschlossen",
        "Der Techniker kommt am Montag",
        "Steuernummer fehlt noch",
        "Viele Grüße\nIhr Team",
        "Der Zug fährt von München Hauptbahnhof",
        "Auftrag 12345678 wurde versandt",
        "Besuchen Sie Schloss Neuschwanstein",
        "Das Produkt heißt Super Clean",
        "Version 14.2.1 vom 12.05.2023",
        "Der Arzt empfiehlt Ruhe",
    ],
    "fr": [
        "Le Père Noël arrive",
        "Ici Radio France",
        "Le responsable du service est absent",
        "Cordialement,\nL'équipe",
        "Commande 12345678 expédiée",
        "La fille lit un livre",
        "Version 14.2.1 du 12/05/2023",
        "La Fête Nationale est en juillet",
        "Le docteur recommande du repos",
    ],
    "es": [
        "La Madre Tierra es un libro",
        "El conductor llegó tarde",
        "Saludos,\nEl equipo",
        "Aquí Radio Nacional",
        "Pedido 12345678 enviado",
        "El total ascendió a 655 123 987",
        "Versión 14.2.1 del 12/05/2023",
        "La hija estudia",
        "El precio al 15 de mayo sube",
    ],
    "zh": [
        "司机马上到",
        "经理安排会议",
        "客服会尽快回复您",
        "老板和我说过了",
        "会员费用已退",
        "订单12345678已发出",
        "请通知大家",
        "让他给我回电",
        "请高度重视",
        "学生时代的回忆",
        "版本14.2.1已发布",
        "教授和学生都来了",
        "请马上处理",
        "证人表示同意",
    ],
}
MARKED = re.compile(r"«(?:.*?\|)?(.*?)»")


def sentences(language: str) -> list[str]:
    """36 sentences with marked values, and 8 without any."""
    found = []
    for i, say in enumerate(SAYS[language]):
        for j in range(6):
            k = (i + j) % 6
            found.append(
                say.format(
                    n=f"«name|{NAMES[language][j]}»",
                    p=f"«phone|{PHONES[language][k]}»",
                    a=f"«address|{STREETS[language][j]}»",
                    m=f"«e-mail|{MAILS[k]}»",
                )
            )
    return found + PLAIN[language]


def figures(said: list[str]) -> tuple[float, float, list[str]]:
    """Recall and precision over values, and what was missed or hidden without need."""
    hits = wanted = hidden = right = 0
    wrong = []
    for marked in said:
        text, real = "", []
        last = 0
        for match in MARKED.finditer(marked):
            text += marked[last : match.start()]
            real.append((len(text), len(text) + len(match[1])))
            text += match[1]
            last = match.end()
        text += marked[last:]
        found = [(s.start, s.end) for s in find_spans(text)]
        covered = [
            all(any(a <= i < b for a, b in found) for i in range(*r) if text[i].isalnum())
            for r in real
        ]
        needed = [any(a < r[1] and r[0] < b for r in real) for a, b in found]
        hits, wanted, hidden, right = (
            hits + sum(covered),
            wanted + len(real),
            hidden + len(found),
            right + sum(needed),
        )
        if not all(covered) or not all(needed):
            wrong.append(f"{text} -> {redact(text)}")
    return hits / wanted, right / max(1, hidden), wrong


@pytest.mark.parametrize("language", list(SAYS))
def test_recall_and_precision_of_each_language(language: str) -> None:
    assert len(sentences(language)) >= 40
    for said in (sentences(language), MORE[language] + PLAIN_MORE[language]):
        recall, precision, wrong = figures(said)
        assert recall >= 0.9 and precision >= 0.95, (language, recall, precision, wrong)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Customer Jürgen Müller asked for a refund", "Customer [name] asked for a refund"),
        ("Mr McDonald called from 030 1234567", "Mr [name] called from [phone]"),
        ("Herr von der Leyen rief an", "Herr [name] rief an"),
        ("SPOKE TO JOHN SMITH TODAY", "SPOKE TO [name] TODAY"),
        ("call 0171/1234567", "call [phone]"),
        ("ann@exämple.de", "[e-mail]"),
        ("wohnt Hauptstraße 12, 10115 Berlin", "wohnt [address]"),
        ("invoice of 2023-01-05", "invoice of 2023-01-05"),
        ("released 10.12.2023", "released 10.12.2023"),
        ("coordinates 52.5200 13.4050", "coordinates 52.5200 13.4050"),
        ("由于天气", "由于天气"),
        ("邮箱是ann@example.com请回复", "邮箱是[e-mail]请回复"),
    ],
)
def test_forms(said: str, shown: str) -> None:
    assert redact(said) == shown
