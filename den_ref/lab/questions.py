"""Twenty-five questions about DEN, in English and Korean; wrong choices are what named mistakes compute.

    from den_ref.lab.questions import questions

    asked = questions()[0]
    print(asked)                 # the question and its choices
    print(asked.mark(2))         # (is it right, what there is to say)

``questions.json`` has the words.  A ``{}`` in a choice is a number of a golden case: what is expected, or what a
mistake of that case leads to; the right choice comes first there, and nowhere else.
"""

import base64
import json
import zlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from den_ref.golden import Case, cases
from den_ref.strict_json import strict_json

WORDS = Path(__file__).with_name("questions.json")
LANGUAGES = ("en", "ko")


@dataclass(frozen=True)
class Question:
    """A question in one language.

    Parameters
    ----------
    id : str
    point : int
        Which point of a seminar talk it is about (docs/deck.md, 1 to 12).
    text : str
    choices : tuple of str
    mistakes : tuple of str or None
        Per choice the named mistake of the golden case that computes it.
    """

    id: str
    point: int
    text: str
    choices: tuple[str, ...]
    mistakes: tuple[str | None, ...] = field(repr=False)
    answer: int = field(repr=False)
    feedback: tuple[str, ...] = field(repr=False)

    def __str__(self) -> str:
        return "\n".join([self.text, *(f"  {i}  {choice}" for i, choice in enumerate(self.choices))])

    def mark(self, choice: int) -> tuple[bool, str]:
        """Whether a choice is right, and what there is to say to it.

        Raises
        ------
        ValueError
            If there is no such choice.
        """
        if isinstance(choice, bool) or choice not in range(len(self.choices)):
            raise ValueError(f"choice: expected one of 0..{len(self.choices) - 1}, got {choice!r}")
        return choice == self.answer, self.feedback[choice]


@cache
def questions(language: str = "en") -> tuple[Question, ...]:
    """All questions, in "en" or "ko"; a ValueError for another language."""
    if language not in LANGUAGES:
        raise ValueError(f"language: expected one of {', '.join(LANGUAGES)}, got {language!r}")
    return tuple(_question(words, language) for words in strict_json(WORDS.read_bytes(), ValueError))


def packed(question: Question, *others: Question) -> str:
    """The answer and the feedback of a question in all its languages, so that nobody reads them by accident."""
    feedback = {language: each.feedback for language, each in zip(LANGUAGES, (question, *others), strict=True)}
    return base64.b64encode(json.dumps({"answer": question.answer, "feedback": feedback}).encode()).decode()


def _question(words: dict, language: str) -> Question:
    case, = cases(words["case"])
    order = sorted(range(len(words["choices"])), key=lambda i: zlib.crc32(f"{words['id']} {i}".encode()))
    choices = [words["choices"][i] for i in order]
    mistakes = tuple(None if choice["from"] == "expected" else choice["from"] for choice in choices)
    return Question(words["id"], words["point"], words["question"][language],
                    tuple(_filled(choice, case, words, language) for choice in choices), mistakes, order.index(0),
                    tuple(choice["feedback"][language] for choice in choices))


def _filled(choice: dict, case: Case, words: dict, language: str) -> str:
    """A choice with its number, if it has one."""
    if choice["from"] is None:
        return choice["text"][language]
    outputs = case.expected if choice["from"] == "expected" else case.wrong[choice["from"]]
    value = np.asarray(outputs[words["field"]])
    found = value if words["index"] is None else value[tuple(words["index"])]
    return choice["text"][language].replace("{}", shown(found))


def shown(value) -> str:
    """A number in four digits, an array as a list of them.

    >>> shown(np.array([[1.0, 2 / 3]])), shown(np.array([])), shown(-0.0)
    ('[1, 0.6667]', '[]', '0')
    """
    numbers = [f"{number + 0.0:.4g}" for number in np.ravel(value).tolist()]
    return f"[{', '.join(numbers)}]" if np.ndim(value) else numbers[0]
