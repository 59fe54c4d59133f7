"""Which of the encoders that come with Mesocosm knows some texts, by their scripts and language.

Knows texts, and the language identifier of the extra `chinese` where it is installed. Loads no net.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from itertools import islice
from typing import Protocol, cast

from mesocosm.learning.base_models.language_coverage import MULTILINGUAL, script_of
from mesocosm.learning.features.sentence_pairs import APART

ENGLISH = "minilm"
TEXTS, MOST_LETTERS = 500, 2_000  # texts that are looked at, and the beginning of each
FOREIGN = 0.05  # share of the letters in other scripts from which an English base does not do
CHUNK = 200  # letters of a stretch whose language is told
SURE, PART = 0.95, 0.3  # certainty of a language, and share of stretches in it that count
NO_LANGUAGE = "zxx"  # codes and numbers
STRETCHES = 40  # stretches whose language is told at most


@dataclass(frozen=True)
class EncoderChoice:
    """An encoder and what speaks for it: the scripts or the language of the texts; empty for
    English.
    """

    base: str
    found: str = ""


class Identifier(Protocol):
    """Tells the language of a text with its probability."""

    def classify(self, instance: str) -> tuple[str, float]: ...


def choose_encoder(texts: Sequence[str]) -> EncoderChoice:
    """The English base for English texts, the multilingual one for all others.

    >>> choose_encoder(["Where is my parcel?"]), choose_encoder(["我的包裹在哪里？"])
    (EncoderChoice(base='minilm', found=''), EncoderChoice(base='e5', found='CJK'))
    """
    sample = [text[:MOST_LETTERS] for text in islice(texts, TEXTS) if text]
    script = _foreign_script(sample)
    if script:
        return EncoderChoice(MULTILINGUAL, script)
    language = _foreign_language(sample)
    if language:
        return EncoderChoice(MULTILINGUAL, language)
    return EncoderChoice(ENGLISH)


def _foreign_script(texts: Sequence[str]) -> str:
    """The most frequent script besides Latin, where others have a share of the letters."""
    letters = Counter(filter(None, map(script_of, "".join(texts))))
    total = letters.total()
    latin = letters.pop("LATIN", 0)
    if not total or total - latin < FOREIGN * total:
        return ""
    return letters.most_common(1)[0][0]


def _foreign_language(texts: Sequence[str]) -> str:
    """The most frequent language of Latin letters besides English, where it has a share of the
    stretches; English where no identifier is installed.
    """
    if not find_spec("py3langid"):
        return ""
    languages: Counter[str] = Counter()
    for stretch in islice(_make_stretches(texts), STRETCHES):
        language, certainty = _identifier().classify(stretch)
        if certainty < SURE or language == NO_LANGUAGE:
            language = "en"
        languages[language] += 1
    total = languages.total()
    english = languages.pop("en", 0)
    if not total or total - english < PART * total:
        return ""
    return languages.most_common(1)[0][0]


def _make_stretches(texts: Sequence[str]) -> Iterator[str]:
    """Texts joined to stretches of enough letters; what is left over is too short to tell."""
    joined: list[str] = []
    length = 0
    for text in texts:
        joined.append(text.replace(APART, " "))
        length += sum(map(str.isalpha, text))
        if length >= CHUNK:
            yield " ".join(joined)
            joined, length = [], 0


@lru_cache(maxsize=1)
def _identifier() -> Identifier:
    """The identifier of 97 languages. Source: Lui and Baldwin 2012, langid.py, ACL."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    loaded = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return cast(Identifier, loaded)
