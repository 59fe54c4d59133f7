"""How names are written: their letters and particles, what stands before and after them, and words
that are none.
"""

from __future__ import annotations

import re

from mesocosm.data.privacy.context_cues import han_forms, name_forms

CHINESE_FAMILY = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟"
    "龙万段雷钱汤尹黎易常武乔贺赖龚文"
    "庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司"
    "柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井练仲乐虞卞封"
    "竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙薄伏岑习胥保和蔺"
)
UP = "A-Z" + "".join(c for c in map(chr, range(0xC0, 0x250)) if c.isupper())
LOW = "a-z" + "".join(c for c in map(chr, range(0xC0, 0x250)) if c.islower())
CAP = rf"(?:[ODLNd]['’])?(?:Mc|Mac|Fitz|De|Di|Le|La|Van)?[{UP}][{LOW}]+(?:['’-][{UP}]?[{LOW}]+)*"
OF = (
    r"(?:von der|von dem|von und zu|vom|von|van der|van den|van de|van|zu|zur|de la|de las|de"
    r" los|de|del|della|di|da|dos|du|des|d['’]|le|la|bin|ibn|al|ten|ter|y)"
)
_NAME = rf"{CAP}(?:[ ]+[{UP}]\.)?(?:[ ]+(?:{OF}[ ]+)?{CAP}){{1,3}}"
_AFTER_TITLE = rf"(?:{_NAME}|(?:{OF}[ ]+)?{CAP}(?:[ ]+{CAP})?)"
_LOUD = rf"[{UP}][{UP}'’-]+"
_HAN = (
    rf"(?!(?<=由)于|高兴|高级|方便|方案|方面|时间|时候|时代|费用|任何|任务|安排|安装|安全|应该|计划|计算|成功|成为|程序|马上|金额|单位|单独|水平|"
    rf"万一|华为|车辆|毛病|成都|和平|经理|全部|常见|常用|祝您|白天)(?:欧阳|司马|上官|诸葛|"
    rf"[{CHINESE_FAMILY}])[\u4e00-\u9fff]{{1,2}}"
)
PLACES = (
    "Resources",
    "Human",
    "Falls",
    "Wars",
    "Radio",
    "Hauptbahnhof",
    "Street",
    "Bridge",
    "Station",
    "Airport",
    "University",
    "College",
    "Hospital",
    "Hotel",
    "School",
    "Museum",
    "Theatre",
    "Theater",
    "Times",
    "News",
    "Windows",
    "Google",
    "Microsoft",
    "Update",
    "Airlines",
    "Insurance",
    "Holdings",
    "Company",
    "Centre",
    "Center",
    "Store",
    "Express",
    "County",
    "Palace",
    "Tower",
    "Beach",
    "Valley",
    "Christmas",
    "Easter",
    "Morning",
    "Evening",
    "Weihnachten",
    "Damen",
    "Herren",
    "Bahn",
    "Navidad",
    "Noël",
    "Service",
    "Servicio",
    "Atención",
    "Universität",
    "Krankenhaus",
    "Bahnhof",
    "Hôpital",
    "Université",
    "Gare",
    "Hospital",
    "Universidad",
    "Estación",
)
BEFORE = (
    r"(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herrn?|Frau|M|Mme|Mlle|Monsieur|Madame|Señora?|Sra?|Doña|"
    r"Don)\.?\s+",
    (
        r"(?i:my name is|name is|this is|i am|i'm|speak to|speak with|contact|dear|regards,|signed"
        r" by|customer|patient|applicant|client|holder|belongs"
        r" to|from|to|for|by|with|told|asked|met|and|called|user|tenant|guest|sincerely,|hi,?"
        r" i'm|attn:?|name:|mein name ist|ich bin|ich"
        r" heiße|kundin|kunde|patientin|antragsteller(?:in)?|ansprechpartner(?:in)?|"
        r"liebe|lieber|gez\.|mit|von|für|bei|an|je"
        r" m['’]appelle|je suis|mon nom"
        r" est|client|cliente|patiente|cher|chère|avec|par|pour|signé|me llamo|soy|mi nombre"
        r" es|paciente|titular|estimado|estimada|querida|querido|con|por|para|firmado|firmado"
        r" por)\s+"
    ),
)
ENGLISH = re.compile(
    rf"(?:(?:{BEFORE[0]})|(?:{BEFORE[1]}(?:{BEFORE[0]})?))({_NAME}|(?<=\. )(?:{CAP}))(?![\w@])"
)
TITLED = re.compile(rf"(?<!\w){BEFORE[0]}({_AFTER_TITLE})(?![\w@])")
LOUD = re.compile(
    r"(?<!\w)(?:MR|MRS|MS|DR|HERR|FRAU|SPOKE TO|SPOKE"
    r" WITH|CUSTOMER|CLIENT|PATIENT|CONTACT|FROM|CALLED BY|SIGNED"
    rf" BY|NAME:?|KUNDE|KUNDIN|CLIENTE|MONSIEUR|MADAME)\.?\s+({_LOUD}\s+{_LOUD}|{_LOUD}(?=$|[.,;]))"
)
FIRST = re.compile(
    rf"^({_NAME})(?=\s+(?:called|wrote|asked|paid|lives|moved|said|has|is|was|will|of|"
    rf"wants|reported|opened|signed|from|can|phoned|requested|sent)\b)"
)
_PEOPLE = (  # words before a name
    r"客户|病人|患者|用户|申请人|联系人|收件人|收货人|寄件人|户名|法人|法定代表人|监护人|投保人|车主|"
    r"我叫|姓名|名叫|先生叫|请找|我是|户主|持卡人|员工|租客|业主|经办人|医生|老师"
)
_BEFORE = rf"(?:{_PEOPLE})(?:是|为|[:：]?\s?)"
DOTTED = re.compile(  # names of several parts, as those of Uyghurs and of foreigners are written
    rf"{_BEFORE}([\u4e00-\u9fff]{{1,10}}(?:[·•・][\u4e00-\u9fff]{{1,10}})+)"
)
CHINESE = re.compile(
    rf"(?:{_BEFORE}|(?:同事|通知|由|给|和|与|找|向|让|请)(?:是|为|[:：]\s?)?)({_HAN}?)(?=$|[，"
    r"。,.；;：:、\s"
    r"！!？?的（(]|先生|女士|小姐|的|已|在|说|于|把|电话|来|办理|要|住|和|与|想|将|今天|昨天|打|提|申请|本人|联系|确认|处理|咨询|预约|登记|签)"
)
NAMED, HAN_NAMED = name_forms(_NAME, CAP), han_forms(_HAN, CHINESE_FAMILY)
NOT_NAMES = frozenset(
    [
        *PLACES,
        "The",
        "This",
        "That",
        "New",
        "Customer",
        "Service",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "January",
        "February",
        "March",
        "April",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
        "Street",
        "Bank",
        "Order",
        "United",
        "Account",
        "Support",
        "Team",
        "North",
        "South",
        "Please",
        "Black",
        "Red",
        "Annual",
        "Credit",
        "Premium",
        "Central",
        "Data",
        "World",
        "General",
        "Gmbh",
        "Ag",
        "Se",
        "Ltd",
        "Inc",
        "Corp",
        "Sarl",
        "Sa",
        "Freundlichen",
        "Januar",
        "Februar",
        "März",
        "Mai",
        "Juni",
        "Juli",
        "Oktober",
        "Dezember",
        "Montag",
        "Dienstag",
        "Mittwoch",
        "Donnerstag",
        "Freitag",
        "Samstag",
        "Sonntag",
        "Deutsche",
        "Europäische",
        "Union",
        "Version",
        "Office",
        "Desk",
        "Today",
        "Department",
    ]
)
