"""The tokenizer of E5: pieces and normalization of XLM-R, and the prefix that E5 was trained on.

Knows tokenizers' Unigram. Knows nothing of weights. Source: Kudo 2018, arXiv 1804.10959 (Unigram).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import normalize

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from tokenizers.normalizers import Normalizer

PREFIX = "query:"  # the tokenizer puts it before every text, in training as in serving
NO_TEXT, MAX_KEPT = 0xFDD0, 32  # code points that no text has, and how many there are


@dataclass(frozen=True)
class Vocabulary:
    """The pieces with their log probabilities, and what each code point is replaced by."""

    pieces: list[str]
    scores: list[float]
    bos: int
    eos: int
    pad: int
    unknown: int
    replacements: dict[int, tuple[int, ...]]


def build_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """The tokenizer of XLM-R with E5's prefix before each text.

    Control characters are dropped or read as spaces, as the file says; the other replacements are
    those of NFKC.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    pieces, unknown = vocabulary.pieces, vocabulary.unknown
    scored = list(zip(_normalize_pieces(vocabulary), vocabulary.scores, strict=True))
    tokenizer = Tokenizer(models.Unigram(scored, unknown, False))
    tokenizer.normalizer = _build_normalizer(vocabulary)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    bos, eos = pieces[vocabulary.bos], pieces[vocabulary.eos]
    prefix = tokenizer.encode(PREFIX)
    template = f"{bos} prefix $A {eos}"
    tokenizer.post_processor = processors.TemplateProcessing(
        single=template,
        pair=f"{template} $B {eos}",
        special_tokens=[
            (bos, vocabulary.bos),
            {"id": "prefix", "ids": prefix.ids, "tokens": prefix.tokens},
            (eos, vocabulary.eos),
        ],
    )
    special = [bos, pieces[vocabulary.pad], eos, pieces[unknown], pieces[-1]]
    tokenizer.add_special_tokens([AddedToken(piece, normalized=False) for piece in special])
    return tokenizer


def _build_normalizer(vocabulary: Vocabulary) -> Normalizer:
    """Control characters dropped or read as spaces, then NFKC without the characters that the file
    keeps, such as the wide tilde: each steps aside as one that stands for no text.
    """
    from tokenizers import Regex
    from tokenizers.normalizers import NFKC, Replace, Sequence

    replacements = vocabulary.replacements
    dropped = [point for point, to in replacements.items() if not to]
    spaces = [point for point, to in replacements.items() if to == (32,)]
    kept = _kept_characters(vocabulary)
    steps: list[Normalizer] = []
    if dropped:
        steps.append(Replace(Regex(_character_class(dropped)), ""))
    if spaces:
        steps.append(Replace(Regex(_character_class(spaces)), " "))
    steps += [Replace(character, chr(NO_TEXT + i)) for i, character in enumerate(kept)]
    steps.append(NFKC())
    steps += [Replace(chr(NO_TEXT + i), character) for i, character in enumerate(kept)]
    return Sequence([*steps, Replace(Regex(" {2,}"), " ")])


def _kept_characters(vocabulary: Vocabulary) -> list[str]:
    """The pieces of one character that NFKC would change and the file does not."""
    single = (piece for piece in vocabulary.pieces if len(piece) == 1)
    unlisted = (piece for piece in single if ord(piece) not in vocabulary.replacements)
    return [piece for piece in unlisted if normalize("NFKC", piece) != piece][:MAX_KEPT]


def _normalize_pieces(vocabulary: Vocabulary) -> list[str]:
    """The pieces as texts are read: marks in the order of NFKC, which the file's are not always."""
    kept, known = _kept_characters(vocabulary), set(vocabulary.pieces)
    pieces = []
    for piece in vocabulary.pieces:
        ordered = normalize("NFKC", piece)
        if ordered in known or any(character in piece for character in kept):
            ordered = piece
        pieces.append(ordered)
    return pieces


def _character_class(points: list[int]) -> str:
    """A regular expression of one of these code points."""
    return "[" + "".join(f"\\x{{{point:X}}}" for point in points) + "]"
