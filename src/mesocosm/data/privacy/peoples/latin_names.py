"""Names of people in the languages of Europe: words with a capital, in a row, that a word before
them, a word behind them or a common given name shows to be a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mesocosm.data.privacy.names import LOW, NOT_NAMES, UP
from mesocosm.data.privacy.peoples.given_names import THINGS, given_names

_WORD = (
    rf"(?:[ODLNdl]['’])?(?:Mc|Mac|Fitz|De|Di|Le|La|Van)?[{UP}][{LOW}]{{1,30}}"
    rf"(?:['’-][{UP}]?[{LOW}]{{1,30}}){{0,3}}"
)
_OF = (
    r"(?:von der|von dem|von und zu|von|van der|van den|van de|van 't|van het|van|zu|de la|de las|"
    r"de los|de|del|della|di|da|dos|du|den|der|ten|ter|le|la|in 't|op den|y)"
)
RUN = re.compile(
    rf"(?<![\w@.'’-])({_WORD}(?:[ ]{{1,2}}(?:[{UP}]\.[ ])?(?:{_OF}[ ])?{_WORD}){{0,5}})(?![\w@])"
)
CALLED = re.compile(  # before a name of one word or more
    r"(?:my name is|name is|name:|i am|i'm|this is|speaking with|mein name ist|ich heiße|ich bin|"
    r"hier ist|hier spricht|je m['’]appelle|je suis|mon nom est|\bici|me llamo|\bsoy|mi nombre es|"
    r"mi chiamo|(?:^|[,.!] )sono|il mio nome è|sig\.|sig\.ra|signora?|dott\.|dott\.ssa|"
    r"mijn naam is|"
    r"ik ben|ik heet|spreekt met|met vriendelijke groeten?,|dhr\.|mevr\.|mw\.|meneer|mevrouw|"
    r"nazywam się|\bjestem|mam na imię|\bpan|\bpani|panem|panią|panu|"
    r"\bmr\.?|\bmrs\.?|\bms\.?|\bmiss|\bdr\.?|\bprof\.?|herrn?|frau|monsieur|madame|\bmme|"
    r"señora?|\bsr\.|\bsra\.|\bdon|\bdoña)\s?$"
)
CLOSED = re.compile(  # the end of a letter
    r"(?:regards|wishes|sincerely|faithfully|yours|thanks|cheers|gr(?:ü|ue)(?:ß|ss)en?|"
    r"gru(?:ß|ss)|cordialement|"
    r"salutations|bien à vous|un saludo|saludos|atentamente|saluti|groet|groeten|poważaniem|"
    r"pozdrawiam|pozdrowieniami|hochachtungsvoll|amitiés|cordialmente)[,.!]?\s{1,3}$"
)
ROLE = re.compile(  # before a name of two words or more
    r"(?:customer|client|patient|applicant|contact|holder|tenant|user|driver|guest|employee|"
    r"colleague|dear|hello|kund(?:e|in|en)|patientin|mieter(?:in)?|antragsteller(?:in)?|lieber?|"
    r"hallo|mandant(?:in)?|cliente|cliente?s|clienta|patiente?|chère?|paciente|titular|"
    r"estimad[oa]|querid[oa]|paziente|signor|gentile|caro|cara|klant|patiënt|beste|geachte|huurder|"
    r"klient(?:ka|a|em|ki|ce)?|pacjent(?:ka|a)?|szanowny|szanowna|drog[ai]|do|"
    r"call|ask|tell|contacter|appelez|llame a|llamar a|chiamate|chiami|chiamare|contattare|bel|"
    r"bellen?|vraag|anrufen|rufen sie|zadzwonić do|zapytać|"
    r"by|from|with|von|mit|durch|für|par|avec|pour|chez|por|con|para|da|dal|dalla|per|door|van|met|"
    r"aan|voor|przez|od|dla|z|"
    r"(?:file|files|record|data|account|case|claim|profile|contract|policy|details|"
    r"letter) (?:of|for)|"
    r"(?:akte|daten|konto|vertrag|fall|brief|profil) (?:von|für)|"
    r"(?:dossier|compte|contrat|fiche|données|profil|lettre) de|"
    r"(?:ficha|cuenta|contrato|datos|expediente|perfil|carta) de|"
    r"(?:scheda|conto|contratto|dati|pratica|profilo|lettera) di|"
    r"(?:dossier|rekening|contract|gegevens|zaak|profiel|brief) van|"
    r"(?:dane|konto|umowa|akta|sprawa|profil|list)|"
    r"yesterday|today|last night|this morning|gestern hat|heute hat|hat|rief|hier|ayer|"
    r"hoy|ieri|oggi|"
    r"gisteren belde|belde|vandaag|gisteren|wczoraj|dzisiaj|dziś)[:,]?\s$"
)
ACTS = re.compile(  # behind a name of two words or more
    r"(?:,? (?:and (?:his|her|their) |(?:has|is|was|will|would|can) )?"
    r"(?:called|calls|wrote|writes|asked|asks|paid|lives|moved|said|says|wants|reported|signed|"
    r"phoned|requested|sent|born|complained|complains|here|speaking|lost|came|works|"
    r"schrieb|schreibt|ruft|rief|bat|fragte|wohnt|meldete|hat|geboren|möchte|wartet|beschwerte|"
    r"a (?:écrit|appelé|téléphoné|demandé|payé|signé|perdu)|habite|né|née|demande|écrit|souhaite|"
    r"escribió|llamó|preguntó|pagó|pidió|firmó|vive|nacid[oa]|quiere|ha (?:escrito|llamado)|"
    r"ha (?:scritto|chiamato|chiesto|pagato|firmato|perso)|abita|nat[oa]|chiede|vuole|"
    r"schreef|belde|vroeg|betaalde|woont|geboren|wil|heeft|"
    r"napisała?|zadzwoniła?|pytała?|zapytała?|zapłaciła?|mieszka|urodzon[ya]|zgubiła?|"
    r"prosi|chce|ur\.)"
    r"(?!\w)|,? (?:date of birth|dob|geb\.|geburtsdatum|date de naissance|fecha de nacimiento|"
    r"data di nascita|geboortedatum|data urodzenia)|"
    r"[,:]?\s{1,2}(?:tel|tél|phone|mobile|e-?mail|telefon)\b)"
)
_LEAD = frozenset(
    [
        "customer",
        "client",
        "patient",
        "applicant",
        "contact",
        "dear",
        "hello",
        "hi",
        "tenant",
        "driver",
        "guest",
        "employee",
        "mr",
        "mrs",
        "ms",
        "miss",
        "dr",
        "prof",
        "herr",
        "herrn",
        "frau",
        "kunde",
        "kundin",
        "kunden",
        "patientin",
        "mieter",
        "liebe",
        "lieber",
        "hallo",
        "monsieur",
        "madame",
        "cliente",
        "clienta",
        "paciente",
        "señor",
        "señora",
        "don",
        "doña",
        "estimado",
        "estimada",
        "querido",
        "querida",
        "sig",
        "signora",
        "signor",
        "dott",
        "gentile",
        "caro",
        "cara",
        "klant",
        "patiënt",
        "beste",
        "geachte",
        "dhr",
        "mevrouw",
        "meneer",
        "klient",
        "klientka",
        "pan",
        "pani",
        "szanowny",
        "szanowna",
        "call",
        "ask",
        "tell",
        "bel",
        "vraag",
        "appelez",
        "llame",
        "chiamate",
        "chiami",
        "rufen",
        "regards",
        "cordialement",
        "atentamente",
        "saludos",
        "groeten",
        "pozdrawiam",
        "ici",
        "hier",
        "ayer",
        "ieri",
        "gisteren",
        "wczoraj",
        "yesterday",
        "gestern",
        "soy",
        "sono",
        "jestem",
        "ik",
        "je",
        "me",
        "mi",
        "mijn",
        "mein",
        "my",
        "this",
        "is",
        "name",
        "chère",
        "cher",
        "sincerely",
        "thanks",
        "sie",
        "bitte",
        "usted",
        "please",
        "proszę",
        "gestern",
        "heute",
        "the",
        "our",
        "der",
        "die",
        "das",
        "le",
        "la",
        "les",
        "el",
        "los",
        "il",
        "lo",
        "gli",
        "de",
        "het",
        "een",
        "ein",
        "eine",
        "un",
        "una",
    ]
)


_OWNED = re.compile(rf"({_WORD})[ ]{_OF}[ ](?={_WORD}[ ](?:{_OF}[ ])?{_WORD})")


@dataclass(frozen=True)
class FoundName:
    """A name in a text: from `start` to before `end`, and how sure it is, from 0 to 1."""

    start: int
    end: int
    score: float


def find_latin_names(text: str) -> Iterator[FoundName]:
    """Names of people that are written with capitals.

    >>> text = "Akte von Jolanda Gumprich liegt bereit"
    >>> [text[n.start : n.end] for n in find_latin_names(text)]
    ['Jolanda Gumprich']
    """
    for match in RUN.finditer(text):
        start = match.start() + _skip_lead(match[1])
        words = re.findall(_WORD, text[start : match.end()])
        if not words or any(w in NOT_NAMES for w in words):
            continue
        score = _rate(text, start, match.end(), words)
        if score:
            yield FoundName(start, match.end(), score)


def _skip_lead(run: str) -> int:
    """Where a name begins in a row of words with a capital, behind titles and roles."""
    at = 0
    for word in re.finditer(rf"{_WORD}[ ]*", run):
        if word[0].strip().lower() not in _LEAD:
            return word.start() + _skip_thing(run[word.start() :])
        at = word.end()
    return at


def _skip_thing(run: str) -> int:
    """Where a name begins behind a thing that is somebody's: `Vertrag von Anna Schulz`."""
    owner = _OWNED.match(run)
    if owner is None or owner[1].lower().split("-")[0] in given_names():
        return 0
    return owner.end()


def _is_thing(words: list[str]) -> bool:
    """Whether a word is one of things, places or days."""
    return any(w.lower() in THINGS for w in words)


def _rate(text: str, start: int, end: int, words: list[str]) -> float:
    """How sure some words with a capital are a name; 0 where nothing says so."""
    before = text[max(0, start - 48) : start].lower()
    given = words[0].lower() in given_names() or words[0].split("-")[0].lower() in given_names()
    if _is_thing(words[:1]):
        return 0.0
    if CALLED.search(before) or CLOSED.search(before):
        return 0.9
    if len(words) < 2 or (_is_thing(words) and not given):
        return 0.0
    told = bool(_ROLE_END.search(before)) or bool(ACTS.match(text, end))
    if told:
        return 0.9 if given else 0.7
    return 0.6 if given and not _is_thing(words) else 0.0


_ROLE_END = re.compile(rf"(?<!\w){ROLE.pattern}")
