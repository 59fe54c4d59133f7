"""Common given names of Europe, and words with a capital that are none of a person."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def given_names() -> frozenset[str]:
    """The given names, in small letters.

    >>> "agnieszka" in given_names(), "invoice" in given_names()
    (True, False)
    """
    text = files(__package__).joinpath("given_names.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


# things, places and days that are written with a capital
THINGS = frozenset(
    "street road avenue lane park garden line square church palace castle tower bridge river lake "
    "station airport museum hotel bank university college school hospital house hall court county "
    "city town island cathedral theatre centre center café cafe bar club shop store market "
    "inc ltd gmbh ag sa srl bv plc llc spa company group holding foundation institute red cross "
    "allee straße strasse platz weg gasse brücke bahnhof flughafen kirche schloss dom turm verein "
    "rue place pont gare église château mont palais musée lycée mairie noël rouge bleu "
    "calle plaza puente iglesia castillo museo santa semana camino estación real roja costa "
    "via viale piazza corso ponte chiesa castello palazzo scala villa costa monte bianco nazionale "
    "kerk brug plein haven toren straat gracht station "
    "ulica plac rynek most kościół zamek dworzec wieża rondo świat stary nowy "
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december lundi mardi mercredi jeudi vendredi "
    "samedi dimanche lunes martes miércoles jueves viernes sábado domingo lunedì martedì "
    "mercoledì giovedì venerdì sabato domenica maandag dinsdag woensdag donderdag vrijdag "
    "zaterdag zondag poniedziałek wtorek środa czwartek piątek sobota niedziela "
    "london paris berlin madrid rome roma milano amsterdam warszawa warsaw wien zürich new york "
    "version order invoice ip tel phone card email pesel iban dni nif bsn".split()
)
