"""Search of the site in English and in Chinese. Chinese has no spaces between words, so a run of
it is indexed as its pairs of neighbouring characters and as single ones; a query is split into
pairs, and a page that is found for a Chinese query holds all of them.
"""

from __future__ import annotations

import re
from itertools import pairwise

from sphinx.search.en import SearchEnglish

RUN = re.compile("[\u3400-\u9fff]+")


class SearchBoth(SearchEnglish):
    """English words by their stem, Chinese by pairs of characters.

    Source: Nie and Ren 1999, Information Processing and Management 35 (bigrams as index units).
    """

    lang = "en-zh"
    js_splitter_code = r"""
var splitQuery = (query) =>
  query
    .replace(/[\u3400-\u9fff]+/g, (run) =>
      run.length < 2
        ? ` ${run} `
        : ` ${[...run].slice(1).map((last, at) => run[at] + last).join(" ")} `,
    )
    .split(/[^\p{Letter}\p{Number}_\p{Emoji_Presentation}]+/gu)
    .filter((term) => term);
"""

    def split(self, input: str) -> list[str]:
        """The words to index of a text."""
        return self._word_re.findall(RUN.sub(lambda run: f" {index_run(run[0])} ", input))


def index_run(run: str) -> str:
    """The characters of a run of Chinese, and its pairs of neighbours.

    >>> index_run("概念漂移")
    '概 念 漂 移 概念 念漂 漂移'
    """
    return " ".join([*run, *(first + second for first, second in pairwise(run))])
