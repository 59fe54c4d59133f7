"""Presidio's recognizers over the generated sentences, for `govern.py` to print beside ours.

    python presidio_find.py COUNT

Its pattern recognizers with a blank spaCy, since the models that it finds names with are downloads;
so names and addresses are counted apart.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
KINDS = {
    "EMAIL_ADDRESS": "e-mail",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "US_SSN": "national id",
    "PERSON": "name",
    "LOCATION": "address",
}


def finder() -> Any:
    """A function from a text to (start, end, kind)."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # no network
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": spacy.blank("en")}
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    analyzer = AnalyzerEngine(nlp_engine=engine, registry=registry, supported_languages=["en"])

    def find(text: str) -> list[tuple[int, int, str]]:
        found: list[tuple[int, int, str]] = []
        for one in sorted(
            analyzer.analyze(text, language="en", entities=list(KINDS)), key=lambda r: -r.score
        ):
            if all(one.end <= s or e <= one.start for s, e, _ in found):
                found.append((one.start, one.end, KINDS[one.entity_type]))
        return found

    return find


def main(count: int) -> None:
    """Recall, precision and texts a second, as JSON."""
    from sentences import score

    find = finder()
    began = time.perf_counter()
    got = score(count, find=find)
    print(json.dumps(got | {"texts_per_s": round(count / (time.perf_counter() - began))}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
