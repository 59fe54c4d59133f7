"""Addresses as they are written in the countries of Europe and East Asia."""

from __future__ import annotations

import re

from mesocosm.data.privacy.names import LOW, UP

_W = rf"[{UP}{LOW}0-9][{UP}{LOW}0-9.'’-]{{0,30}}"  # a word of a street or a town
_TOWN = (
    rf"[{UP}][{UP}{LOW}.'’-]{{1,30}}(?:[ ](?:(?:di|del|della|de|la|les|sur|in|an|am|der|"
    rf"dem|bei|im|den|nad|ob|aan|an der|op|upon|on|under)[ ]){{0,2}}"
    rf"[{UP}][{UP}{LOW}'’-]{{1,30}}){{0,3}}(?:[ ]\([A-Z]{{2}}\))?"
)
_NO = r"\d{1,4}(?:[ ]?[a-zA-Z](?![A-Za-z]))?(?:[/-]\d{1,4}[a-zA-Z]?)?"
_INNER = (
    r"(?:,?[ ](?:Piso|Puerta|Piano|Appartamento|Interno|Apt\.|Étage|Apto\.?|m\.|"
    r"lok\.|hoog|bis|Whg\.)[ ]\w{1,5}[ ]?)?"
)
_POST = r"(?:\d{5}|\d{4}[ ]?[A-Z]{2}|\d{2}-\d{3}|\d{4})"
_GB = r"[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}"
_IT = (
    r"(?:Via|Viale|Piazza|Piazzale|Piazzetta|Corso|Largo|Vicolo|Strada|Contrada|Borgo|"
    r"Canale|Incrocio|Rotonda|Stretto|Lungomare|Traversa)"
)
_ES = (
    r"(?:Calle|C/|C\.|Avenida|Avda\.?|Av\.|Plaza|Plazuela|Paseo|Pasaje|Pasadizo|"
    r"Carretera|Camino|Ronda|Callejón|"
    r"Calzada|Cañada|Cuesta|Glorieta|Rambla|Ramblas?|Travesía|Urbanización|Vial|Vía|"
    r"Acceso|Alameda|Costanilla)"
)
_PL = r"(?:ul\.|al\.|pl\.|ulica|aleja|aleje|plac|os\.|osiedle)"
_FR = r"(?:rue|avenue|av\.|boulevard|bd|place|chemin|allée|impasse|quai|cours|route|square|passage)"
_DE = r"(?:straße|strasse|str\.|weg|platz|allee|gasse|ring|ufer|damm|stieg|hof|markt)"
_NL = (
    r"(?:straat|weg|laan|plein|gracht|kade|dijk|singel|steeg|hof|pad|ring|dreef|baan|"
    r"boulevard|plantsoen|park|markt)"
)
# words with a capital; small ones between them only behind what begins a street's name
_STREET = (
    rf"(?:(?:An|Am|Auf|Im|In|Zum|Zur|Unter|Hinter)[ ](?:(?:der|den|dem|die|das)[ ])?)?"
    rf"[{UP}][{UP}{LOW}.'’-]{{1,40}}(?:[ ][{UP}][{UP}{LOW}.'’-]{{1,30}}){{0,3}}"
)
ADDRESSES = (
    re.compile(  # Britain: from a house to the postal code
        rf"(?<!\w)((?:(?:Flat|Studio|Apartment|Unit|Suite)[ ]\w{{1,5}},?|\d{{1,5}}[A-Za-z]?)[ ]"
        rf"{_W}(?:[ ]{_W}){{0,4}}(?:,[ ]{_W}(?:[ ]{_W}){{0,3}}){{0,3}},[ ]{_GB})(?![A-Za-z0-9])"
    ),
    re.compile(  # a kind of street, its name, a number, and where it lies
        rf"(?<!\w)((?:{_IT}|{_ES})[ ](?:{_W}[ ]){{0,5}}{_W},?[ ]{_NO}{_INNER}"
        rf"(?:[ ]?,[ ](?:{_TOWN},[ ]\d{{5}}|\d{{5}},?[ ]{_TOWN})|(?!\w)))"
    ),
    re.compile(
        rf"(?<!\w)({_PL}[ ](?:{_W}[ ]){{1,4}}{_NO}(?:,?[ ]\d{{2}}-\d{{3}}[ ]{_TOWN}|(?!\w)))"
    ),
    re.compile(
        rf"(?<!\w)(\d{{1,4}}(?:[ ]?(?:bis|ter))?,?[ ](?i:{_FR})[ ](?:[\w'’-]{{1,25}}[ ]){{0,4}}"
        rf"[\w'’-]{{2,30}}(?:,[ ]\d{{5}}[ ]{_TOWN})?)"
    ),
    re.compile(
        rf"(?<!\w)((?i:{_FR})[ ](?:[\w'’-]{{1,25}}[ ]){{0,4}}[\w'’-]{{2,30}},[ ]\d{{5}}[ ]{_TOWN})"
    ),
    re.compile(  # a street in one word or several, a number, a postal code and a town
        rf"(?<!\w)({_STREET}[ ]{_NO},[ ]"
        rf"(?:\d{{5}}|\d{{4}}[ ]?[A-Z]{{2}}|\d{{4}}|\d{{2}}-\d{{3}}),?[ ]{_TOWN})"
    ),
    re.compile(
        rf"(?<!\w)([{UP}][{LOW}'’-]{{0,30}}(?:{_DE}|"
        rf"{_NL})[ ]\d{{1,4}}(?:[ ]?[a-z])?(?:[/-]\d{{1,3}})?)(?!\w)"
    ),
    re.compile(
        r"((?:〒?\d{3}-\d{4}[ 　]?)?(?:東京都|北海道|(?:京都|大阪)府|[\u4e00-\u9fff]{2,3}県)"
        r"[^\s、。,，\d]{2,20}(?:\d{1,4}(?:丁目|番地?|号|-){0,2}){1,5}"
        r"(?:[ 　][\u4e00-\u9fffァ-ヶー々]{1,14}\d{1,4}(?:号室?)?)?)"
    ),
    re.compile(
        r"(?<![가-힣])([가-힣]{2,7}(?:특별시|광역시|특별자치시|도|시)[ ][가-힣]{1,5}(?:시|군|구)"
        r"(?:[ ][가-힣]{1,6}(?:구|읍|면|동))?[ ][가-힣0-9]{1,10}(?:로|길|동|가|"
        r"거리)[ ]?(?:지하)?\d{0,4}(?:-\d{1,4})?"
        r"(?:[ ]?\([가-힣0-9 ]{1,14}\))?)"
    ),
)
