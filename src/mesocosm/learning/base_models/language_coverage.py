"""How well a base's tokenizer covers some texts: unknown tokens, truncated texts, and words of a
script or language that are split into small pieces.

Knows texts and a base's tokenizer.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mesocosm.core.messages import Message
from mesocosm.core.values.words import name_script
from mesocosm.learning.features.sentence_pairs import APART

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

    from mesocosm.learning.base_models import Base

MULTILINGUAL = "e5"  # of the bases in the box, the one that knows most languages
UNKNOWN = 0.05  # share of tokens that a base does not know
TEXTS = 2000  # texts whose tokens are counted
PART = 0.05  # share of the letters from which a script counts
LETTERS = 100  # and how many letters it must have
SYLLABLES = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "THAI", "LAO", "MYANMAR", "KHMER")
# letters per token under which words of a script are split into small pieces; English on an English
# base has 4 and more, other alphabets on it 1.0, and syllabic scripts need several tokens a letter
MIN_LETTERS = {"LATIN": 2.9}
OTHER, SYLLABLE = 1.5, 0.85


def measure_coverage(
    corpus: Sequence[str], base: Base, most: int
) -> tuple[dict[str, float | None], list[Message]]:
    """The shares of texts that are truncated at `most` tokens and of tokens that the base does not
    know, and warnings where they matter.

    Of a pair each side is a text. The share of unknown tokens is None where the tokenizer has no
    token for them.

    Args:
        corpus: the texts.

    Source: Rust et al. 2021, How Good is Your Tokenizer?, ACL (fertility).
    """
    texts = _sample_texts(corpus)
    path = base.folder / "tokenizer.json"
    if not texts or not path.is_file():
        return {}, []
    tokenizer = _open_tokenizer(path)
    encodings = tokenizer.encode_batch(texts)
    cut = sum(len(e.ids) > most for e in encodings) / len(encodings)
    shares: dict[str, float | None] = {"cut": round(cut, 4), "unknown": None}
    warnings: list[Message] = []
    if cut > 0:
        warnings.append(
            Message("sentences.of_the_texts_are_longer_than_max", n_share=f"{cut:.1%}", n_most=most)
        )
    unknown, unknown_share = _unknown_token(tokenizer, path), 0.0
    if unknown is not None:
        special = tokenizer.num_special_tokens_to_add(False)
        unknown_share = _share_of(unknown, encodings, special)
        shares["unknown"] = round(unknown_share, 4)
    if unknown_share > UNKNOWN:
        warnings.append(
            Message(
                "sentences.base_does_not_know_of_the_tokens",
                name=base.name,
                n_share=f"{unknown_share:.0%}",
                advice=_advise(base.name, base.writes),
            )
        )
    else:
        letters, pieces = _count_letters(texts, encodings, unknown)
        warnings += _describe_fragmentation(letters, pieces, base.name, base.writes)
    return shares, warnings


def find_unknown_script(corpus: Sequence[str], base: Base) -> str:
    """The script without an alphabet that a base splits into bytes, or does not know at all, where
    some texts are written in it; empty where there is none.

    A base may be trained to words of other letters by their pieces, but not to tens of thousands of
    characters by their bytes.
    """
    texts, path = _sample_texts(corpus), base.folder / "tokenizer.json"
    if not texts or not path.is_file():
        return ""
    tokenizer = _open_tokenizer(path)
    encodings = tokenizer.encode_batch(texts)
    unknown = _unknown_token(tokenizer, path)
    letters, pieces = _count_letters(texts, encodings, unknown)
    written = Counter(filter(None, map(script_of, "".join(texts))))
    for script, count in written.most_common():
        if script not in SYLLABLES or count < PART * written.total():
            continue
        if letters[script] < count / 2 or letters[script] < SYLLABLE * pieces[script]:
            return script
    return ""


def _open_tokenizer(path: Path) -> Tokenizer:
    """A tokenizer that gives all tokens of a text and no more."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _share_of(unknown: int, encodings: Sequence[Encoding], special: int) -> float:
    """The share of an unknown token among all but the `special` ones of each text."""
    tokens = sum(len(e.ids) - special for e in encodings)
    return sum(e.ids.count(unknown) for e in encodings) / max(1, tokens)


def _sample_texts(texts: Sequence[str]) -> list[str]:
    """Different texts that are not empty, the sides of a pair apart, up to `TEXTS`."""
    sides: dict[str, None] = {}
    for text in texts:
        sides |= dict.fromkeys(text.split(APART, 1))
    return [side for side in sides if side.strip()][:TEXTS]


def _count_letters(
    texts: Sequence[str], encodings: Sequence[Encoding], unknown: int | None
) -> tuple[Counter[str], Counter[str]]:
    """By script, the letters of the texts and the tokens that they are split into."""
    letters: Counter[str] = Counter()
    pieces: Counter[str] = Counter()
    for text, encoding in zip(texts, encodings, strict=True):
        counted = 0  # letters before it are counted: one letter may be several tokens
        for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            scripts = _scripts_of(text[start:end])
            if token == unknown or not scripts:
                continue
            letters[scripts[0]] += len(_scripts_of(text[max(start, counted) : end]))
            pieces[scripts[0]] += 1
            counted = end
    return letters, pieces


def _scripts_of(text: str) -> list[str]:
    """The script of each letter of a text."""
    return [script for script in map(script_of, text) if script]


def _unknown_token(tokenizer: Tokenizer, file: Path) -> int | None:
    """The number of a tokenizer's token for unknown text: named, or by its number (Unigram, as of
    T5 and XLM-R); None where it has none.
    """
    word: object = getattr(tokenizer.model, "unk_token", None)
    if isinstance(word, str):
        return tokenizer.token_to_id(word)
    settings = cast(Mapping[str, Mapping[str, object]], json.loads(file.read_bytes()))
    number = settings.get("model", {}).get("unk_id")
    if isinstance(number, int):
        return number
    return None


def _describe_fragmentation(
    letters: Counter[str], pieces: Counter[str], name: str, writes: bool
) -> list[Message]:
    """A warning for each script whose words are split into pieces of few letters."""
    warnings: list[Message] = []
    for script, count in letters.most_common():
        each = count / pieces[script]
        least = SYLLABLE if script in SYLLABLES else MIN_LETTERS.get(script, OTHER)
        if count < max(LETTERS, PART * letters.total()) or each >= least:
            continue
        id = "sentences.base_splits_words_unknown_script"
        if script in MIN_LETTERS:
            id = "sentences.base_splits_words_unknown_language"
        warnings.append(
            Message(
                id,
                name=name,
                word=name_script(script),
                n_letters=f"{each:.1f}",
                advice=_advise(name, writes),
            )
        )
    return warnings


def _advise(name: str, writes: bool) -> Message:
    """What to write instead of a base that does not know some texts; no causal one that knows more
    languages is in the box.
    """
    if name == MULTILINGUAL or writes:
        return Message("sentences.use_a_base_that_does")
    return Message("sentences.use_a_base_that_does_such_as", name=MULTILINGUAL)


@lru_cache(maxsize=20_000)
def script_of(letter: str) -> str:
    """The script of a letter by its Unicode name; empty for what is no letter.

    >>> script_of("a"), script_of("ж"), script_of("卡"), script_of("1")
    ('LATIN', 'CYRILLIC', 'CJK', '')
    """
    if not letter.isalpha():
        return ""
    return unicodedata.name(letter, "").split(" ")[0]
