"""How well a base reads some texts: tokens that it does not know, texts that it cuts, and words of
a script or language that it splits into crumbs.

Knows texts and a base's tokenizer.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mesocosm.learning.features.sentence_pairs import APART

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base

UNKNOWN = 0.05  # share of tokens that a base does not know
TEXTS = 2000  # texts whose tokens are counted
PART = 0.05  # share of the letters from which a script counts
LETTERS = 100  # and how many letters it must have
SYLLABLES = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "THAI", "LAO", "MYANMAR", "KHMER")
CRUMBS = {
    "LATIN": 2.9
    # letters of a token under which words of a script are split into crumbs; English on an English
    # base has 4 and more,
}
OTHER, SYLLABLE = (
    1.5,
    0.85,
)  # other alphabets on it 1.0, and what is written in syllables needs several tokens a letter


def measure_reading(
    said: Sequence[str], base: Base, most: int
) -> tuple[dict[str, float | None], list[str]]:
    """The shares of texts that are cut at `most` tokens and of tokens that the base does not know,
    and sentences where they matter.

    Of a pair each side is a text. The share that is not known is None where the tokenizer has no
    token for that.

    Source: Rust et al. 2021, How Good is Your Tokenizer?, ACL (fertility).
    """
    from tokenizers import Tokenizer

    some = [
        t
        for t in dict.fromkeys(side for text in said for side in text.split(APART, 1))
        if t.strip()
    ][:TEXTS]
    if not some or not (base.folder / "tokenizer.json").is_file():
        return {}, []
    net = Tokenizer.from_file(str(base.folder / "tokenizer.json"))
    net.no_padding()
    net.no_truncation()
    encoded = net.encode_batch(some)
    unknown = _unknown(net, base.folder / "tokenizer.json")
    own = net.num_special_tokens_to_add(False)
    tokens = sum(len(e.ids) - own for e in encoded)
    shares: dict[str, float | None] = {
        "cut": (cut := sum(len(e.ids) > most for e in encoded) / len(encoded)),
        "unknown": None,
    }
    if unknown is not None:
        shares["unknown"] = sum(e.ids.count(unknown) for e in encoded) / max(1, tokens)
    found = []
    if cut > 0:
        found.append(
            f"{cut:.1%} of the texts are longer than max_length ({most} tokens); what is past it is"
            " not read"
        )
    if (shares["unknown"] or 0.0) > UNKNOWN:
        found.append(
            f"'{base.name}' does not know {shares['unknown']:.0%} of the tokens of these texts: it"
            " does not know their language or script; use a base that does"
        )
    else:
        letters: Counter[str] = Counter()
        pieces: Counter[str] = Counter()
        for text, e in zip(some, encoded, strict=True):
            counted = 0  # letters before it are counted: one letter may be several tokens
            for ident, (start, end) in zip(e.ids, e.offsets, strict=True):
                if ident != unknown and (
                    scripts := [s for c in text[start:end] if (s := script_of(c))]
                ):
                    letters[scripts[0]] += sum(
                        bool(script_of(c)) for c in text[max(start, counted) : end]
                    )
                    pieces[scripts[0]] += 1
                    counted = end
        found += _crumbs(letters, pieces, base.name)
    return {k: None if v is None else round(v, 4) for k, v in shares.items()}, found


def _unknown(net: Any, file: Path) -> int | None:
    """The number of the token that stands for what a tokenizer does not know: named, or by its
    number (Unigram, as of T5 and XLM-R); None where it has none.
    """
    word = getattr(net.model, "unk_token", None)
    if isinstance(word, str):
        return cast("int | None", net.token_to_id(word))
    number = json.loads(file.read_bytes()).get("model", {}).get("unk_id")
    return number if isinstance(number, int) else None


def _crumbs(letters: Counter[str], pieces: Counter[str], name: str) -> list[str]:
    found = []
    for script, count in letters.most_common():
        each = count / pieces[script]
        if count < max(LETTERS, PART * letters.total()) or each >= (
            SYLLABLE if script in SYLLABLES else CRUMBS.get(script, OTHER)
        ):
            continue
        known = (
            "it may not know their language" if script in CRUMBS else "it does not know this script"
        )
        found.append(
            f"'{name}' splits words in {script.title()} script into pieces of {each:.1f} letters:"
            f" {known}; use a base that does"
        )
    return found


@lru_cache(maxsize=20_000)
def script_of(letter: str) -> str:
    """The script of a letter by its Unicode name; empty for what is no letter.

    >>> script_of("a"), script_of("ж"), script_of("卡"), script_of("1")
    ('LATIN', 'CYRILLIC', 'CJK', '')
    """
    return unicodedata.name(letter, "").split(" ")[0] if letter.isalpha() else ""
