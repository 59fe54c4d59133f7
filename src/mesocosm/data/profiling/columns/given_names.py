"""Whether texts are names of people: by frequent given names of several languages, titles, and
Chinese family names.

A title such as "Mr." or a comma between family and given name counts too. Knows words only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mesocosm.data.privacy.names import CHINESE_FAMILY

LISTED = """
    aaron adam adrian ahmed aiko alan albert alejandro alex alexander alexandra ali alice alina
    amanda amelia amina amy ana anastasia andre andrea andreas andrew angela anita anja ann anna
    anne annette anthony antonio arthur astrid barbara beate ben benjamin bernd bernhard bert birgit
    boris brandon brian brigitte bruno camille carla carlos carmen carol caroline catherine cecile
    chantal charles charlotte chen chiara chloe chris christa christian christina christine
    christoph christopher claire clara claude claudia cristina cynthia daniel daniela david deborah
    dennis diana diego dieter dirk dmitri donald donna dorothea douglas edward elena eleni elisabeth
    elizabeth ella emil emily emma enrique eric erik erika ernst esther eva fabian fatima felix
    fernando florian francesca francesco francis francisco frank franz françois frederic frieda
    friedrich gabriel gabriele gary george georg gerald gerd gertrud gisela giulia giuseppe gregory
    greta grete guillaume günter günther hannah hans harald harry hassan heike heinrich heinz helen
    helena helga helmut henri henry herbert hiroshi holger horst hugo ibrahim ida igor ines inge
    ingrid irene isabel isabella ivan jack jacob jacqueline james jan jana jane janet jason jasmin
    javier jean jeffrey jennifer jens jeremy jerry jessica jim joachim joan joao jochen joe johan
    johann johannes john jonas jonathan jorge jose josef joseph joshua josé juan judith julia julian
    julie jürgen kai karen karin karl katharina katherine kathleen katja kazuo keith kelly kenji
    kenneth kerstin kevin khaled kim klara klaus kurt larry lars laura lauren laurent lea leila lena
    leon leonard leonie liam lina linda lisa louis louise luca lucas lucia lucy ludwig luis luisa
    lukas lynn magdalena manfred manuel marc marcel marco margaret maria marie marina mario marion
    mark markus marta martha martin martina mary mateo matteo matthew matthias maurice max
    maximilian maya melanie melissa mehmet mia michael michel michelle miguel mila mohamed mohammed
    monica monika muhammad murat nadia nancy natalia natalie nathalie nicholas nick nicolas nicole
    nils nina noah nora oleg olga oliver olivia olivier omar oscar oskar otto pablo pamela paolo
    patricia patrick paul paula pedro peter petra philip philipp philippe pierre rachel rafael
    rainer ralf ralph ramon raymond rebecca regina renate rene ricardo richard robert roberto robin
    roger roland rolf ronald rosa rosemarie roy rudolf ruth ryan sabine sally sam samantha samuel
    sandra sara sarah scott sebastian sergei sergio sharon silke silvia simon simone sofia sonia
    sophia sophie stefan stefanie stephan stephanie stephen steven susan susanne sven svetlana
    sylvia takashi tanja tatiana teresa thomas thorsten tim timothy tobias tom tomas torsten tyler
    udo ulrich ulrike ursula ute uwe valentina vanessa vera veronica victor victoria viktor vincent
    virginia vladimir volker walter wei werner wilhelm william wolfgang xavier yan yasmin yuki yusuf
    yves zoe
"""
GIVEN = frozenset(LISTED.split())
TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Master|Dr|Prof|Herr|Frau|Mme|Sr|Sra|Don|Doña)\b\.?", re.I)
HAN = re.compile(
    rf"[{CHINESE_FAMILY}][\u4e00-\u9fff]{{1,2}}|(?:欧阳|司马|上官|诸葛)[\u4e00-\u9fff]{{1,2}}"
)
LEAST = (
    0.3  # share of Latin values with a frequent given name; the list has a part of all given names
)
LEAST_HAN = 0.9  # of Chinese values that begin with a family name


def are_people(values: Sequence[str]) -> bool:
    """Whether values are names of people.

    >>> are_people(["Anna Weber", "Jonas Koch", "Xaver Huber"])
    True
    >>> are_people(["Red Delicious", "Granny Smith", "Gala"])
    False
    >>> are_people(["王小明", "李雷", "韩梅梅"])
    True
    """
    if not values:
        return False
    if sum(bool(HAN.fullmatch(v)) for v in values) >= LEAST_HAN * len(values):
        return True
    able = list(filter(_may_be_name, values))
    named = sum(map(_holds_name, able))
    return len(able) >= 0.8 * len(values) and named >= LEAST * len(values)


def _may_be_name(value: str) -> bool:
    """Whether a text is short, and without figures or marks that no name has."""
    return bool(re.fullmatch(r"[^\d@/\\_]{2,80}", value)) and len(value.split()) <= 8


def _holds_name(value: str) -> bool:
    """Whether a title or a frequent given name stands in a text."""
    words: list[str] = re.findall(r"[^\W\d_]+", value.lower())[:6]
    return bool(TITLE.search(value)) or not GIVEN.isdisjoint(words)
