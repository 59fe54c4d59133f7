"""Tags in texts of any script: a word, a character or a part has one; positions of entities are
read exactly or left out; a token of several characters gives each its own tag.
"""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.core.errors import ConfigValueError
from mesocosm.data.types.labels.tags import spans_of
from mesocosm.learning.arrays import Floats
from mesocosm.learning.tasks.tagging.parts import (
    PartTokens,
    choose_cut,
    find_places,
    find_tokens,
    read_tags,
    score_spans,
)
from mesocosm.learning.tasks.tagging.tag_head import fit
from mesocosm.learning.tasks.tagging.tag_head.fit import TaggedStates, fit_head
from mesocosm.learning.tasks.tagging.tag_head.head import TagHead, read_head
from mesocosm.learning.tasks.tagging.tag_head.letters import collect_spans, list_features
from mesocosm.learning.tasks.tagging.tagged_texts import split_tagged
from mesocosm.learning.tasks.tagging.task import Tagging
from mesocosm.learning.tasks.tagging.words import allowed_transitions, decode_viterbi, extract_spans

KINDS = '["公司", "地点"]'


@pytest.mark.parametrize(
    ("text", "value", "cut"),
    [
        ("we met in Rome.", "O O O B-A", "words"),
        ("we met in Rome.", "O O O B-A O", "parts"),
        ("在南京", "O B-A I-A", "parts"),
        ("在 南京 开会", "O B-A O", "words"),
        ("买2024款iPhone", "O B-A I-A I-A I-A O B-A I-A I-A I-A I-A I-A", "characters"),
        ("买2024款iPhone", "O B-A O B-A", "parts"),
        ("ใน กรุง", "O B-A", "words"),
        ("我", '[{"start": 0, "end": 1, "label": "A"}]', "parts"),
        ("Rome", '[{"start": 0, "end": 4, "label": "A"}]', "parts"),
        ("a b", "O", "words"),
    ],
)
def test_the_rows_say_what_has_a_tag(text: str, value: str, cut: str) -> None:
    assert choose_cut([text, None, text], [value, "O", None]) == cut


@given(st.text("在南京iP 15，.บัตร-", min_size=1, max_size=20), st.data())
def test_positions_come_back_from_tags_exactly(text: str, data: st.DataObject) -> None:
    places = find_places("parts", text)
    if not places:
        return
    first = data.draw(st.integers(0, len(places) - 1))
    last = data.draw(st.integers(first, len(places) - 1))
    span = {"start": places[first][0], "end": places[last][1], "label": "地点"}
    tags = read_tags(json.dumps([span]), text, "parts")
    assert tags is not None
    assert [(places[a][0], places[b - 1][1], k) for a, b, k in extract_spans(tags)] == [
        (span["start"], span["end"], "地点")
    ]


@pytest.mark.parametrize(
    "span",
    [
        {"start": 1, "end": 9},  # past the end
        {"start": 4, "end": 6},  # begins within a word
        {"start": 3, "end": 4},  # ends within one
        {"start": 1, "end": 3, "text": "北京"},  # holds another text
    ],
)
def test_a_position_that_does_not_fit_is_no_tag(span: dict[str, object]) -> None:
    assert read_tags(json.dumps([{**span, "label": "地点"}]), "在南京iPad", "parts") is None


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (
            '[{"start":2,"end":4,"label":"地点"},{"start":0,"end":2,"label":"公司"}]',
            [(0, 2), (2, 4)],
        ),
        ('[{"start":0,"end":2,"kind":"公司","probability":0.9,"text":"昱川"}]', [(0, 2)]),
        ("[]", []),
        ('[{"start":0,"end":2,"label":"人物"}]', None),
        ('[{"start":0,"end":3,"label":"地点"},{"start":2,"end":4,"label":"公司"}]', None),
        ('[{"start":"0","end":2,"label":"地点"}]', None),
        ('[{"start":true,"end":2,"label":"地点"}]', None),
        ('[{"start":0,"end":2.0,"label":"地点"}]', None),
        ('[{"start":-1,"end":2,"label":"地点"}]', None),
        ('{"start":0,"end":2,"label":"地点"}', None),
        ("[0, 2]", None),
        ("[" * 3000, None),
    ],
)
def test_positions_are_read_exactly_or_refused(
    raw: str, read: list[tuple[int, int]] | None
) -> None:
    found = spans_of(raw, KINDS)
    assert (found and [(s["start"], s["end"]) for s in json.loads(found)]) == (
        read if found else None
    )
    assert (found is None) == (read is None)


def test_parts_inside_of_a_token_know_it_and_the_spaces_before_one_are_left_out() -> None:
    text = "在南京 New York"
    offsets = [(0, 0), (0, 1), (1, 3), (3, 7), (7, 12), (0, 0)]
    assert find_tokens(text, "parts", offsets) == PartTokens(
        [1, 2, 2, 3, 4], [False, False, True, False, False]
    )
    assert find_tokens("in New York", "words", [(0, 2), (2, 6), (6, 11)]).tokens == [0, 1, 2]
    assert find_tokens(text, "characters", offsets[:3]).tokens == [1, 2, 2, *[-1] * 7]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 100))
def test_a_token_of_two_characters_gives_each_its_own_tag(seed: int) -> None:
    rng = np.random.default_rng(seed)
    states = [rng.normal(size=(3, 8)) for _ in range(40)]
    for state in states:
        state[1, 0] = 5.0  # the token of two characters
        state[[0, 2], 0] = -5.0
    parts = [PartTokens([0, 1, 1, 2], [False, False, True, False])] * 40
    tags = [["O", "B-A", "I-A", "O"]] * 40
    words = [["在", "南", "京", "市"]] * 40
    head = fit_head(TaggedStates(states, parts, words, tags, True), ["O", "B-A", "I-A"], None)
    assert head.is_wide and head.weights.shape == (32, 3) and head.own_weights.shape == (8, 3)
    scores = head.score(states[0], parts[0], words[0])
    assert _decode(head, scores) == [0, 1, 2, 0]
    again = read_head(head.tensors(), ["O", "B-A", "I-A"], 8)
    assert np.array_equal(again.score(states[0], parts[0], words[0]), scores)


def _decode(head: TagHead, scores: Floats) -> list[int]:
    may = allowed_transitions(["O", "B-A", "I-A"])
    return decode_viterbi(scores, may, head.transitions).tolist()


def test_a_known_span_is_found_in_texts_of_other_groups_and_no_text_is_kept() -> None:
    words, tags = [["in", "New", "York"], ["at", "Rome"]], [["O", "B-A", "I-A"], ["O", "B-A"]]
    known = collect_spans(["A"], words, tags, [0, 1])
    assert known.find(["new", "york", "and", "ROME"]) == [(0, 2, (0,)), (3, 4, (0,))]
    assert known.find(["new", "york", "and", "rome"], 0) == [(3, 4, (0,))]
    assert known.tensors()["known"].shape == (2,) and known.tensors()["longest"].tolist() == [2]
    rows = list_features(["new", "york", "is"], known)
    assert (rows < known.rows).sum(1).tolist() == [1, 1, 1]  # first, last, after
    assert list_features([], known).shape == (0, 0)


def test_letters_tell_apart_what_states_cannot() -> None:
    rng = np.random.default_rng(3)
    texts = [["in", name] for name in ("Rome", "rome", "Oslo", "oslo") for _ in range(10)]
    tags = [["O", "B-A" if words[1][0].isupper() else "O"] for words in texts]
    states = [rng.normal(size=(2, 4)) for _ in texts]
    parts = [PartTokens([0, 1], [False, False])] * len(texts)
    head = fit_head(TaggedStates(states, parts, texts, tags), ["O", "B-A"], None)
    scores = head.score(np.zeros((2, 4)), parts[0], ["in", "Bonn"])
    assert scores[1].argmax() == 1
    scores = head.score(np.zeros((2, 4)), parts[0], ["in", "bonn"])
    assert scores[1].argmax() == 0


def test_a_head_of_an_earlier_release_is_read_as_it_was() -> None:
    weights, bias = np.eye(3, dtype=np.float32), np.zeros(3, np.float32)
    head = read_head({"weights": weights, "bias": bias}, ["O", "B-A", "I-A"], 3)
    states = np.array([[0.1, 2.0, 0.3], [3.0, 0.0, 1.0]])
    parts = PartTokens([1, 0, -1], [False] * 3)
    scores = head.score(states, parts, ["a", "b", "c"])
    assert np.array_equal(scores[:2], states[[1, 0]]) and scores[2].argmax() == 0
    assert not head.is_wide


def test_rows_that_do_not_fit_are_counted_and_none_left_is_a_sentence() -> None:
    span = '[{"start": 1, "end": 3, "label": "地点"}]'
    rows = {"t": ["在南京", "在南京", "在iPad", None], "y": [span, span, span, span]}
    data = split_tagged("t", "y", rows, ["train", "test", "train", "train"])
    assert data.cut == "parts" and data.mismatched == 1
    assert data.tags["train"] == [["O", "B-地点", "I-地点"]]
    with pytest.raises(ConfigValueError, match="as words or characters"):
        split_tagged("t", "y", {"t": ["在iPad"], "y": [span]}, ["train"])


def test_feedback_of_positions_is_scored_by_whole_entities() -> None:
    truth = '[{"start": 0, "end": 2, "label": "A"}, {"start": 3, "end": 4, "label": "B"}]'
    ours = [{"start": 0, "end": 2, "kind": "A"}, {"start": 3, "end": 5, "kind": "B"}]
    assert Tagging().score(None, {"text": "", "spans": ours}, truth) == 0.5  # type: ignore[arg-type]
    assert score_spans([], "[]") == 1.0 and score_spans(None, truth) == 0.0


def test_texts_without_parts_and_batches_of_other_sizes_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    texts = [["in", "Rome"] * (1 + i % 3) for i in range(30)]
    tags = [["O", "B-A"] * (1 + i % 3) for i in range(30)]
    states = [rng.normal(size=(len(words), 4)) for words in texts]
    parts = [PartTokens(list(range(len(words))), [False] * len(words)) for words in texts]
    kinds = ["O", "B-A"]
    whole = fit_head(TaggedStates(states, parts, texts, tags), kinds, None)
    monkeypatch.setattr(fit, "MOST_STEPS", 50)
    more = TaggedStates(
        [*states, rng.normal(size=(2, 4)), rng.normal(size=(1, 4))],
        [*parts, PartTokens([], []), PartTokens([-1], [False])],
        [*texts, [], ["cut"]],
        [*tags, [], ["O"]],
    )
    again = fit_head(more, kinds, None)
    for row in range(3):
        scores = whole.score(states[row], parts[row], texts[row])
        assert np.allclose(again.score(states[row], parts[row], texts[row]), scores, atol=0.2)
        assert scores.argmax(1).tolist() == [0, 1] * (1 + row % 3)
