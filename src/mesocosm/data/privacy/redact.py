"""Redaction: a text without the private values in it. Knows Ibis columns; the detector finds
them.
"""

from __future__ import annotations

import json
import re
from typing import Literal

from pydantic import Field, field_validator

from mesocosm.core.messages import Message
from mesocosm.data.pipeline.ibis_sql import Column, functions, literal
from mesocosm.data.privacy.private_kind import PrivateKind


class Redact(PrivateKind):
    """Put the kind of each private value in a text into its place: `call [phone]`.

    Names, e-mail, phone, birth dates, national ids with their check digits, passports, plates,
    cards, IBAN, crypto addresses, addresses and IP, in English, German, French, Spanish, Italian,
    Dutch, Polish, Chinese, Japanese and Korean; what the detector does not find stays.

    Args:
        patterns: own kinds of private values, each with a regular expression.
        lists: own kinds of private values, each with its words, in any case.
        never: texts that are not private, in any case, such as the name of the firm.
        min_score: the least score, 0 to 1, of a finding that is hidden: check digits 0.95, a word
            before it 0.85 to 0.9, a form 0.8 to 0.9, a common given name alone 0.6.

    Source: ISO/IEC 20889:2018, 8.3 (masking), for free text.

    >>> Redact().method
    'redact'
    """

    method: Literal["redact"] = "redact"
    patterns: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    never: tuple[str, ...] = ()
    min_score: float = Field(0.0, ge=0, le=1)

    @field_validator("patterns")
    @classmethod
    def _compiles(cls, value: dict[str, str]) -> dict[str, str]:
        from mesocosm.data.privacy.peoples.own_values import LONGEST_PATTERN, may_not_end

        for kind, form in value.items():
            try:
                empty = re.compile(form).search("")
            except re.error as error:
                found = Message("config.no_expression", kind=kind, why=str(error))
                raise ValueError(found) from None
            if empty or len(form) > LONGEST_PATTERN or may_not_end(form):
                raise ValueError(Message("config.slow_expression", kind=kind, most=LONGEST_PATTERN))
        return value

    @field_validator("lists")
    @classmethod
    def _words(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for kind, words in value.items():
            if not words or not all(word.strip() for word in words):
                raise ValueError(Message("config.empty_list", kind=kind))
        return value

    def value(self, x: Column, key: str) -> Column:
        """The text with each private value as its kind in brackets, null for null."""
        del key
        if not (self.patterns or self.lists or self.never or self.min_score):
            return functions()["redacted"](x.cast("string"))
        own = {
            "patterns": self.patterns,
            "lists": self.lists,
            "never": self.never,
            "min_score": self.min_score,
        }
        return functions()["redacted_by"](
            x.cast("string"), literal(json.dumps(own, ensure_ascii=False, sort_keys=False))
        )
