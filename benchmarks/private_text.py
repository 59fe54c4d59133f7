"""Private values found in ten languages: recall and precision by kind and by language.

The templates are our own, Faker fills in the values; those told of are never the ones developed on.
"""

from __future__ import annotations

import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

LOCALES = {
    "en": "en_GB",
    "de": "de_DE",
    "fr": "fr_FR",
    "es": "es_ES",
    "it": "it_IT",
    "nl": "nl_NL",
    "pl": "pl_PL",
    "zh": "zh_CN",
    "ja": "ja_JP",
    "ko": "ko_KR",
}
KINDS = {
    "email": "e-mail",
    "id": "national id",
    "passport": "national id",
    "born": "birth date",
    "crypto": "crypto address",
}
FRAMES = Path(__file__).parent / "private"
Mark = tuple[int, int, str]
DAYS = {"de": "%d.%m.%Y", "pl": "%d.%m.%Y", "nl": "%d-%m-%Y", "zh": "%Y年%m月%d日"}
DAYS |= {"ja": "%Y年%m月%d日", "ko": "%Y년 %m월 %d일"}
PLATE_FORMS = {"zh": "京A?####", "ja": "品川 3## さ ##-##", "ko": "12가 ####", "pl": "W? #####"}


class Values:
    """What stands in the places of the templates of a language."""

    def __init__(self, language: str, seed: int) -> None:
        from faker import Faker

        self.language = language
        self.fake = Faker(LOCALES[language])
        self.fake.seed_instance(seed)
        self.random = random.Random(seed)

    def __call__(self, what: str) -> str:
        own: Callable[[], str] | None = getattr(self, f"_{what}", None)
        return own() if own else str(getattr(self.fake, CALLS[what])()).replace("\n", ", ")

    def _name(self) -> str:
        first, last = self.fake.first_name(), self.fake.last_name()
        if self.language in ("zh", "ko"):
            return f"{last}{first}"
        return f"{last} {first}" if self.language == "ja" else f"{first} {last}"

    def _address(self) -> str:
        text = str(self.fake.address()).replace("\n", ", ")
        return text.split(" ")[0] if self.language == "zh" else text

    def _born(self) -> str:
        day = self.fake.date_of_birth(minimum_age=18, maximum_age=90)
        return str(day.strftime(DAYS.get(self.language, "%d/%m/%Y")))

    def _passport(self) -> str:
        return str(self.fake.bothify("?########", letters="ABCDEGHJKLMNPRSTUVWXY"))

    def _plate(self) -> str:
        form = PLATE_FORMS.get(self.language)
        if form:
            return str(self.fake.bothify(form, letters="ABCDEFGH"))
        return str(self.fake.license_plate())

    def _id(self) -> str:
        if self.language == "de":
            return close_tax_id([self.random.randint(1, 9), *self._digits(9)])
        if self.language == "ja":
            return close_my_number(self._digits(11))
        calls = {"es": "nif", "pl": "pesel"}
        return str(getattr(self.fake, calls.get(self.language, "ssn"))())

    def _crypto(self) -> str:
        return "0x" + "".join(self.random.choice("0123456789abcdef") for _ in range(40))

    def _digits(self, count: int) -> list[int]:
        return [self.random.randint(0, 9) for _ in range(count)]


CALLS = {
    "email": "ascii_email",
    "phone": "phone_number",
    "card": "credit_card_number",
    "iban": "iban",
    "ip": "ipv4",
}


def close_tax_id(digits: Sequence[int]) -> str:
    """A German tax number with its check digit (ISO 7064 mod 11,10)."""
    product = 10
    for digit in digits:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return "".join(map(str, digits)) + str((11 - product) % 10)


def close_my_number(digits: Sequence[int]) -> str:
    """A Japanese individual number with its check digit."""
    total = sum(d * (n + 1 if n <= 6 else n - 5) for n, d in enumerate(reversed(digits), 1))
    rest = total % 11
    return "".join(map(str, digits)) + str(0 if rest <= 1 else 11 - rest)


def read_frames(name: str) -> dict[str, list[str]]:
    """The templates of a file by language."""
    found: dict[str, list[str]] = {}
    for line in (FRAMES / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        language, text = line.split("\t")
        found.setdefault(language, []).append(text.replace("\\n", "\n"))
    return found


def make_sentences(name: str, count: int, seed: int = 5) -> Iterator[tuple[str, str, list[Mark]]]:
    """So many sentences by a file's templates, over its languages in turn, with their marks."""
    frames = read_frames(name)
    makers = {language: Values(language, seed) for language in frames}
    rng = random.Random(seed)
    for n in range(count):
        language = list(frames)[n % len(frames)]
        frame = rng.choice(frames[language])
        yield (language, *fill(frame, makers[language]))


def fill(frame: str, make: Callable[[str], str]) -> tuple[str, list[Mark]]:
    """A template with its values, and where they stand."""
    text, marks, at = "", [], 0
    for match in re.finditer(r"\{(\w+)\}", frame):
        text += frame[at : match.start()]
        value = make(match[1])
        marks.append((len(text), len(text) + len(value), KINDS.get(match[1], match[1])))
        text, at = text + value, match.end()
    return text + frame[at:], marks


def fits(got: Mark, want: Mark) -> bool:
    """Whether a finding is of a value's kind and covers nine tenths of it, and little else."""
    shared = min(got[1], want[1]) - max(got[0], want[0])
    size = want[1] - want[0]
    return got[2] == want[2] and shared >= 0.9 * size and got[1] - got[0] <= size * 1.15 + 2


def covers(got: Mark, wants: Sequence[Mark]) -> bool:
    """Whether a finding is a value or a part of one; an address is often found in parts."""
    return any(
        got[2] == w[2] and min(got[1], w[1]) - max(got[0], w[0]) >= 0.8 * (got[1] - got[0])
        for w in wants
    )


def measure(
    name: str, count: int, show: bool = False
) -> tuple[Counter[tuple[str, str, str]], float]:
    """Counts by language, kind and `true`, `hit`, `said` or `right`, and sentences a second."""
    from mesocosm.data.privacy.detector import find_spans

    tally: Counter[tuple[str, str, str]] = Counter()
    spent = 0.0
    for language, text, marks in make_sentences(name, count):
        start = time.process_time()
        got = [(s.start, s.end, s.what) for s in find_spans(text)]
        spent += time.process_time() - start
        for want in marks:
            hit = any(fits(g, want) for g in got)
            tally[language, want[2], "true"] += 1
            tally[language, want[2], "hit"] += hit
            if show and not hit:
                print("missed", language, want[2], repr(text[want[0] : want[1]]), "|", text)
        for g in got:
            right = covers(g, marks)
            tally[language, g[2], "said"] += 1
            tally[language, g[2], "right"] += right
            if show and not right:
                print("false", language, g[2], repr(text[g[0] : g[1]]), "|", text)
    return tally, count / spent


def share(
    tally: Counter[tuple[str, str, str]], over: tuple[str, str], place: int = -1, of: str = ""
) -> float:
    """The share of one count in another, of one language (place 0), kind (1) or all."""
    part, whole = (
        sum(n for key, n in tally.items() if key[2] == side and (place < 0 or key[place] == of))
        for side in over
    )
    return part / whole if whole else float("nan")


RECALL, PRECISION = ("hit", "true"), ("right", "said")


def main() -> None:
    name = "development" if "--development" in sys.argv else "held_out"
    tally, speed = measure(name, 3000, "--show" in sys.argv)
    languages = list(LOCALES)
    kinds = sorted({key[1] for key in tally})
    print(f"{'recall':<16}" + "".join(f"{language:>6}" for language in languages))
    for kind in kinds:
        parts = [Counter({k: n for k, n in tally.items() if k[:2] == (x, kind)}) for x in languages]
        print(f"{kind:<16}" + "".join(f"{share(part, RECALL):>6.2f}" for part in parts))
    for label, over, target in (("recall", RECALL, 0.95), ("precision", PRECISION, 0.9)):
        for language in languages:
            tell(f"private-{label}-{language}", share(tally, over, 0, language), target)
        tell(f"private-{label}", share(tally, over), target)
    print(f"private-sentences-per-cpu-second {speed:.0f}")


def tell(name: str, figure: float, target: float) -> None:
    print(f"{name} {figure:.3f} {target} {'met' if figure >= target else 'missed'}")


if __name__ == "__main__":
    main()
