"""The words of a question in any script, without what links a Chinese one to the one before. Knows
texts only.
"""

from __future__ import annotations

import re

from mesocosm.core.values.words import has_unspaced, segment

_LINKING = re.compile("^(?:那么?|还有|然后|另外|以及|和|请问|，|,)+")
_PARTICLES = re.compile(r"(?:呢|吗|吧|呀|啊|么|\W)+$")
# what asks nothing new, as "and how long?" does
_FILLERS = re.compile(
    "(?:那么?|然后|要|需要|得|多久|多长时间|多长|多少|钱|几天|几|天|什么时候|什么|时候|怎么办|怎么|怎样|为什么"
    "|哪里|哪儿|会|能|可以|是|的|了|我|你们?|它|这个|这|具体|大概|大约|一般|再|说|一下|一遍|详细|点|等|办|呢|吗|吧|呀"
    r"|啊|么|\W)+"
)


def split_question(question: str) -> list[str]:
    """The words of a question as they were written.

    >>> split_question("and my PIN?"), split_question("那手机号呢？")[-1][-1]
    (['and', 'my', 'PIN'], '号')
    """
    if not has_unspaced(question):
        return re.findall(r"[^\s?!.]+", question)
    bare = _PARTICLES.sub("", _LINKING.sub("", question.strip()))
    return [word for word in segment(bare) if re.search(r"\w", word)]


def is_filler(question: str) -> bool:
    """Whether a question of a script without spaces has only words that ask nothing new.

    >>> is_filler("那要多久呢？"), is_filler("那我的狗呢？")
    (True, False)
    """
    return _FILLERS.fullmatch(question.strip()) is not None
