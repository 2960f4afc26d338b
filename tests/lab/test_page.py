"""The lab's page as it is written: whole, small, without network; and the questions, each choice with its say."""

import json
import re

import numpy as np
import pytest

from den_ref.cli import main
from den_ref.golden import cases
from den_ref.lab import MATHEMATICS
from den_ref.lab.page import lab_page, operations_of
from den_ref.lab.questions import LANGUAGES, packed, questions

ROOM = MATHEMATICS.parent
PAGE = lab_page()
#: What the page is, without the texts inside it that are data or program.
MARKUP = re.sub(r"(<(script|style)\b[^>]*>).*?(</\2>)", r"\1\3", PAGE, flags=re.S)


def data(name):
    """What a script element holds; there is no < in it, which could end it."""
    return json.loads(re.search(rf'<script type="application/json" id="{name}">([^<]*)</script>', PAGE)[1])


def test_the_command_writes_it(tmp_path, capsys):
    assert main(["lab", "--out", str(tmp_path / "lab.html")]) == 0
    assert (tmp_path / "lab.html").read_text("utf-8") == PAGE
    assert str(tmp_path / "lab.html") in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["lab.html"]


def test_it_is_one_small_file_that_loads_nothing():
    assert len(PAGE.encode()) <= 1_500_000 and "{{" not in MARKUP
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:)[^"']*""", MARKUP)
    policy = re.search(r'content="(default-src[^"]*)"', PAGE)[1]
    assert policy.startswith("default-src 'none'") and "http" not in policy
    assert not re.findall(r"\b(?:fetch|XMLHttpRequest|importScripts|WebSocket)\b|https?://", PAGE)


def test_the_javascript_is_two_files_of_lines_that_one_reads():
    texts = {path.name: path.read_text("utf-8").splitlines() for path in ROOM.glob("*.js")}
    assert set(texts) == {"mathematics.js", "pictures.js"}
    assert sum(map(len, texts.values())) <= 1500                    # blank lines and comments too
    assert [line for lines in texts.values() for line in lines if len(line) > 120] == []


def test_every_golden_case_of_its_operations_is_in_it():
    asked = {one["id"] for one in data("golden-cases")}
    assert asked == {case.id for case in cases(*operations_of(MATHEMATICS.read_text("utf-8")))} and len(asked) > 250


def test_what_is_said_is_said_in_both_languages():
    for language, other in (("en", "ko"), ("ko", "en")):
        assert len(re.findall(rf'<span lang="{language}">[^<]', MARKUP)) == MARKUP.count(f'<span lang="{other}">') > 40
    english = "".join(re.findall(r'<span lang="en">(.*?)</span>', MARKUP, re.S))
    assert set(re.findall("[가-힣]+", english)) == {"한국어"}           # the button to the other language


def test_texts_name_pictures_not_their_places():
    """On a phone they stand one below the other."""
    paragraphs, place = re.findall("<p>(.*?)</p>", MARKUP, re.S), r"(?i)\bon the (left|right)|\bmiddle\b|\b(left|right),|왼쪽|오른쪽"
    assert len(paragraphs) > 8 and not [text for text in paragraphs if re.search(place, text)]
    assert re.search(place, "Left, the soft threshold") and re.search(place, "왼쪽은 소프트 임곗값")


# --- questions ---------------------------------------------------------------------------------------------------


def test_twenty_five_questions_over_all_points_of_the_talk():
    assert len(questions()) == len({one.id for one in questions()}) == 25
    assert {one.point for one in questions()} == set(range(1, 13))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_is_another_one_and_has_its_say(language):
    for one in questions(language):
        assert len(set(one.choices)) == len(one.choices) == len(set(one.feedback)) >= 3 and all(one.feedback)
        assert any(mistake for i, mistake in enumerate(one.mistakes) if i != one.answer)
        assert one.mistakes[one.answer] is None
        assert [one.mark(i)[0] for i in range(len(one.choices))].count(True) == 1
    assert all("{}" not in choice for one in questions(language) for choice in one.choices)


def test_both_languages_ask_the_same():
    for english, korean in zip(*map(questions, LANGUAGES), strict=True):
        assert (english.id, english.answer, english.mistakes) == (korean.id, korean.answer, korean.mistakes)
        assert re.search("[가-힣]", korean.text) and not re.search("[가-힣]", english.text + "".join(english.feedback))


def test_numbers_are_those_of_the_golden_values():
    one = next(one for one in questions() if one.id == "threshold")
    assert sorted(one.choices) == ["1", "2", "3"] and one.choices[one.answer] == "2"
    assert one.mistakes[one.choices.index("1")] == "threshold-not-scaled"


def test_answers_at_random_are_right_one_time_in_the_number_of_choices():
    rng, rounds = np.random.default_rng(0), 400
    right = sum(one.mark(int(rng.integers(len(one.choices))))[0] for one in questions() for _ in range(rounds))
    expected = sum(1 / len(one.choices) for one in questions())
    assert abs(right / rounds - expected) < 0.5 and 8 <= expected <= 8.4
    for i in range(3):                                             # nor does always the same letter do better
        assert 5 <= sum(one.mark(i)[0] for one in questions()) <= 12


def test_answers_do_not_stand_in_the_page():
    for english, korean, shown in zip(*map(questions, LANGUAGES), data("questions-data"), strict=True):
        assert shown["packed"] == packed(english, korean) and set(shown) == {"id", "packed", *LANGUAGES}
        assert set(shown["en"]) == {"question", "choices"}
        assert not [said for said in (*english.feedback, *korean.feedback) if said in PAGE]


@pytest.mark.parametrize("choice", [-1, 3, True, "0", None])
def test_a_choice_that_is_none_is_refused(choice):
    with pytest.raises(ValueError, match="choice: expected one of 0..2, got"):
        questions()[0].mark(choice)


def test_another_language_is_refused():
    with pytest.raises(ValueError, match="language: expected one of en, ko, got 'de'"):
        questions("de")
